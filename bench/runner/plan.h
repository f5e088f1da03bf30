/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The benchmarks that a run measures, and their order. */
#ifndef LLMP_BENCH_PLAN_H
#define LLMP_BENCH_PLAN_H

#include "cases/benchmark.h"
#include "runner/options.h"

struct plan {
    struct benchmark *benchmarks;
    unsigned count;
};

/*
 * Lists the benchmarks that the options select and that their subjects support. Benchmarks with the same baseline (all
 * subjects of a payload) are neighbours, so that the baseline after one is the baseline before the next. `settings`
 * must live as long as the plan. Returns 0, or -1 without memory.
 */
int plan_init(struct plan *plan, const struct options *options, const struct settings *settings);
void plan_fini(struct plan *plan);

/* Sets durations and counts for a full or a quick run. Does not set `scratch`. */
void settings_init(struct settings *settings, const struct options *options);

/* Returns the seconds that a benchmark takes if nothing is retried. For the display of the time left. */
double benchmark_seconds(const struct benchmark *benchmark);

#endif
