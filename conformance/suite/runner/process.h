/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Runs a case in a process of its own, with a time limit, and removes the processes and segments that remain.
 *
 * A result is a JSON object in all parts of the suite: the case's process writes the verdict, the runner adds what it
 * knows, and the reports read it (suite/README.md lists the fields).
 */
#ifndef LC_SUITE_RUNNER_PROCESS_H
#define LC_SUITE_RUNNER_PROCESS_H

#include "suite/kit/case.h"

struct lc_run_options {
    const struct lc_impl *impl, *peer;
    int repeat; /* runs; the case passes if all of them pass */
};

/* To be called once: makes this process inherit the orphans of all processes that it starts. */
void lc_process_init(void);

/* Runs a case. The result has `verdict`, `seconds`, and the fields that apply of `kind`, `expected`, `seen`, `page`,
 * `notes`, `stderr` and `runs`. */
json_t *lc_run_case(const struct lc_run_options *options, const struct lc_case_def *def, enum lc_provider provider,
                    const char *id);

#endif
