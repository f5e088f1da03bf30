/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The status of a result: how its verdict is counted. */
#ifndef LC_SUITE_RUNNER_STATUS_H
#define LC_SUITE_RUNNER_STATUS_H

#include "suite/runner/expected.h"

/*
 * Completes the result of a planned case: adds what the plan knows (id, requirement, section …), the reason in
 * expected-failures, and `status`: passed, failed, skipped, xfail (failed, as listed in expected-failures), xpass
 * (passed, but is listed there), warning (failed, but not a MUST).
 */
void lc_result_classify(struct lc_planned *planned, const struct lc_expected *expected);

#endif
