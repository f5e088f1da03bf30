/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* --list: which cases there are. */
#ifndef LC_SUITE_RUNNER_LIST_H
#define LC_SUITE_RUNNER_LIST_H

#include "suite/report/spec.h"
#include "suite/runner/options.h"

/* A line a case: id, level, roles and title, with tabs between. An exit code: a filter that matches nothing is wrong. */
int lc_list(const struct lc_options *options, const struct lc_spec *spec);

#endif
