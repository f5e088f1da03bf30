/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Creating, opening and closing maps, one operation timed and the others not. */
#include "cases/map_ops.h"

#include "baselines/map_calls.h"
#include "kit/clock.h"

const char *const map_op_names[MAP_OPS] = {"create", "open", "close"};

/* What is timed runs between two of these; the clock's own cost is taken off. */
static void set_interval(gbench_state *state, uint64_t start, uint64_t end) {
    double ns = (double)(end - start) - clock_cost_ns();
    gbench_set_seconds(state, (ns > 1 ? ns : 1) / 1e9);
}

/* Create and close take turns, and one of the two counts. Returns false when it failed. */
static bool library_turn(gbench_state *state, const struct map_bench *bench) {
    llmp_shmem *map;
    uint64_t start = clock_now();
    int rc = llmp_shmem_create(bench->provider, bench->size, NULL, &map);
    uint64_t made = clock_now();
    if (rc != 0) {
        gbench_fail(state, llmp_error_name(rc));
        return false;
    }
    uint64_t again = clock_now();
    llmp_shmem_close(map);
    uint64_t closed = clock_now();
    if (bench->op == MAP_CREATE) {
        set_interval(state, start, made);
    } else {
        set_interval(state, again, closed);
    }
    return true;
}

static bool library_open(gbench_state *state, const struct map_bench *bench, const llmp_shmem_desc *desc) {
    llmp_shmem *map;
    uint64_t start = clock_now();
    int rc = llmp_shmem_open(bench->provider, desc, NULL, &map);
    uint64_t opened = clock_now();
    if (rc != 0) {
        gbench_fail(state, llmp_error_name(rc));
        return false;
    }
    set_interval(state, start, opened);
    llmp_shmem_close(map);
    return true;
}

static void library_opens(gbench_state *state, const struct map_bench *bench) {
    llmp_shmem *original;
    int rc = llmp_shmem_create(bench->provider, bench->size, NULL, &original);
    if (rc != 0) {
        gbench_fail(state, llmp_error_name(rc));
        return;
    }
    llmp_shmem_desc desc = llmp_shmem_describe(original);
    while (gbench_keep_running(state)) {
        if (!library_open(state, bench, &desc)) {
            break;
        }
    }
    llmp_shmem_close(original);
}

void map_bench_library(gbench_state *state, void *context) {
    const struct map_bench *bench = context;
    if (bench->op == MAP_OPEN) {
        library_opens(state, bench);
        return;
    }
    while (gbench_keep_running(state)) {
        if (!library_turn(state, bench)) {
            return;
        }
    }
}

static bool raw_turn(gbench_state *state, const struct map_bench *bench, const struct raw_provider *provider) {
    struct raw_map map;
    uint64_t start = clock_now();
    int rc = raw_map_create(provider, bench->size, &map);
    uint64_t made = clock_now();
    if (rc != 0) {
        gbench_fail(state, "the system calls failed");
        return false;
    }
    uint64_t again = clock_now();
    raw_map_close(&map);
    uint64_t closed = clock_now();
    if (bench->op == MAP_CREATE) {
        set_interval(state, start, made);
    } else {
        set_interval(state, again, closed);
    }
    return true;
}

static bool raw_open(gbench_state *state, const struct raw_map *original) {
    struct raw_map map;
    uint64_t start = clock_now();
    int rc = raw_map_open(original, &map);
    uint64_t opened = clock_now();
    if (rc != 0) {
        gbench_fail(state, "the system calls failed");
        return false;
    }
    set_interval(state, start, opened);
    raw_map_close(&map);
    return true;
}

static void raw_opens(gbench_state *state, const struct map_bench *bench, const struct raw_provider *provider) {
    struct raw_map original;
    if (raw_map_create(provider, bench->size, &original) != 0) {
        gbench_fail(state, "the system calls failed");
        return;
    }
    while (gbench_keep_running(state)) {
        if (!raw_open(state, &original)) {
            break;
        }
    }
    raw_map_close(&original);
}

void map_bench_raw(gbench_state *state, void *context) {
    const struct map_bench *bench = context;
    const struct raw_provider *provider = raw_provider_find(llmp_shmem_provider_name(bench->provider));
    if (bench->op == MAP_OPEN) {
        raw_opens(state, bench, provider);
        return;
    }
    while (gbench_keep_running(state)) {
        if (!raw_turn(state, bench, provider)) {
            return;
        }
    }
}

int map_bench_has_raw(const llmp_shmem_provider *provider) {
    return raw_provider_find(llmp_shmem_provider_name(provider)) != NULL;
}
