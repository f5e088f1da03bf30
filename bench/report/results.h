/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The folder of a run and the files in it. */
#ifndef LLMP_BENCH_RESULTS_H
#define LLMP_BENCH_RESULTS_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "runner/judge.h"

struct results {
    char parent[256];  /* "results" */
    char name[96];     /* "20261121T234500Z-host" */
    char folder[400];  /* parent/name */
    FILE *summary;     /* summary.csv */
    FILE *repetitions; /* repetitions.jsonl */
    json_t *benchmark; /* the content of google-benchmark.json; null before the first map benchmark */
    json_t *hyperfine; /* the content of hyperfine.json; null before the first start benchmark */
};

/* Creates the folder and opens its files. Returns 0, or -1 after printing the error. */
int results_open(struct results *results, const char *parent, time_t start);

/* Adds a benchmark to summary.csv. */
void results_benchmark(struct results *results, const struct benchmark *benchmark, const struct repetition *kept);

/*
 * Adds a repetition to repetitions.jsonl, whether it is reported or not, and adds the files that Google Benchmark or
 * hyperfine wrote during it to the collected JSON.
 */
void results_repetition(struct results *results, const struct benchmark *benchmark, const struct repetition *repetition,
                        unsigned number);

/* Writes an object to a file of the folder. Prints an error if it fails. */
void results_json(const struct results *results, const char *file, const json_t *object);

/* Writes the collected JSON, closes all files, and makes the link `latest` point to the folder. */
void results_close(struct results *results);

#endif
