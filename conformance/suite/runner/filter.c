/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/filter.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Returns true for capitals and digits, a dash, and digits: "EOP-4". */
static bool is_requirement(const char *pattern) {
    size_t subject = strspn(pattern, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
    const char *number = pattern + subject + 1;
    return subject > 0 && pattern[subject] == '-' && *number != '\0' && number[strspn(number, "0123456789")] == '\0';
}

static bool glob_matches(const char *pattern, const char *id) {
    char *without_provider = strndup(id, strcspn(id, "@"));
    bool matches =
        fnmatch(pattern, id, 0) == 0 || (without_provider != NULL && fnmatch(pattern, without_provider, 0) == 0);
    free(without_provider);
    return matches;
}

static bool pattern_matches(const char *pattern, const char *section, const char *id) {
    size_t length = strlen(pattern);
    if (length == 0) {
        return false;
    }
    if (is_requirement(pattern)) {
        return strncmp(id, pattern, length) == 0 && id[length] == '/';
    }
    if (strpbrk(pattern, "*?[") != NULL) {
        return glob_matches(pattern, id);
    }
    return strcmp(section, pattern) == 0 || strstr(id, pattern) != NULL;
}

bool lc_filter_matches(const char *list, const char *section, const char *id) {
    if (list == NULL) {
        return true;
    }
    char *copy = strdup(list), *rest = copy;
    bool matches = false;
    for (char *pattern; !matches && copy != NULL && (pattern = strsep(&rest, ",")) != NULL;) {
        matches = pattern_matches(pattern, section, id);
    }
    free(copy);
    return matches;
}

bool lc_list_has(const char *list, const char *name) {
    size_t length = strlen(name);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',' ? 1 : 0;
        if (strncmp(at, name, length) == 0 && (at[length] == '\0' || at[length] == ',')) {
            return true;
        }
    }
    return list == NULL;
}
