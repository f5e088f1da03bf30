/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Checks an adapter before the cases run: its hello, each role once in the simplest way, and invalid requests. A crash
 * or a refusal of the implementation is not an error of its adapter.
 */
#ifndef LC_SUITE_RUNNER_PROBE_H
#define LC_SUITE_RUNNER_PROBE_H

#include "suite/adapter/impl.h"
#include "suite/report/console.h"

enum lc_probe {
    LC_PROBE_VALID,
    LC_PROBE_BROKEN, /* the reason was printed */
    LC_PROBE_ABSENT  /* the adapter cannot run here (exit status 77); impl->hello stays null */
};

/* Stores the reply to hello in `impl`, and then checks the adapter. */
enum lc_probe lc_probe_adapter(struct lc_impl *impl, struct lc_console *console);

#endif
