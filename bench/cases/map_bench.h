/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The operations on a map as benchmarks for Google Benchmark: those of a subject and, as their baseline, the system
 * calls.
 */
#ifndef LLMP_BENCH_MAP_BENCH_H
#define LLMP_BENCH_MAP_BENCH_H

#include <stddef.h>

#include "kit/gbench.h"
#include "kit/map_ops.h"

enum map_op { MAP_CREATE, MAP_OPEN, MAP_CLOSE, MAP_OPS };
extern const char *const map_op_names[MAP_OPS];

struct map_bench {
    const struct map_ops *ops;
    const void *context; /* for the operations */
    size_t size;
    enum map_op op;
};

/*
 * Times one operation (a gbench_fn): creating a map and mapping it, mapping it a second time, or closing it as its
 * owner with the removal of its memory. `context` is a struct map_bench.
 */
void map_bench_run(gbench_state *state, void *context);

#endif
