/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The benchmarks of a map's life, for Google Benchmark: the library's and, beside it, the bare system calls. */
#ifndef LLMP_BENCH_MAP_OPS_H
#define LLMP_BENCH_MAP_OPS_H

#include "kit/gbench.h"
#include "llmp/shmem.h"

enum map_op { MAP_CREATE, MAP_OPEN, MAP_CLOSE, MAP_OPS };
extern const char *const map_op_names[MAP_OPS];

struct map_bench {
    const llmp_shmem_provider *provider;
    size_t size;
    enum map_op op;
};

/*
 * Benchmarks (gbench_fn); the context is a struct map_bench. Each times one operation: making a map and mapping it;
 * mapping it a second time by its description; closing it as its owner, with all that removes.
 */
void map_bench_library(gbench_state *state, void *context);
void map_bench_raw(gbench_state *state, void *context);

/* Whether map_bench_raw() knows the provider's system calls. */
int map_bench_has_raw(const llmp_shmem_provider *provider);

#endif
