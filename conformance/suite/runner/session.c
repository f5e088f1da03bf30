/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/session.h"
#include "suite/report/files.h"
#include "suite/runner/expected.h"
#include "suite/runner/filter.h"
#include "suite/runner/probe.h"
#include "suite/runner/tests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The whole run of one implementation. */
struct session {
    const struct lc_options *options;
    const struct lc_spec *spec;
    const struct lc_impl *impl;
    struct lc_console *console;
    struct lc_expected expected;
    json_t *results;
};

static int usage(const char *what) {
    fprintf(stderr, "llmp-conformance: %s\n", what);
    return LC_EXIT_USAGE;
}

int lc_session_load(const struct lc_options *options, struct lc_impl *impls) {
    char error[300];
    for (size_t i = 0; i < options->impl_count; i++) {
        if (!lc_impl_init(&impls[i], options->impls[i], error)) {
            return usage(error);
        }
    }
    if (options->peer && !lc_impl_init(&impls[options->impl_count], options->peer, error)) {
        return usage(error);
    }
    return LC_EXIT_OK;
}

/* ---------------------------------------------------------------- one implementation */

static bool load_expected(struct session *session) {
    char error[300], *path = NULL;
    if (!session->options->expected && session->impl->folder) {
        if (asprintf(&path, "%s/expected-failures", session->impl->folder) < 0) {
            return false;
        }
    }
    const char *chosen = session->options->expected ? session->options->expected : path;
    bool good = lc_expected_load(&session->expected, chosen, error);
    if (!good) {
        usage(error);
    }
    if (good && session->options->write_expected && !chosen) {
        usage("--write-expected: a bare command has no folder for the file; name it with --expected FILE");
        good = false;
    }
    free(path);
    return good;
}

static bool write_expected(const struct session *session, const struct lc_plan *plan) {
    if (!lc_expected_write(&session->expected, plan)) {
        fprintf(stderr, "llmp-conformance: %s: %s\n", session->expected.path, strerror(errno));
        return false;
    }
    lc_console_print(session->console, "written: %s", session->expected.path);
    return true;
}

static bool run_plan(struct session *session, const struct lc_impl *peer, const char *section) {
    struct lc_plan plan;
    bool good = lc_plan_make(&plan, session->options, session->spec, session->impl, peer, section);
    if (good && plan.count) {
        lc_console_begin(session->console, &plan);
        good = lc_run_tests(&plan, &session->expected, session->console);
    }
    for (size_t i = 0; good && i < plan.count; i++) {
        json_array_append(session->results, plan.all[i].result);
    }
    if (good && session->options->write_expected && !section) {
        good = write_expected(session, &plan);
    }
    lc_plan_free(&plan);
    return good;
}

/* Beside the whole with its own peer: as a broker with the clients of the others. */
static bool run_matrix(struct session *session, const struct lc_impl *impls, size_t count) {
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
        if (&impls[i] != session->impl && impls[i].hello) {
            good = run_plan(session, &impls[i], "matrix");
        }
    }
    return good;
}

static int run_one(struct session *session, const struct lc_impl *impls, size_t count) {
    bool other = session->options->peer != NULL; /* it stands behind the implementations */
    session->results = json_array();
    if (!load_expected(session)) {
        return LC_EXIT_USAGE;
    }
    if (!run_plan(session, other ? &impls[count] : session->impl, NULL) ||
        (!other && !run_matrix(session, impls, count))) {
        return LC_EXIT_USAGE;
    }
    if (json_array_size(session->results) == 0) {
        fprintf(stderr, "llmp-conformance: %s%s%s%s: no case of %s is left (--list shows all)\n",
                session->options->filter ? "--filter " : "", session->options->filter ? session->options->filter : "",
                session->options->providers ? " --provider " : "",
                session->options->providers ? session->options->providers : "", lc_impl_name(session->impl));
        return LC_EXIT_USAGE;
    }
    return LC_EXIT_OK;
}

/* ---------------------------------------------------------------- all of them */

/* Says hello, then tries out whether the adapter is one. */
static int try_out(struct lc_impl *impls, size_t count, struct lc_console *console) {
    for (size_t i = 0; i < count; i++) {
        enum lc_probe found = impls[i].command ? lc_probe_all(&impls[i], console) : LC_PROBE_GOOD;
        if (found == LC_PROBE_BROKEN) {
            return LC_EXIT_BROKEN;
        }
    }
    return LC_EXIT_OK;
}

static void add_totals(struct lc_totals *sum, const struct lc_totals *more) {
    sum->passed += more->passed;
    sum->failed += more->failed;
    sum->skipped += more->skipped;
    sum->expected += more->expected;
    sum->advice += more->advice;
    sum->unexpected += more->unexpected;
}

/* What has just been written down as expected is no failure; the suite's own trouble stays one. */
static bool failed(const struct lc_options *options, const json_t *runs, const struct lc_totals *sum) {
    size_t at, which;
    json_t *run, *result;
    bool trouble = false;
    json_array_foreach(runs, at, run) {
        json_array_foreach(json_object_get(run, "results"), which, result) {
            trouble = trouble || lc_result_verdict_is(result, "trouble");
        }
    }
    return trouble || (sum->failed && !options->write_expected);
}

static int run_each(const struct lc_options *options, const struct lc_spec *spec, struct lc_impl *impls, size_t count,
                    struct lc_console *console, json_t *runs) {
    struct lc_totals sum = {0};
    int code = LC_EXIT_OK;
    for (size_t i = 0; code == LC_EXIT_OK && i < count; i++) {
        struct session session = {.options = options, .spec = spec, .impl = &impls[i], .console = console};
        code = run_one(&session, impls, count);
        struct lc_totals totals = lc_count(session.results);
        add_totals(&sum, &totals);
        json_array_append_new(runs, lc_report_run(&impls[i], session.results));
        lc_expected_free(&session.expected);
    }
    if (code == LC_EXIT_OK) {
        code = lc_report_write_all(options, spec, runs, console) ? LC_EXIT_OK : LC_EXIT_USAGE;
        lc_console_end(console, &sum);
        code = code == LC_EXIT_OK && failed(options, runs, &sum) ? LC_EXIT_FAILURES : code;
    }
    return code;
}

int lc_session_run(const struct lc_options *options, const struct lc_spec *spec, struct lc_impl *impls, size_t count,
                   struct lc_console *console) {
    int code = try_out(impls, count + 1, console);
    if (code != LC_EXIT_OK) {
        return code;
    }
    json_t *runs = json_array();
    code = run_each(options, spec, impls, count, console, runs);
    json_decref(runs);
    return code;
}
