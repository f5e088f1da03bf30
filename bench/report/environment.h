/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* environment.json: where, when and how a run was made. */
#ifndef LLMP_BENCH_ENVIRONMENT_H
#define LLMP_BENCH_ENVIRONMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

#include "kit/settings.h"
#include "runner/options.h"

/* Version of the format of all files of a run. Version 1 had no such field, and other names. */
enum { RESULTS_FORMAT = 2 };

/* Returns a new object with everything that is known before the first benchmark. */
json_t *environment_new(int argc, char **argv, const struct options *options, const struct settings *settings,
                        time_t start);

/* Adds what is known at the end of the run. */
void environment_finish(json_t *environment, unsigned benchmarks, unsigned benchmarks_ok, bool interrupted);

#endif
