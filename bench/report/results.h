/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The folder of a run and the files in it. */
#ifndef LLMP_BENCH_RESULTS_H
#define LLMP_BENCH_RESULTS_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "runner/judge.h"

/* Version of the files' format, in environment.json. 1 had no version and other names. */
enum { RESULTS_FORMAT = 2 };

struct results {
    char parent[256];  /* results */
    char name[96];     /* 20261121T234500Z-host */
    char folder[400];  /* both together */
    FILE *summary;     /* summary.csv */
    FILE *repetitions; /* repetitions.jsonl */
    json_t *benchmark; /* what google-benchmark.json will be; null before the first */
    json_t *hyperfine; /* likewise hyperfine.json */
};

/* Makes the folder and opens its files. Returns 0, or -1 after saying why on stderr. */
int results_open(struct results *results, const char *parent, time_t start);

/* Adds a row to summary.csv, flushed. */
void results_benchmark(struct results *results, const struct benchmark *benchmark, const struct repetition *repetition);

/*
 * Adds an attempt to repetitions.jsonl, whether it is kept or not, and what Google Benchmark or hyperfine left of it to
 * the collected JSON.
 */
void results_repetition(struct results *results, const struct benchmark *benchmark, const struct repetition *repetition,
                        unsigned number);

/* Writes an object to a file of the folder. */
void results_json(const struct results *results, const char *file, const json_t *object);

/* Writes the collected JSON, closes everything, and makes `latest` point here. */
void results_close(struct results *results);

#endif
