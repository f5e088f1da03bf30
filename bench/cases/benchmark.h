/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Benchmarks and their metrics.
 *
 * A *family* is a case with its variant ("stream", "batch"). A *benchmark* is a family with a subject and a payload;
 * one worker process measures one benchmark at a time. A *repetition* is one measurement of a benchmark; its outcome
 * holds a few times, from which all metrics are derived. summary.csv has one line per benchmark and metric.
 */
#ifndef LLMP_BENCH_BENCHMARK_H
#define LLMP_BENCH_BENCHMARK_H

#include "baselines/baseline.h"
#include "kit/outcome.h"
#include "kit/settings.h"
#include "subjects/subject.h"

/* The derivation of a metric from a time. */
enum metric_form { METRIC_TIME, METRIC_PER_SECOND, METRIC_BYTES_PER_SECOND };

struct metric {
    const char *name;
    const char *unit;
    enum metric_form form;
    unsigned time; /* index into struct times */
};

struct benchmark;
typedef void (*benchmark_fn)(const struct benchmark *benchmark, struct outcome *out);

struct family {
    const char *case_name;
    const char *variant;
    benchmark_fn measure; /* runs in a worker process on the first core */
    bool (*supports)(const struct subject *subject);
    enum baseline_kind baseline;
    unsigned compared_times; /* how many of the first times must agree between the two baseline readings */
    unsigned metric_count;
    const struct metric *metrics;
};

struct benchmark {
    const struct family *family;
    const struct subject *subject;
    size_t payload; /* bytes; of a map benchmark, the size of the map */
    const struct settings *settings;
};

/* Returns the value of a metric in its unit. */
double metric_value(const struct metric *metric, const struct times *times, size_t payload);

#endif
