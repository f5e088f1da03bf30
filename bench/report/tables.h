/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a run prints when it is over. */
#ifndef LLMP_BENCH_TABLES_H
#define LLMP_BENCH_TABLES_H

#include "run.h"

/* On stdout: a table a case, which provider to pick, what was not ok, and where the results are. */
void tables_print(const struct run *run, const char *folder);

#endif
