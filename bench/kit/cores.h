/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The two cores that are measured on, and whether anything else uses them. */
#ifndef LLMP_BENCH_CORES_H
#define LLMP_BENCH_CORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cases/benchmark.h"

/* Side A (sender, clients) runs on `a`, side B (receiver, broker) on `b`. */
struct cores {
    int a;
    int b;
};

/*
 * Picks two of the cores that this process may use, on different physical cores where there are such. With only one,
 * cores_shared (sync.h) is set and nothing is pinned.
 */
void cores_pick(struct cores *cores);

/* Takes the user's choice. Returns 0, or -1 when this process may not run there. */
int cores_set(struct cores *cores, int a, int b);

/* Pins this process; nothing where there is only one core. */
void cores_pin(int core);

/* Ticks that the two cores spent since boot, from /proc/stat. */
struct core_ticks {
    uint64_t busy[2];
    uint64_t idle[2];
    uint64_t stolen[2]; /* by the hypervisor */
};

/* Returns 0, or -1 where the system does not tell. */
int core_ticks_read(const struct cores *cores, struct core_ticks *ticks);

/* The largest share of a core that was not idle between two readings, 0 to 1; its index in `which`. */
double core_ticks_load(const struct core_ticks *from, const struct core_ticks *to, int *which);

/* The largest share that was stolen, 0 to 1. */
double core_ticks_stolen(const struct core_ticks *from, const struct core_ticks *to);

/* Watches both cores for a moment. Writes "busy: …" into `why` and returns true when something else burns them. */
bool cores_busy(const struct cores *cores, char *why, size_t size);

/* What this process suffered so far. */
void usage_read(struct usage *usage);

/* Turns a reading into what happened since then. */
void usage_since(struct usage *usage);

/* Whether something else had the core for more than a small share of the time. Writes "busy: …". */
bool usage_disturbed(const struct usage usage[2], char *why, size_t size);

#endif
