/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Tests the implementations of a run. The functions print errors and return an exit code. */
#ifndef LC_SUITE_RUNNER_SESSION_H
#define LC_SUITE_RUNNER_SESSION_H

#include "suite/adapter/impl.h"
#include "suite/report/console.h"
#include "suite/report/spec.h"
#include "suite/runner/options.h"

/* Initialises the implementations of --impl, and after them that of --peer. */
int lc_session_load(const struct lc_options *options, struct lc_impl *impls);

/*
 * Probes the adapters, runs all cases, and writes the reports.
 *
 * impls: as initialised by lc_session_load()
 * count: without the one of --peer
 */
int lc_session_run(const struct lc_options *options, const struct lc_spec *spec, struct lc_impl *impls, size_t count,
                   struct lc_console *console);

#endif
