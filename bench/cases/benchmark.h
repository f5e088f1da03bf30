/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a measurement is.
 *
 * A *kind* is a case with its variant ("stream", "batch"). A *row* is a kind with a provider and a payload: what one
 * worker process measures at a time. Its *outcome* holds a few times in nanoseconds (smaller is better), from which all
 * metrics of the row follow. In summary.csv a row takes one line for each metric.
 */
#ifndef LLMP_BENCH_BENCHMARK_H
#define LLMP_BENCH_BENCHMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llmp/shmem.h"

enum { TIMES_MAX = 5, STATUS_SIZE = 160 };

/* A stream has one time (per message), a latency row its percentiles, a map row create, open and close. */
struct times {
    unsigned count;
    double ns[TIMES_MAX];
};

/* What one process of a row cost and suffered while it was timed. */
struct usage {
    uint64_t wall_ns;
    uint64_t run_delay_ns; /* ready to run, but something else had its core */
    uint64_t preempted;    /* involuntary context switches */
    uint64_t slept;        /* voluntary ones */
    uint64_t faults;       /* minor page faults */
};

/* The channel's own account, for attempts.jsonl; of broker rows the broadcast channel's. */
struct channel_facts {
    uint64_t messages;
    uint64_t pages_created;
    uint64_t maps_opened;
    uint64_t window; /* pages that go round */
};

/* Which setting of a baseline was the best one. */
struct baseline_facts {
    uint64_t window; /* bytes of slots that are used over and over */
    unsigned write_batch;
    unsigned read_batch;
    bool inlined;     /* the compiler's copy rather than memcpy */
    double line_ns;   /* a cache line, one way: placement_ns */
    double memcpy_ns; /* copying one payload within a core's caches */
};

/* What a worker process hands back, in memory that it shares with the runner. */
struct outcome {
    char why[STATUS_SIZE]; /* empty: it worked; else "corrupt: …" or "failed: …" */
    struct times times;
    struct times own_baseline[2]; /* before and after, of kinds that measure their baseline themselves */
    struct usage usage[2];        /* of side A and side B */
    struct channel_facts channel;
    struct baseline_facts baseline;
};

/* How long, how much, with what. */
struct settings {
    uint64_t seed;
    uint64_t warm_ns;          /* of a channel, before it is timed */
    uint64_t timed_ns;         /* of a channel */
    uint64_t baseline_scan_ns; /* each setting of a baseline, to find the best ones */
    uint64_t baseline_ns;      /* the best ones again: this is the baseline */
    double map_seconds;        /* each map operation, at least */
    unsigned starts;           /* process starts a row */
    unsigned max_tries;        /* attempts at a row that does not settle */
    unsigned repeat;           /* measurements a row, of which the median is written */
    double retry_budget_s; /* what a run may spend on waiting for quiet cores and on trying again, all rows together */
    uint64_t flip_at;      /* self-test: the message of which one bit is flipped on its way; 0: none */
    const char *scratch;   /* folder for files between processes */
};

enum baseline_kind { BASELINE_STREAM, BASELINE_PINGPONG, BASELINE_RELAY, BASELINE_OWN };

/* How a line of summary.csv follows from a time. */
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
    enum baseline_kind baseline;
    unsigned compared_times; /* how many of the leading times have to agree between the two baselines */
    unsigned metric_count;
    const struct metric *metrics;
};

struct benchmark {
    const struct family *family;
    const llmp_shmem_provider *provider;
    size_t payload; /* bytes; of a map row, the size of the map */
    const struct settings *settings;
};

/* Writes "what: LLMP_E_…" or the like into `why`, unless an earlier cause stands there. Commas become semicolons. */
void outcome_fail(struct outcome *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The value of a metric: a time as it is, or what follows from it. */
double metric_value(const struct metric *metric, const struct times *times, size_t payload);

#endif
