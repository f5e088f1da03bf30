/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Measuring one row: between its floors, on quiet cores, again until it settles. */
#ifndef LLMP_BENCH_MEASURE_H
#define LLMP_BENCH_MEASURE_H

#include "runner/judge.h"

/* Told of every attempt, also of those that are not kept. Numbers count from 1. */
typedef void (*attempt_fn)(void *context, const struct row *row, const struct attempt *attempt, unsigned number);

struct measure_watch {
    void (*begin)(void *context, unsigned number); /* an attempt begins */
    attempt_fn end;
    void *context;
};

/* Sets `kept` to the attempt to report. Returns false when the run was interrupted; `kept` means nothing then. */
bool measure_row(const struct row *row, const struct measure_watch *watch, struct attempt *kept);

#endif
