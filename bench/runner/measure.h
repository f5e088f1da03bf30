/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Measuring one row: between its baselines, on quiet cores, again until it settles. */
#ifndef LLMP_BENCH_MEASURE_H
#define LLMP_BENCH_MEASURE_H

#include "runner/judge.h"

/* Told of every attempt, also of those that are not kept. Numbers count from 1. */
typedef void (*repetition_fn)(void *context, const struct benchmark *benchmark, const struct repetition *repetition,
                              unsigned number);

struct measure_watch {
    void (*begin)(void *context, unsigned number); /* an attempt begins */
    repetition_fn end;
    void *context;
};

/* Sets `kept` to the attempt to report. Returns false when the run was interrupted; `kept` means nothing then. */
bool benchmark_measure(const struct benchmark *benchmark, const struct measure_watch *watch, struct repetition *kept);

#endif
