/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The clock. Both processes of a benchmark read CLOCK_MONOTONIC, so their readings can be compared. */
#ifndef LLMP_BENCH_CLOCK_H
#define LLMP_BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Returns nanoseconds since an arbitrary point in time. */
static inline uint64_t clock_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/*
 * Returns how many nanoseconds one clock_now() adds to an interval that contains one: the median of many calls,
 * measured once per process. It is subtracted from every latency, of subjects and baselines alike.
 */
double clock_cost_ns(void);

/* Sleeps for the whole time, even if signals arrive. */
void clock_sleep_ms(unsigned milliseconds);

#endif
