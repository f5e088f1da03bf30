/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A job: one measurement in a worker process of its own, so that whatever goes wrong in it (a crash, a hang) costs one
 * row and not the run. The runner sleeps meanwhile, as it has no core of its own.
 */
#ifndef LLMP_BENCH_JOB_H
#define LLMP_BENCH_JOB_H

#include <stdbool.h>

#include "cases/benchmark.h"

typedef void (*job_fn)(const void *context, struct outcome *out);

/* Blocks the signals that jobs wait for. Call it once, before the first job. */
void jobs_init(void);

/* Called now and then while a job runs; null: nothing. */
void jobs_on_tick(void (*tick)(void));

/*
 * Runs `fn` in a worker pinned to the first core and copies what it found. A worker that crashes, or takes longer than
 * `limit_s`, gives "failed: …". Returns false when the run was interrupted (then the worker has been ended).
 */
bool job_run(job_fn fn, const void *context, double limit_s, struct outcome *out);

/* Whether SIGINT, SIGTERM or SIGHUP came. */
bool jobs_interrupted(void);

#endif
