/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Time. Both processes of a row read the same clock, so their readings can be compared. */
#ifndef LLMP_BENCH_CLOCK_H
#define LLMP_BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/*
 * What one clock_now() adds to an interval that contains one: every latency has it subtracted, in rows and baselines
 * alike. The median of many calls, measured once a process.
 */
double clock_cost_ns(void);

/* Sleeps; a signal does not cut it short. */
void clock_sleep_ms(unsigned milliseconds);

#endif
