/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The two readings that are taken with every baseline: a cache line from core to core, and memcpy() within one core. */
#ifndef LLMP_BENCH_LINE_H
#define LLMP_BENCH_LINE_H

#include <stddef.h>

/* Returns the nanoseconds, one way, of a cache line that goes back and forth between the two cores; 0 on failure. */
double baseline_line(void);

/* Returns the nanoseconds of copying `bytes` bytes within the caches of one core. `arena` is ARENA_BYTES long. */
double baseline_memcpy(unsigned char *arena, size_t bytes);

#endif
