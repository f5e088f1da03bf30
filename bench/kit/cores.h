/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The two cores on which benchmarks run, and whether other programs use them. */
#ifndef LLMP_BENCH_CORES_H
#define LLMP_BENCH_CORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Side A (sender, clients) runs on core `a`, side B (receiver, broker) on core `b`. */
struct cores {
    int a;
    int b;
};

/*
 * Picks two of the cores that this process may use, on different physical cores if there are such. If there is only
 * one, sets cores_shared (sync.h), and cores_pin() does nothing.
 */
void cores_pick(struct cores *cores);

/* Uses the cores that the user chose. Returns 0, or -1 if this process may not run on them. */
int cores_set(struct cores *cores, int a, int b);

/* Pins this process to a core. Does nothing if both sides share one core. */
void cores_pin(int core);

/* Ticks that the two cores spent since boot, from /proc/stat. */
struct core_ticks {
    uint64_t busy[2];
    uint64_t idle[2];
    uint64_t stolen[2]; /* by the hypervisor */
};

/* Returns 0, or -1 if the system does not provide the numbers. */
int core_ticks_read(const struct cores *cores, struct core_ticks *ticks);

/*
 * Returns the larger of the two cores' shares of non-idle time between two readings, 0 to 1; `which` receives its
 * index.
 */
double core_ticks_load(const struct core_ticks *from, const struct core_ticks *to, int *which);

/* Returns the larger of the two cores' shares of stolen time, 0 to 1. */
double core_ticks_stolen(const struct core_ticks *from, const struct core_ticks *to);

/* Observes both cores for 60 ms. Returns true if another program uses one of them, and writes "busy: …" to `status`. */
bool cores_busy(const struct cores *cores, char *status, size_t size);

#endif
