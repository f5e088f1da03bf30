/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* llmp-conformance: tests implementations of LLMP against SPEC.md. */
#include "suite/adapter/clock.h"
#include "suite/runner/combine.h"
#include "suite/runner/list.h"
#include "suite/runner/process.h"
#include "suite/runner/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef LC_SPEC_PATH
#define LC_SPEC_PATH "conformance/SPEC.md"
#endif

/* Returns the path of SPEC.md beside an installed program, or null if there is none. The caller frees it. */
static char *installed_spec(void) {
    char program[3000], *path = NULL;
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length < 0 ? 0 : length] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL ||
        asprintf(&path, "%.*s/../share/llmp-conformance/SPEC.md", (int)(slash - program), program) < 0) {
        return NULL;
    }
    if (access(path, R_OK) != 0) {
        free(path);
        return NULL;
    }
    return path;
}

static bool load_spec(struct lc_spec *spec, const struct lc_options *options) {
    char *installed = options->spec != NULL ? NULL : installed_spec();
    const char *path = options->spec != NULL ? options->spec : installed != NULL ? installed : LC_SPEC_PATH;
    bool loaded = lc_spec_load(spec, path);
    if (!loaded) {
        fprintf(stderr, "llmp-conformance: %s: %s; name the specification with --spec FILE\n", path,
                errno != 0 ? strerror(errno) : "it contains no requirement");
        lc_spec_free(spec);
    }
    free(installed);
    return loaded;
}

static int run_all(const struct lc_options *options, const struct lc_spec *spec) {
    struct lc_impl impls[LC_MAX_IMPLS + 1] = {{0}};
    size_t count = options->impl_count;
    int code = lc_session_load(options, impls);
    struct lc_console *console = code == LC_EXIT_OK ? lc_console_new(options->tap, options->verbose) : NULL;
    if (console != NULL) {
        code = lc_session_run(options, spec, impls, count, console);
    }
    lc_console_free(console);
    for (size_t i = 0; i <= count; i++) {
        lc_impl_fini(&impls[i]);
    }
    return code;
}

int main(int argc, char **argv) {
    struct lc_options options;
    struct lc_spec spec;
    int code;
    if (!lc_options_parse(&options, argc, argv, &code)) {
        return code;
    }
    if (!load_spec(&spec, &options)) {
        return LC_EXIT_USAGE;
    }
    lc_time_factor = options.time_factor;
    lc_process_init();
    code = options.matrix != NULL ? lc_combine(&options, &spec)
           : options.list         ? lc_list(&options, &spec)
                                  : run_all(&options, &spec);
    lc_spec_free(&spec);
    return code;
}
