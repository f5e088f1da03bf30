/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/tests.h"
#include "suite/runner/process.h"
#include "suite/runner/status.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* cmocka passes only one argument to a test: the planned case. */
static struct {
    const struct lc_expected *expected;
    struct lc_console *console;
} current;

static json_t *skip_result(const struct lc_planned *planned) {
    return json_pack("{s:s, s:s, s:f}", "verdict", "skip", "seen", planned->skip, "seconds", 0.0);
}

static void run(struct lc_planned *planned) {
    const struct lc_plan *plan = planned->plan;
    const struct lc_run_options options = {plan->impl, plan->peer, plan->options->repeat};
    if (planned->skip[0] != '\0') {
        planned->result = skip_result(planned);
    } else {
        lc_console_progress(current.console, planned->id);
        planned->result = lc_run_case(&options, planned->def, planned->provider, planned->id);
    }
    lc_result_classify(planned, current.expected);
    lc_console_result(current.console, planned->result);
}

static void test(void **state) {
    struct lc_planned *planned = *state;
    run(planned);
    const char *status = json_string_value(json_object_get(planned->result, "status"));
    if (strcmp(status, "skipped") == 0) {
        skip();
    }
    if (lc_status_is_failure(status)) {
        fail();
    }
}

/* ---------------------------------------------------------------- groups */

/* Redirects cmocka's own report to /dev/null. Returns the original descriptor, for restore_stdout(). */
static int redirect_stdout(void) {
    (void)fflush(stdout);
    int original = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0) {
        (void)dup2(null, STDOUT_FILENO);
        (void)close(null);
    }
    return original;
}

static void restore_stdout(int original) {
    (void)fflush(stdout);
    if (original >= 0) {
        (void)dup2(original, STDOUT_FILENO);
        (void)close(original);
    }
}

static bool run_group(struct lc_planned *first, size_t count) {
    struct CMUnitTest *tests = calloc(count, sizeof *tests);
    if (tests == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){first[i].id, test, NULL, NULL, &first[i]};
    }
    lc_console_section(current.console, first->section->name);
    int original = redirect_stdout();
    _cmocka_run_group_tests(first->section->name, tests, count, NULL, NULL);
    restore_stdout(original);
    lc_console_section_end(current.console);
    free(tests);
    return true;
}

bool lc_run_tests(struct lc_plan *plan, const struct lc_expected *expected, struct lc_console *console) {
    current.expected = expected;
    current.console = console;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    for (size_t from = 0, to; from < plan->count; from = to) {
        for (to = from; to < plan->count && plan->all[to].section == plan->all[from].section; to++) {
        }
        if (!run_group(plan->all + from, to - from)) {
            return false;
        }
    }
    return true;
}
