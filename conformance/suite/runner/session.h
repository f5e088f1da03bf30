/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The implementations of a run: asked who they are, tried out, and held against the specification. */
#ifndef LC_SUITE_RUNNER_SESSION_H
#define LC_SUITE_RUNNER_SESSION_H

#include "suite/report/result.h"

/* All --impl, and behind them the --peer; says what is wrong and gives an exit code. */
int lc_session_load(const struct lc_options *options, struct lc_impl *impls);

/* Runs them all, writes the reports; an exit code. */
int lc_session_run(const struct lc_options *options, const struct lc_spec *spec, struct lc_impl *impls, size_t count,
                   struct lc_console *console);

#endif
