/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* llmp-conformance: holds implementations of LLMP against SPEC.md. */
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

/* ---------------------------------------------------------------- the specification */

/* An installed program finds what was installed with it. */
static char *installed_spec(void) {
    char program[3000], *path = NULL;
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length < 0 ? 0 : length] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash || asprintf(&path, "%.*s/../share/llmp-conformance/SPEC.md", (int)(slash - program), program) < 0) {
        return NULL;
    }
    if (access(path, R_OK)) {
        free(path);
        return NULL;
    }
    return path;
}

static bool load_spec(struct lc_spec *spec, const struct lc_options *options) {
    char *installed = options->spec ? NULL : installed_spec();
    const char *path = options->spec ? options->spec : installed ? installed : LC_SPEC_PATH;
    bool good = lc_spec_load(spec, path);
    if (!good) {
        fprintf(stderr, "llmp-conformance: %s: %s; name the specification with --spec FILE\n", path,
                errno ? strerror(errno) : "no requirement in it");
    }
    if (!good) {
        lc_spec_free(spec);
    }
    free(installed);
    return good;
}

/* ---------------------------------------------------------------- all implementations */

static void free_all(struct lc_impl *impls, size_t count) {
    for (size_t i = 0; i < count; i++) {
        lc_impl_fini(&impls[i]);
    }
}

static int run_all(const struct lc_options *options, const struct lc_spec *spec) {
    struct lc_impl impls[LC_MAX_IMPLS + 1] = {{0}};
    size_t count = options->impl_count;
    int code = lc_session_load(options, impls);
    struct lc_console *console = code == LC_EXIT_OK ? lc_console_new(options) : NULL;
    if (console) {
        code = lc_session_run(options, spec, impls, count, console);
    }
    lc_console_free(console);
    free_all(impls, count + 1);
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
    lc_time_factor = options.seconds;
    lc_process_init();
    code = options.matrix ? lc_combine(&options, &spec)
           : options.list ? lc_list(&options, &spec)
                          : run_all(&options, &spec);
    lc_spec_free(&spec);
    return code;
}
