/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* summary.csv: one line per benchmark and metric, flushed as soon as the benchmark is measured. */
#ifndef LLMP_BENCH_CSV_H
#define LLMP_BENCH_CSV_H

#include <stddef.h>
#include <stdio.h>

#include "runner/judge.h"

#define CSV_HEADER                                                                                                     \
    "case,implementation,transport,variant,payload_bytes,metric,value,unit,baseline,efficiency,placement_ns,status\n"

/* Writes a field; quoted if it contains a comma, a quote or a line end (RFC 4180). */
void csv_field(FILE *file, const char *text);

/* Formats a figure with at least four significant digits above 1, without an exponent. Returns `text`. */
const char *csv_number(double value, char *text, size_t size);

/*
 * Writes the lines of a benchmark: value, baseline and efficiency of each metric. If it failed, values and efficiencies
 * are empty, and `status` has the reason.
 */
void csv_benchmark(FILE *file, const struct benchmark *benchmark, const struct repetition *repetition);

/* Writes the line of memcpy for a payload: implementation "libc", transport "none", without a baseline. */
void csv_memcpy(FILE *file, size_t payload, const struct baseline_facts *facts);

#endif
