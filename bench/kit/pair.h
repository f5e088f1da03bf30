/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two processes that measure together. Side A is the worker that job.h started; side B is forked here. B dies with A
 * whatever happens to A.
 */
#ifndef LLMP_BENCH_PAIR_H
#define LLMP_BENCH_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "kit/cores.h"

/* The cores that pair_fork() and job_run() pin to; set once by the runner before it starts anything. */
extern struct cores pair_cores;

/* Zeroed memory that a child shares; exits on failure, as nothing can be measured without it. */
void *pair_alloc(size_t bytes);
void pair_release(void *memory, size_t bytes);

/* Makes sure that this process does not outlive `parent`. */
void pair_die_with(pid_t parent);

/* Forks side B, pinned, which runs `side` and exits with what it returns. Returns its pid, or -1. */
pid_t pair_fork(int (*side)(void *context), void *context);

/* Waits for side B: its exit status, or -1 when it was killed by a signal or did not end within `limit_ms` (then it is). */
int pair_join(pid_t peer, unsigned limit_ms);

/* Whether side B is still there; looks, never waits. */
bool pair_alive(pid_t peer);

/* Set by SIGTERM in workers and their peers: end soon, and leave nothing behind. */
bool pair_stopping(void);

/* Installs the handler behind pair_stopping(). `also` is called from the handler when not null. */
void pair_catch_stop(void (*also)(void));

#endif
