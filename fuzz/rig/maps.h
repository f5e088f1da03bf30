/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A provider of shared memory without a system call, which notices what no real one can.
 *
 * All segments lie in one arena that is mapped several times, and every map that is opened gets a view of its own. A
 * byte outside a map, or inside one that was closed, is poisoned in that view, even while others have the segment open,
 * so AddressSanitizer reports every access to it. Without AddressSanitizer the guards around a segment still show what
 * was written outside.
 */
#ifndef LLMP_FUZZ_MAPS_H
#define LLMP_FUZZ_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llmp/shmem.h"

#define FUZZ_SEGMENT_MAX ((size_t)64 << 10)

extern const llmp_shmem_provider fuzz_maps;

/*
 * Begins an execution: no segment is there. The ids of segments that the library makes follow from `salt`, so that no
 * input can name them: pass fuzz_maps_salt() of the input.
 */
void fuzz_maps_begin(uint32_t salt);
uint32_t fuzz_maps_salt(const uint8_t *data, size_t size);

/* Ends it: fails where a map is still open, or a guard is not what it was. */
void fuzz_maps_end(void);

/* A segment of a peer, with that content. Its id is its number in decimal, counted from 1 in the order of these calls. */
int fuzz_maps_put(const uint8_t *bytes, size_t size);

/* The peer behind a segment dies: whoever has it open is alone. */
void fuzz_maps_orphan(int segment);

/* A segment's bytes, whoever has it open, through a view that is nobody's. */
uint8_t *fuzz_maps_bytes(int segment);
size_t fuzz_maps_size(int segment);

/* Which segment an id names, as the provider understands it: -1 for none. */
int fuzz_maps_find(const char *id);

/* Where an address lies: its segment and its offset there. False: in none. */
bool fuzz_maps_where(const void *address, int *segment, size_t *offset);

/* Maps that are open now. */
int fuzz_maps_open(void);

#endif
