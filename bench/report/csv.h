/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* summary.csv: a line a metric, written and flushed as soon as its row is measured. */
#ifndef LLMP_BENCH_CSV_H
#define LLMP_BENCH_CSV_H

#include <stddef.h>
#include <stdio.h>

#include "runner/judge.h"

#define CSV_HEADER                                                                                                     \
    "case,implementation,transport,variant,payload_bytes,metric,value,unit,baseline,efficiency,placement_ns,status\n"

/* A field as RFC 4180 wants it: quoted when it holds a comma, a quote or a line end. */
void csv_field(FILE *file, const char *text);

/* Digits enough for a figure of any size, never an exponent. */
const char *csv_number(double value, char *text, size_t size);

/*
 * Writes one line for each metric, with the baseline of the same metric beside it. If the row failed, its values are empty
 * and `status` has the reason.
 */
void csv_benchmark(FILE *file, const struct benchmark *benchmark, const struct repetition *repetition);

/* Writes the line of memcpy for a payload: implementation "libc", transport "none", without a baseline. */
void csv_memcpy(FILE *file, size_t payload, const struct baseline_facts *facts);

#endif
