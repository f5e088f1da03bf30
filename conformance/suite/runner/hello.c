/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/hello.h"

#include <stdbool.h>
#include <string.h>

static bool is_file_name(const char *name) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
    return name != NULL && name[0] != '\0' && name[0] != '.' && strlen(name) < 64 &&
           name[strspn(name, allowed)] == '\0';
}

/* `allowed`: ended by null; may be null, which allows all strings. */
static bool is_allowed(const char *name, const char *const *allowed) {
    if (name == NULL || allowed == NULL) {
        return name != NULL;
    }
    while (*allowed != NULL && strcmp(*allowed, name) != 0) {
        allowed++;
    }
    return *allowed != NULL;
}

static bool is_list(const json_t *list, const char *const *allowed) {
    size_t at;
    json_t *each;
    bool valid = json_is_array(list);
    json_array_foreach(list, at, each) {
        valid = valid && is_allowed(json_string_value(each), allowed);
    }
    return valid;
}

const char *lc_check_hello(const json_t *hello) {
    static const char *const roles[] = {"sender", "receiver", "broker", "client", "b2b", "service", "provider", NULL};
    static const char *const providers[] = {"sysv", "posix", "memfd", "ashmem", "win32", "served", "nop", NULL};
    const json_t *size = json_object_get(hello, "page_size");
    if (json_integer_value(json_object_get(hello, "adapter")) != 1) {
        return "hello: `adapter` is not 1, the version of ADAPTER.md";
    }
    if (!is_file_name(json_string_value(json_object_get(hello, "name")))) {
        return "hello: `name` is not a file name of less than 64 characters a-z, 0-9, '.', '_' and '-'";
    }
    if (!json_is_string(json_object_get(hello, "implementation"))) {
        return "hello: `implementation` is not a string";
    }
    if (!is_list(json_object_get(hello, "roles"), roles)) {
        return "hello: `roles` is not a list of roles of ADAPTER.md";
    }
    if (!is_list(json_object_get(hello, "providers"), providers)) {
        return "hello: `providers` is not a list of providers of ADAPTER.md";
    }
    if (!json_is_integer(size) || json_integer_value(size) < 0) {
        return "hello: `page_size` is not a number";
    }
    return is_list(json_object_get(hello, "options"), NULL) ? NULL : "hello: `options` is not a list of strings";
}
