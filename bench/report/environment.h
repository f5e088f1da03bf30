/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* environment.json: where, when and how a run was made. */
#ifndef LLMP_BENCH_ENVIRONMENT_H
#define LLMP_BENCH_ENVIRONMENT_H

#include <jansson.h>
#include <time.h>

#include "cases/benchmark.h"
#include "runner/options.h"

/* What is known before the first row. */
json_t *environment_new(int argc, char **argv, const struct options *options, const struct settings *settings,
                        time_t start);

/* Adds what is known at the end. */
void environment_finish(json_t *environment, unsigned benchmarks, unsigned rows_ok, bool interrupted);

#endif
