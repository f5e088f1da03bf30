/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The kinds of values that options take. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/options.h"

static bool fail(struct llmp_cmd_wants *wants, const char *text) {
    snprintf(wants->text, sizeof wants->text, "%s", text);
    return false;
}

/* A whole number and nothing else: strtoull() alone would take " 1", "-1" and "1x". */
static bool whole_number(const char *text, int base, unsigned long long max, unsigned long long *number) {
    char *end;
    if (!isxdigit((unsigned char)text[0])) {
        return false;
    }
    errno = 0;
    *number = strtoull(text, &end, base);
    return errno == 0 && *end == '\0' && end != text && *number <= max;
}

bool llmp_cmd_parse_text(const char *text, void *value, struct llmp_cmd_wants *wants) {
    *(const char **)value = text;
    return text[0] != '\0' || fail(wants, "something to go by: it is empty");
}

bool llmp_cmd_parse_any_port(const char *text, void *value, struct llmp_cmd_wants *wants) {
    unsigned long long number;
    if (!whole_number(text, 10, UINT16_MAX, &number)) {
        return fail(wants, "a port: a number from 0 to 65535, where 0 picks a free one");
    }
    *(uint16_t *)value = (uint16_t)number;
    return true;
}

bool llmp_cmd_parse_port(const char *text, void *value, struct llmp_cmd_wants *wants) {
    bool fits = llmp_cmd_parse_any_port(text, value, wants) && *(uint16_t *)value != 0;
    return fits || fail(wants, "a port: a number from 1 to 65535, the one that 'llmp broker' printed");
}

bool llmp_cmd_parse_tag(const char *text, void *value, struct llmp_cmd_wants *wants) {
    bool hex = strncmp(text, "0x", 2) == 0;
    unsigned long long number;
    if (!whole_number(hex ? text + 2 : text, hex ? 16 : 10, UINT32_MAX, &number)) {
        return fail(wants, "a tag: a number from 0 to 4294967295, or 0x and hexadecimal digits");
    }
    *(uint32_t *)value = (uint32_t)number;
    return true;
}

bool llmp_cmd_parse_count(const char *text, void *value, struct llmp_cmd_wants *wants) {
    unsigned long long number;
    if (!whole_number(text, 10, UINT32_MAX - 1, &number) || number == 0) {
        return fail(wants, "a number from 1 to 4294967294");
    }
    *(uint32_t *)value = (uint32_t)number;
    return true;
}

bool llmp_cmd_parse_history(const char *text, void *value, struct llmp_cmd_wants *wants) {
    if (strcmp(text, "all") == 0) {
        *(uint32_t *)value = LLMP_HISTORY_ALL;
        return true;
    }
    bool fits = llmp_cmd_parse_count(text, value, wants) && *(uint32_t *)value >= 2;
    return fits || fail(wants, "a number of pages, 2 or more, or 'all'");
}

bool llmp_cmd_parse_seconds(const char *text, void *value, struct llmp_cmd_wants *wants) {
    char *end;
    double seconds = strtod(text, &end);
    bool plain = strspn(text, "0123456789.") == strlen(text); /* not "inf", "nan", "1e9", "0x1" */
    if (!plain || end == text || *end != '\0' || seconds < 1e-9 || seconds > 1e9) {
        return fail(wants, "a number of seconds above 0, such as 2 or 0.5");
    }
    *(int64_t *)value = (int64_t)(seconds * 1e9);
    return true;
}

/* ------------------------------------------------------------------ providers */

static void list_shared_providers(struct llmp_cmd_wants *wants) {
    const llmp_shmem_provider *provider;
    for (size_t i = 0; (provider = llmp_shmem_provider_at(i)); i++) {
        size_t used = strlen(wants->text);
        if (llmp_shmem_provider_scope(provider) == LLMP_SCOPE_SYSTEM) {
            snprintf(wants->text + used, sizeof wants->text - used, " %s", llmp_shmem_provider_name(provider));
        }
    }
}

bool llmp_cmd_parse_provider(const char *text, void *value, struct llmp_cmd_wants *wants) {
    const llmp_shmem_provider *provider = llmp_shmem_provider_find(text);
    if (provider && llmp_shmem_provider_scope(provider) == LLMP_SCOPE_SYSTEM) {
        *(const llmp_shmem_provider **)value = provider;
        return true;
    }
    fail(wants, provider ? "a provider for clients that come by TCP: nobody but the process that made a map, and its "
                           "children, can open it. These are:"
                         : "a provider that can be used here. These are:");
    list_shared_providers(wants);
    return false;
}
