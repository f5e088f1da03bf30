/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The time and the disturbances of a process while it is measured. */
#ifndef LLMP_BENCH_USAGE_H
#define LLMP_BENCH_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct usage {
    uint64_t wall_ns;
    uint64_t run_delay_ns; /* ready to run, while another task used its core */
    uint64_t preempted;    /* involuntary context switches */
    uint64_t slept;        /* voluntary context switches */
    uint64_t faults;       /* minor page faults */
};

/* Reads the counters of this process as they are now. */
void usage_read(struct usage *usage);

/* Replaces a reading by what has happened since. */
void usage_since(struct usage *usage);

/*
 * Returns true if one of the two sides waited for its core for more than a small share of the time, and writes
 * "busy: …" to `status`. False if both sides share one core, because they delay each other then.
 */
bool usage_disturbed(const struct usage usage[2], char *status, size_t size);

#endif
