/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two processes that measure together. Side A is a worker process (runner/job.h); side B is a child that it forks here.
 * The kernel kills B if A dies.
 */
#ifndef LLMP_BENCH_PAIR_H
#define LLMP_BENCH_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "kit/cores.h"

/* The cores that pair_fork() and job_run() pin processes to. Set before the first of them runs, constant afterwards. */
extern struct cores pair_cores;

/* Allocates zeroed memory that is shared with forked children. Exits on failure, as nothing can be measured without. */
void *pair_alloc(size_t bytes);
void pair_release(void *memory, size_t bytes);

/* Makes the kernel kill this process when `parent` dies. Exits if it has died already. */
void pair_die_with(pid_t parent);

/* Forks side B, pinned to its core, which calls `side` and exits with its return value. Returns its pid, or -1. */
pid_t pair_fork(int (*side)(void *context), void *context);

/*
 * Waits for side B to end, and kills it after `limit_ms`.
 *
 * Returns its exit status, or -1 if a signal killed it.
 */
int pair_join(pid_t peer, unsigned limit_ms);

/* Returns true if side B still runs. Does not wait, and leaves its exit status for pair_join(). */
bool pair_alive(pid_t peer);

/* Returns true after SIGTERM: the process must end soon and leave no process and no shared memory. */
bool pair_stopping(void);

/* Installs the SIGTERM handler that sets pair_stopping(). It also calls `callback`, which may be null. */
void pair_catch_stop(void (*callback)(void));

#endif
