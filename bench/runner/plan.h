/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which rows a run measures, in which order. */
#ifndef LLMP_BENCH_PLAN_H
#define LLMP_BENCH_PLAN_H

#include "runner/options.h"

struct plan {
    struct benchmark *benchmarks;
    unsigned count;
};

/*
 * Rows of the same baseline follow each other (all providers of a payload), so that the baseline behind one row is the baseline
 * before the next. `settings` has to live as long as the plan. Returns 0, or -1 without memory.
 */
int plan_init(struct plan *plan, const struct options *options, const struct settings *settings);
void plan_fini(struct plan *plan);

/* How long everything takes and how often, for a full or a quick run. `scratch` is not set. */
void settings_init(struct settings *settings, const struct options *options);

/* Seconds that a row takes when nothing has to be repeated, for the time left. */
double benchmark_seconds(const struct benchmark *benchmark);

#endif
