/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* --list: prints the cases. */
#ifndef LC_SUITE_RUNNER_LIST_H
#define LC_SUITE_RUNNER_LIST_H

#include "suite/report/spec.h"
#include "suite/runner/options.h"

/* Prints a line per case: id, level, roles and title, separated by tabs. Returns an exit code: LC_EXIT_USAGE if no case
 * matches the filter. */
int lc_list(const struct lc_options *options, const struct lc_spec *spec);

#endif
