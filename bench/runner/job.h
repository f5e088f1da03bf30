/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A job: one measurement in a worker process of its own, so that a crash or a hang costs one repetition and not the
 * whole run. The runner sleeps meanwhile, because it has no core of its own.
 */
#ifndef LLMP_BENCH_JOB_H
#define LLMP_BENCH_JOB_H

#include <stdbool.h>

#include "kit/outcome.h"

typedef void (*job_fn)(const void *context, struct outcome *out);

/* Blocks the signals that the runner waits for. Call it once, before the first job. */
void jobs_init(void);

/* Sets a callback that runs about five times per second while a job runs; null: none. */
void jobs_on_tick(void (*tick)(void));

/*
 * Calls `fn` in a worker process that is pinned to the first core, and copies its outcome to `out`. If the worker
 * crashes, or is killed because it ran longer than `limit_s`, out->error is "failed: …".
 *
 * Returns false if the run was interrupted; the worker has been ended then.
 */
bool job_run(job_fn fn, const void *context, double limit_s, struct outcome *out);

/* Returns true if SIGINT, SIGTERM or SIGHUP was received. */
bool jobs_interrupted(void);

#endif
