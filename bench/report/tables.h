/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The summary that a run prints when it is over. */
#ifndef LLMP_BENCH_TABLES_H
#define LLMP_BENCH_TABLES_H

#include "runner/record.h"

/* Prints a table per family, which subject is fastest, which benchmarks are not ok, and the folder of the results. */
void tables_print(const struct record *record, const char *folder);

#endif
