/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* --matrix: combines the results of several runs into one page. */
#ifndef LC_SUITE_RUNNER_COMBINE_H
#define LC_SUITE_RUNNER_COMBINE_H

#include "suite/report/spec.h"
#include "suite/runner/options.h"

/* Writes the page to standard output. Returns an exit code. */
int lc_combine(const struct lc_options *options, const struct lc_spec *spec);

#endif
