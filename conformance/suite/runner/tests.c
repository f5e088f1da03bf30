/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/tests.h"
#include "suite/runner/process.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* cmocka's tests get no argument but their plan. */
static struct {
    struct lc_expected *expected;
    struct lc_console *console;
} now;

static json_t *skipped(const struct lc_planned *planned) {
    return json_pack("{s:s, s:s, s:f}", "verdict", "skip", "seen", planned->skip, "seconds", 0.0);
}

static void run(struct lc_planned *planned) {
    const struct lc_plan *plan = planned->plan;
    const struct lc_run_options setting = {plan->impl, plan->peer, plan->options->repeat};
    if (planned->skip[0]) {
        planned->result = skipped(planned);
    } else {
        lc_console_progress(now.console, planned);
        planned->result = lc_run_case(&setting, planned->def, planned->provider, planned->id);
    }
    lc_result_classify(planned, now.expected);
    lc_console_result(now.console, planned->result);
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

/* cmocka prints a report of its own; ours says more. Gives back the descriptor that has to be put back. */
static int silence(void) {
    fflush(stdout);
    int kept = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) {
        dup2(nowhere, STDOUT_FILENO);
        close(nowhere);
    }
    return kept;
}

static void speak(int kept) {
    fflush(stdout);
    if (kept >= 0) {
        dup2(kept, STDOUT_FILENO);
        close(kept);
    }
}

static bool run_group(struct lc_planned *first, size_t count) {
    struct CMUnitTest *tests = calloc(count, sizeof *tests);
    if (!tests) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){first[i].id, test, NULL, NULL, &first[i]};
    }
    lc_console_section(now.console, first->section->name);
    int kept = silence();
    _cmocka_run_group_tests(first->section->name, tests, count, NULL, NULL);
    speak(kept);
    lc_console_section_end(now.console);
    free(tests);
    return true;
}

bool lc_run_tests(struct lc_plan *plan, struct lc_expected *expected, struct lc_console *console) {
    now.expected = expected;
    now.console = console;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    bool good = true;
    for (size_t from = 0, to; good && from < plan->count; from = to) {
        for (to = from; to < plan->count && plan->all[to].section == plan->all[from].section; to++) {
        }
        good = run_group(plan->all + from, to - from);
    }
    return good;
}
