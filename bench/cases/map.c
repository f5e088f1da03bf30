/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The cost of creating, opening and closing a map, in one process, driven by Google Benchmark.
 *
 * Each operation is measured between two measurements of its baseline, the bare system calls, so a repetition measures
 * its own baselines. The memory is not touched: its page faults cost the same for every implementation.
 */
#include <stdio.h>

#include "baselines/map_calls.h"
#include "cases/cases.h"
#include "cases/map_bench.h"
#include "subjects/subjects.h"

enum { BEFORE, SUBJECT, AFTER, PARTS };
static const char *const part_names[PARTS] = {"baseline-before", "subject", "baseline-after"};

/* The registered benchmarks of all operations, and where their results go. */
struct map_run {
    struct map_bench subject[MAP_OPS];
    struct map_bench baseline[MAP_OPS];
    struct outcome *out;
};

static struct times *times_of(struct outcome *out, int part) {
    return part == SUBJECT ? &out->times : &out->own_baseline[part == AFTER ? 1 : 0];
}

static bool ends_with(const char *text, const char *tail) {
    size_t length = strlen(text), tail_length = strlen(tail);
    return length >= tail_length && strcmp(text + length - tail_length, tail) == 0;
}

/* Stores a result by the name of its benchmark (a gbench_report_fn). */
static void take_result(void *context, const gbench_result *result) {
    struct map_run *run = context;
    if (result->error != NULL) {
        outcome_fail(run->out, "failed: %s: %s", result->name, result->error);
        return;
    }
    for (int op = 0; op < MAP_OPS; op++) {
        for (int part = 0; part < PARTS; part++) {
            char tail[48];
            snprintf(tail, sizeof tail, "/%s/%s", map_op_names[op], part_names[part]);
            if (ends_with(result->name, tail)) {
                times_of(run->out, part)->ns[op] = result->ns;
                times_of(run->out, part)->count = MAP_OPS;
            }
        }
    }
}

/*
 * Registers an operation of the subject between two of its baseline, unless the transport's system calls are unknown.
 */
static void register_op(struct map_run *run, const struct benchmark *benchmark, enum map_op op) {
    const struct subject *subject = benchmark->subject;
    const struct map_ops *calls = map_calls_find(subject->transport);
    gbench_options options = {.manual_time = true, .min_seconds = benchmark->settings->map_seconds};
    run->subject[op] = (struct map_bench){subject->map, subject->context, benchmark->payload, op};
    run->baseline[op] = (struct map_bench){calls, NULL, benchmark->payload, op};
    for (int part = 0; part < PARTS; part++) {
        struct map_bench *bench = part == SUBJECT ? &run->subject[op] : &run->baseline[op];
        char known[SUBJECT_NAME_SIZE], name[160];
        snprintf(name, sizeof name, "map/%s/%zu/%s/%s", subject_name(subject, known), benchmark->payload,
                 map_op_names[op], part_names[part]);
        if (bench->ops != NULL) {
            gbench_register(name, map_bench_run, bench, &options);
        }
    }
}

void map_measure(const struct benchmark *benchmark, struct outcome *out) {
    struct map_run run = {.out = out};
    char json[512];
    snprintf(json, sizeof json, "%s/gbench.part", benchmark->settings->scratch);
    for (int op = 0; op < MAP_OPS; op++) {
        register_op(&run, benchmark, (enum map_op)op);
    }
    gbench_run(take_result, &run, json);
    gbench_clear();
    if (out->times.count == 0) {
        outcome_fail(out, "failed: no result from Google Benchmark");
    }
}
