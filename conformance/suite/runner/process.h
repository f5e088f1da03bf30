/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Running cases: each in a process of its own, with a time limit, and nothing of it left behind.
 *
 * A result is a JSON object from beginning to end: the case's process writes its part, the runner adds what it knows,
 * and the reports only read it (suite/README.md has its fields).
 */
#ifndef LC_SUITE_RUNNER_PROCESS_H
#define LC_SUITE_RUNNER_PROCESS_H

#include "suite/kit/case.h"

struct lc_run_options {
    const struct lc_impl *impl, *peer;
    int repeat; /* a case passes when it passes so many times */
};

/* To be called once: this process takes over the orphans of all that it starts. */
void lc_process_init(void);

/* Runs it: `verdict`, and whatever of `kind`, `expected`, `seen`, `page`, `notes`, `stderr`, `seconds` there is. */
json_t *lc_run_case(const struct lc_run_options *setting, const struct lc_case_def *def, enum lc_provider provider,
                    const char *id);

/* Removes shared memory that these processes made. They have to be gone. */
void lc_remove_leftovers(const pid_t *pids, size_t count);

#endif
