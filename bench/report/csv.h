/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* summary.csv: a line a metric, written and flushed as soon as its row is measured. */
#ifndef LLMP_BENCH_CSV_H
#define LLMP_BENCH_CSV_H

#include <stddef.h>
#include <stdio.h>

#include "runner/judge.h"

#define CSV_HEADER "case,impl,provider,variant,payload_bytes,metric,value,unit,floor_ratio,placement_ns,ok\n"

/* A field as RFC 4180 wants it: quoted when it holds a comma, a quote or a line end. */
void csv_field(FILE *file, const char *text);

/* Digits enough for a figure of any size, never an exponent. */
const char *csv_number(double value, char *text, size_t size);

/*
 * The lines of a row: one for each metric (impl ref), each followed by its floor's (impl floor). A row that failed has
 * empty values and the reason in `ok`.
 */
void csv_row(FILE *file, const struct row *row, const struct attempt *attempt);

/* The line of the memcpy floor of a payload. */
void csv_memcpy(FILE *file, size_t payload, const struct floor_facts *facts);

#endif
