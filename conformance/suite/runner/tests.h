/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Drives a plan through cmocka: a group for each section, a test for each case and provider. */
#ifndef LC_SUITE_RUNNER_TESTS_H
#define LC_SUITE_RUNNER_TESTS_H

#include "suite/report/result.h"
#include "suite/runner/expected.h"
#include "suite/runner/plan.h"

/* Every planned case has its result afterwards. False: no memory. */
bool lc_run_tests(struct lc_plan *plan, struct lc_expected *expected, struct lc_console *console);

#endif
