/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs a plan with cmocka: a group per section, a test per case and provider. */
#ifndef LC_SUITE_RUNNER_TESTS_H
#define LC_SUITE_RUNNER_TESTS_H

#include "suite/report/console.h"
#include "suite/runner/expected.h"

/* Each planned case has its result afterwards. Returns false without memory. */
bool lc_run_tests(struct lc_plan *plan, const struct lc_expected *expected, struct lc_console *console);

#endif
