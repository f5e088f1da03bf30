/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The outcome of one measurement: times, or an error. */
#ifndef LLMP_BENCH_OUTCOME_H
#define LLMP_BENCH_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "kit/usage.h"

enum { TIMES_MAX = 5, STATUS_SIZE = 160 };

/*
 * The times of a measurement, in nanoseconds; smaller is better. All metrics are derived from them. A stream has one
 * time (per message), a latency benchmark its percentiles, a map benchmark create, open and close.
 */
struct times {
    unsigned count;
    double ns[TIMES_MAX];
};

/* Counters of the subject's channel, for repetitions.jsonl; of broker benchmarks, of its broadcast channel. */
struct channel_facts {
    uint64_t messages;
    uint64_t pages_created;
    uint64_t maps_opened;
    uint64_t window; /* pages in rotation */
};

/* The setting of a baseline that was the fastest, and two readings that are taken with every baseline. */
struct baseline_facts {
    uint64_t window;      /* bytes of slots that are used over and over */
    unsigned write_batch; /* messages per publication */
    unsigned read_batch;  /* messages per check for new ones */
    bool inlined;         /* copied by the compiler's inline copy; false: by memcpy() */
    double line_ns;       /* one way of a cache line from core to core: placement_ns */
    double memcpy_ns;     /* copying one payload within the caches of one core */
};

/* The result of a worker process, in memory that it shares with the runner. */
struct outcome {
    char error[STATUS_SIZE]; /* empty on success; otherwise "corrupt: …" or "failed: …" */
    struct times times;
    struct times own_baseline[2]; /* before and after, of benchmarks that measure their baseline themselves */
    struct usage usage[2];        /* of side A and side B */
    struct channel_facts channel;
    struct baseline_facts baseline;
};

/*
 * Writes the formatted text to `outcome->error`, unless it contains an error already: the first one explains the
 * others. Commas become semicolons, because the text is a field of summary.csv.
 */
void outcome_fail(struct outcome *outcome, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True if no error was recorded. */
static inline bool outcome_ok(const struct outcome *outcome) {
    return outcome->error[0] == '\0';
}

#endif
