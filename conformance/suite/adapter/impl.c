/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/adapter/impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path) {
    struct stat found;
    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static bool init_from_folder(struct lc_impl *impl, const char *given, char error[300]) {
    char *path = realpath(given, NULL);
    if (path == NULL || asprintf(&impl->command, "%s/adapter", path) < 0) {
        free(path);
        snprintf(error, 300, "%.200s: cannot be resolved", given);
        return false;
    }
    impl->folder = path;
    if (access(impl->command, X_OK) != 0) {
        snprintf(error, 300, "%.200s: this folder has no executable named `adapter`", given);
        lc_impl_fini(impl);
        return false;
    }
    return true;
}

bool lc_impl_init(struct lc_impl *impl, const char *given, char error[300]) {
    memset(impl, 0, sizeof *impl);
    if (is_folder(given)) {
        return init_from_folder(impl, given, error);
    }
    if (given[strspn(given, " \t\n")] == '\0') {
        snprintf(error, 300, "an empty command; give a folder with an executable named `adapter`, or a command");
        return false;
    }
    impl->command = strdup(given);
    return impl->command != NULL;
}

void lc_impl_fini(struct lc_impl *impl) {
    json_decref(impl->hello);
    free(impl->command);
    free(impl->folder);
    memset(impl, 0, sizeof *impl);
}

const char *lc_impl_name(const struct lc_impl *impl) {
    const char *name = json_string_value(json_object_get(impl->hello, "name"));
    return name != NULL ? name : "unknown";
}

const char *lc_impl_given(const struct lc_impl *impl) {
    return impl->folder != NULL ? impl->folder : impl->command;
}

bool lc_impl_offers(const struct lc_impl *impl, const char *field, const char *name) {
    size_t at;
    json_t *each;
    json_array_foreach(json_object_get(impl->hello, field), at, each) {
        if (json_is_string(each) && strcmp(json_string_value(each), name) == 0) {
            return true;
        }
    }
    return false;
}
