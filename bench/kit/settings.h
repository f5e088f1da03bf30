/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Durations, counts and options that apply to all benchmarks of a run. */
#ifndef LLMP_BENCH_SETTINGS_H
#define LLMP_BENCH_SETTINGS_H

#include <stdint.h>

struct settings {
    uint64_t seed;             /* of the payloads' content */
    uint64_t warm_ns;          /* how long a channel is used before it is timed */
    uint64_t timed_ns;         /* how long a channel is timed */
    uint64_t baseline_scan_ns; /* how long each setting of a baseline is tried, to find the fastest ones */
    uint64_t baseline_ns;      /* how long the fastest ones are measured again: this reading is the baseline */
    double map_seconds;        /* minimum duration of each map operation's benchmark */
    unsigned starts;           /* process starts per benchmark */
    unsigned max_tries;        /* repetitions until one converges, the first included */
    unsigned repeat;           /* results per benchmark, of which the median is reported */
    double retry_budget_s;     /* time that a run may spend on waiting for quiet cores and on retries, in total */
    uint64_t flip_at;          /* self-test: number of the message of which one bit is flipped in transit; 0: none */
    const char *scratch;       /* folder for files that processes exchange */
};

#endif
