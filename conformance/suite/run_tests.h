/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Drives a plan through cmocka: a group for each section, a test for each case and provider. */
#ifndef LC_SUITE_RUN_TESTS_H
#define LC_SUITE_RUN_TESTS_H

#include "suite/expected.h"
#include "suite/report.h"
#include "suite/run_plan.h"

/* Every planned case has its result afterwards. False: no memory. */
bool lc_run_tests(struct lc_plan *plan, struct lc_expected *expected, struct lc_console *console);

#endif
