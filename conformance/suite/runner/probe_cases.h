/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The cases of the probe, ended by an empty definition. The adapter is broken if one has the verdict "broken". */
#ifndef LC_SUITE_RUNNER_PROBE_CASES_H
#define LC_SUITE_RUNNER_PROBE_CASES_H

#include "suite/kit/case.h"

extern const struct lc_case_def lc_smoke_cases[];   /* each role once */
extern const struct lc_case_def lc_invalid_cases[]; /* invalid requests */

#endif
