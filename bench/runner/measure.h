/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Measuring one benchmark: between two readings of its baseline, on quiet cores, until it converges. */
#ifndef LLMP_BENCH_MEASURE_H
#define LLMP_BENCH_MEASURE_H

#include "runner/judge.h"

/* Callbacks for every repetition, also those that are not reported. Numbers count from 1. */
struct measure_watch {
    void (*begin)(void *context, unsigned number);
    void (*end)(void *context, const struct benchmark *benchmark, const struct repetition *repetition, unsigned number);
    void *context;
};

/* Sets `kept` to the repetition to report. Returns false if the run was interrupted; `kept` is undefined then. */
bool benchmark_measure(const struct benchmark *benchmark, const struct measure_watch *watch, struct repetition *kept);

#endif
