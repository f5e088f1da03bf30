/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Parsers of option values. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/options.h"

static bool reject(struct llmp_cmd_expected *expected, const char *text) {
    snprintf(expected->text, sizeof expected->text, "%s", text);
    return false;
}

/* Accepts digits only: strtoull() alone accepts " 1", "-1" and "1x". */
static bool parse_number(const char *text, int base, unsigned long long max, unsigned long long *number) {
    char *end;
    if (isxdigit((unsigned char)text[0]) == 0) {
        return false;
    }
    errno = 0;
    *number = strtoull(text, &end, base);
    return errno == 0 && *end == '\0' && end != text && *number <= max;
}

bool llmp_cmd_parse_text(const char *text, void *value, struct llmp_cmd_expected *expected) {
    *(const char **)value = text;
    return text[0] != '\0' || reject(expected, "an address or a host name");
}

bool llmp_cmd_parse_any_port(const char *text, void *value, struct llmp_cmd_expected *expected) {
    unsigned long long number;
    if (!parse_number(text, 10, UINT16_MAX, &number)) {
        return reject(expected, "a port: a number from 0 to 65535, where 0 picks a free one");
    }
    *(uint16_t *)value = (uint16_t)number;
    return true;
}

bool llmp_cmd_parse_port(const char *text, void *value, struct llmp_cmd_expected *expected) {
    bool fits = llmp_cmd_parse_any_port(text, value, expected) && *(uint16_t *)value != 0;
    return fits || reject(expected, "a port: a number from 1 to 65535, which 'llmp broker' prints");
}

bool llmp_cmd_parse_tag(const char *text, void *value, struct llmp_cmd_expected *expected) {
    bool hex = strncmp(text, "0x", 2) == 0;
    unsigned long long number;
    if (!parse_number(hex ? text + 2 : text, hex ? 16 : 10, UINT32_MAX, &number)) {
        return reject(expected, "a tag: a number from 0 to 4294967295, or 0x and hexadecimal digits");
    }
    *(uint32_t *)value = (uint32_t)number;
    return true;
}

bool llmp_cmd_parse_count(const char *text, void *value, struct llmp_cmd_expected *expected) {
    unsigned long long number;
    if (!parse_number(text, 10, UINT32_MAX - 1, &number) || number == 0) {
        return reject(expected, "a number from 1 to 4294967294");
    }
    *(uint32_t *)value = (uint32_t)number;
    return true;
}

bool llmp_cmd_parse_history(const char *text, void *value, struct llmp_cmd_expected *expected) {
    if (strcmp(text, "all") == 0) {
        *(uint32_t *)value = LLMP_HISTORY_ALL;
        return true;
    }
    bool fits = llmp_cmd_parse_count(text, value, expected) && *(uint32_t *)value >= 2;
    return fits || reject(expected, "a number of pages, 2 or more, or 'all'");
}

bool llmp_cmd_parse_seconds(const char *text, void *value, struct llmp_cmd_expected *expected) {
    char *end;
    double seconds = strtod(text, &end);
    bool is_decimal = strspn(text, "0123456789.") == strlen(text); /* not "inf", "nan", "1e9", "0x1" */
    if (!is_decimal || end == text || *end != '\0' || seconds < 1e-9 || seconds > 1e9) {
        return reject(expected, "a number of seconds above 0, such as 2 or 0.5");
    }
    *(int64_t *)value = (int64_t)(seconds * 1e9);
    return true;
}

/* ------------------------------------------------------------------ providers */

static void list_system_providers(struct llmp_cmd_expected *expected) {
    const llmp_shmem_provider *provider;
    for (size_t i = 0; (provider = llmp_shmem_provider_at(i)) != NULL; i++) {
        size_t used = strlen(expected->text);
        if (llmp_shmem_provider_scope(provider) == LLMP_SCOPE_SYSTEM) {
            snprintf(expected->text + used, sizeof expected->text - used, " %s", llmp_shmem_provider_name(provider));
        }
    }
}

bool llmp_cmd_parse_provider(const char *text, void *value, struct llmp_cmd_expected *expected) {
    const llmp_shmem_provider *provider = llmp_shmem_provider_find(text);
    if (provider != NULL && llmp_shmem_provider_scope(provider) == LLMP_SCOPE_SYSTEM) {
        *(const llmp_shmem_provider **)value = provider;
        return true;
    }
    (void)reject(expected, provider != NULL
                               ? "a provider for clients that connect by TCP: other processes cannot open its "
                                 "maps by description. These can be used:"
                               : "a known provider. These can be used:");
    list_system_providers(expected);
    return false;
}
