/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a map costs to create, to open and to close, in one process, driven by Google Benchmark.
 *
 * Each operation runs between two runs of its baseline, the bare system calls, so a row brings its own baselines. The map is
 * not touched: faulting it in costs the same whoever made it.
 */
#include <stdio.h>

#include "cases/channel.h"
#include "cases/map_ops.h"

enum { BEFORE, LIBRARY, AFTER, PARTS };
static const char *const part_names[PARTS] = {"baseline-before", "subject", "baseline-after"};

struct map_row {
    struct map_bench bench[MAP_OPS];
    struct outcome *out;
};

static struct times *times_of(struct outcome *out, int part) {
    return part == LIBRARY ? &out->times : &out->own_baseline[part == AFTER];
}

/* Results come in the order in which the benchmarks were registered; each tells its name all the same. */
static void take_result(void *context, const gbench_result *result) {
    struct map_row *m = context;
    if (result->error != NULL) {
        outcome_fail(m->out, "failed: %s: %s", result->name, result->error);
        return;
    }
    for (int op = 0; op < MAP_OPS; op++) {
        for (int part = 0; part < PARTS; part++) {
            char tail[48];
            snprintf(tail, sizeof tail, "/%s/%s", map_op_names[op], part_names[part]);
            size_t length = strlen(result->name), want = strlen(tail);
            if (length >= want && strcmp(result->name + length - want, tail) == 0) {
                struct times *times = times_of(m->out, part);
                times->ns[op] = result->ns;
                times->count = MAP_OPS;
            }
        }
    }
}

static void register_op(struct map_row *m, const struct benchmark *benchmark, enum map_op op, bool raw) {
    gbench_options options = {.manual_time = true, .min_seconds = benchmark->settings->map_seconds};
    m->bench[op] = (struct map_bench){.provider = benchmark->provider, .size = benchmark->payload, .op = op};
    for (int part = 0; part < PARTS; part++) {
        char name[128];
        snprintf(name, sizeof name, "map/ref/%s/%zu/%s/%s", llmp_shmem_provider_name(benchmark->provider),
                 benchmark->payload, map_op_names[op], part_names[part]);
        if (part == LIBRARY) {
            gbench_register(name, map_bench_library, &m->bench[op], &options);
        } else if (raw) {
            gbench_register(name, map_bench_raw, &m->bench[op], &options);
        }
    }
}

void map_measure(const struct benchmark *benchmark, struct outcome *out) {
    struct map_row m = {.out = out};
    char json[512];
    bool raw = map_bench_has_raw(benchmark->provider) != 0;
    snprintf(json, sizeof json, "%s/gbench.part", benchmark->settings->scratch);
    for (int op = 0; op < MAP_OPS; op++) {
        register_op(&m, benchmark, (enum map_op)op, raw);
    }
    gbench_run(take_result, &m, json);
    gbench_clear();
    if (out->times.count == 0) {
        outcome_fail(out, "failed: no result from Google Benchmark");
    }
}
