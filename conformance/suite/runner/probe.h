/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Whether an adapter is one: its hello, each role once in the simplest way, and requests without sense. What the
 * implementation does is left to the cases: a crash or a refusal here is no defect of the adapter.
 */
#ifndef LC_SUITE_RUNNER_PROBE_H
#define LC_SUITE_RUNNER_PROBE_H

#include "suite/report/result.h"

enum lc_probe {
    LC_PROBE_GOOD,
    LC_PROBE_BROKEN, /* said why */
    LC_PROBE_ABSENT  /* the adapter cannot run here (exit status 77); hello stays null */
};

/* Asks for the hello and keeps it in `impl`, then tries the adapter out. */
enum lc_probe lc_probe_all(struct lc_impl *impl, struct lc_console *console);

/* Null, or what is wrong. */
const char *lc_probe_hello(const json_t *hello);

/* These run as cases do, ended by an empty definition; a verdict of the kind "broken" is what they look for. */
extern const struct lc_case_def lc_smoke_cases[];
extern const struct lc_case_def lc_nonsense_cases[];

/* Ends such a case: the adapter is broken. */
_Noreturn void lc_fail_adapter(struct lc_case *c, const char *expected, const char *seen, ...)
    __attribute__((format(printf, 3, 4)));

#endif
