/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/session.h"
#include "suite/report/files.h"
#include "suite/runner/probe.h"
#include "suite/runner/tests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The run of one implementation. */
struct session {
    const struct lc_options *options;
    const struct lc_spec *spec;
    const struct lc_impl *impl;
    struct lc_console *console;
    struct lc_expected expected;
    json_t *results;
};

static int usage_error(const char *what) {
    fprintf(stderr, "llmp-conformance: %s\n", what);
    return LC_EXIT_USAGE;
}

int lc_session_load(const struct lc_options *options, struct lc_impl *impls) {
    char error[300];
    for (size_t i = 0; i < options->impl_count; i++) {
        if (!lc_impl_init(&impls[i], options->impls[i], error)) {
            return usage_error(error);
        }
    }
    if (options->peer != NULL && !lc_impl_init(&impls[options->impl_count], options->peer, error)) {
        return usage_error(error);
    }
    return LC_EXIT_OK;
}

/* ---------------------------------------------------------------- expected failures */

static bool load_expected(struct session *session) {
    char error[300], *path = NULL;
    if (session->options->expected == NULL && session->impl->folder != NULL &&
        asprintf(&path, "%s/expected-failures", session->impl->folder) < 0) {
        return false;
    }
    const char *chosen = session->options->expected != NULL ? session->options->expected : path;
    bool loaded = lc_expected_load(&session->expected, chosen, error);
    if (!loaded) {
        (void)usage_error(error);
    } else if (session->options->write_expected && chosen == NULL) {
        (void)usage_error("--write-expected: a command has no folder for the file; name the file with --expected FILE");
        loaded = false;
    }
    free(path);
    return loaded;
}

static bool write_expected(const struct session *session, const struct lc_plan *plan) {
    if (!lc_expected_write(&session->expected, plan)) {
        fprintf(stderr, "llmp-conformance: %s: %s\n", session->expected.path, strerror(errno));
        return false;
    }
    lc_console_print(session->console, "written: %s", session->expected.path);
    return true;
}

/* ---------------------------------------------------------------- one implementation */

static void announce(const struct session *session, const struct lc_plan *plan) {
    const char *implementation = json_string_value(json_object_get(plan->impl->hello, "implementation"));
    lc_console_begin(session->console, lc_impl_name(plan->impl), implementation != NULL ? implementation : "?",
                     plan->peer == plan->impl ? NULL : lc_impl_name(plan->peer), plan->count);
}

static bool run_plan(struct session *session, const struct lc_impl *peer, const char *section) {
    struct lc_plan plan;
    bool done = lc_plan_make(&plan, session->options, session->spec, session->impl, peer, section);
    if (done && plan.count > 0) {
        announce(session, &plan);
        done = lc_run_tests(&plan, &session->expected, session->console);
    }
    for (size_t i = 0; done && i < plan.count; i++) {
        json_array_append(session->results, plan.all[i].result);
    }
    if (done && session->options->write_expected && section == NULL) {
        done = write_expected(session, &plan);
    }
    lc_plan_free(&plan);
    return done;
}

/* Runs the section matrix with each other implementation as the peer. */
static bool run_matrix(struct session *session, const struct lc_impl *impls, size_t count) {
    bool done = true;
    for (size_t i = 0; done && i < count; i++) {
        if (&impls[i] != session->impl && impls[i].hello != NULL) {
            done = run_plan(session, &impls[i], "matrix");
        }
    }
    return done;
}

static int report_empty_plan(const struct session *session) {
    const struct lc_options *options = session->options;
    fprintf(stderr, "llmp-conformance: %s%s%s%s: no case is left for %s (--list prints all cases)\n",
            options->filter != NULL ? "--filter " : "", options->filter != NULL ? options->filter : "",
            options->providers != NULL ? " --provider " : "", options->providers != NULL ? options->providers : "",
            lc_impl_name(session->impl));
    return LC_EXIT_USAGE;
}

static int run_one(struct session *session, const struct lc_impl *impls, size_t count) {
    bool has_peer = session->options->peer != NULL;
    const struct lc_impl *peer = has_peer ? &impls[count] : session->impl;
    session->results = json_array();
    if (!load_expected(session) || !run_plan(session, peer, NULL) ||
        (!has_peer && !run_matrix(session, impls, count))) {
        return LC_EXIT_USAGE;
    }
    return json_array_size(session->results) == 0 ? report_empty_plan(session) : LC_EXIT_OK;
}

/* ---------------------------------------------------------------- all implementations */

static int probe_all(struct lc_impl *impls, size_t count, struct lc_console *console) {
    for (size_t i = 0; i < count; i++) {
        if (impls[i].command != NULL && lc_probe_adapter(&impls[i], console) == LC_PROBE_BROKEN) {
            return LC_EXIT_BROKEN;
        }
    }
    return LC_EXIT_OK;
}

static bool has_error(const json_t *runs) {
    size_t at, which;
    json_t *run, *result;
    json_array_foreach(runs, at, run) {
        json_array_foreach(json_object_get(run, "results"), which, result) {
            if (lc_result_verdict_is(result, "error")) {
                return true;
            }
        }
    }
    return false;
}

static void count_all(const json_t *runs, struct lc_totals *totals) {
    size_t at, which;
    json_t *run, *result;
    json_array_foreach(runs, at, run) {
        json_array_foreach(json_object_get(run, "results"), which, result) {
            lc_totals_add(totals, result);
        }
    }
}

/* With --filter the reports of earlier runs are kept, unless --report names another folder. */
static bool write_reports(const struct lc_options *options, const struct lc_spec *spec, const json_t *runs,
                          struct lc_console *console) {
    if (options->report == NULL && options->filter != NULL) {
        return true;
    }
    return lc_report_write_all(options->report, spec, runs, console);
}

/* With --write-expected only an error of the suite is a failure, because all others are expected from now on. */
static int finish(const struct lc_options *options, const struct lc_spec *spec, const json_t *runs,
                  struct lc_console *console) {
    struct lc_totals totals = {0};
    count_all(runs, &totals);
    bool written = write_reports(options, spec, runs, console);
    lc_console_end(console, &totals);
    bool failed = has_error(runs) || (totals.failed > 0 && !options->write_expected);
    return !written ? LC_EXIT_USAGE : failed ? LC_EXIT_FAILURES : LC_EXIT_OK;
}

int lc_session_run(const struct lc_options *options, const struct lc_spec *spec, struct lc_impl *impls, size_t count,
                   struct lc_console *console) {
    json_t *runs = json_array();
    int code = probe_all(impls, count + 1, console);
    for (size_t i = 0; code == LC_EXIT_OK && i < count; i++) {
        struct session session = {.options = options, .spec = spec, .impl = &impls[i], .console = console};
        code = run_one(&session, impls, count);
        json_array_append_new(runs, lc_report_run(lc_impl_given(&impls[i]), impls[i].hello, session.results));
        lc_expected_free(&session.expected);
    }
    if (code == LC_EXIT_OK) {
        code = finish(options, spec, runs, console);
    }
    json_decref(runs);
    return code;
}
