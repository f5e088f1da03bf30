/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A provider of shared memory that makes no system call and reports accesses that no real provider can notice.
 *
 * All segments lie in one arena that is mapped several times (arena.h), and every map that is opened gets a view of its
 * own. In that view, bytes outside the map are poisoned, and all bytes after the map was closed, even while other maps
 * of the segment are open; AddressSanitizer reports every access to them. Without AddressSanitizer the guards around a
 * segment still show writes outside it.
 */
#ifndef LLMP_FUZZ_MAPS_H
#define LLMP_FUZZ_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llmp/shmem.h"
#include "rig/arena.h"

extern const llmp_shmem_provider fuzz_maps;

/*
 * Begins an execution, without segments. The ids of segments that the library creates follow from `salt`, so that no
 * input can name them: pass fuzz_maps_salt() of the input.
 */
void fuzz_maps_begin(uint32_t salt);
uint32_t fuzz_maps_salt(const uint8_t *data, size_t size);

/* Ends an execution: fails if a map is still open or a guard was overwritten. */
void fuzz_maps_end(void);

/*
 * Creates a segment of a peer with these bytes, and returns it. Its id is a decimal number, counted from 1 in the order
 * of these calls.
 */
int fuzz_maps_put(const uint8_t *bytes, size_t size);

/* Marks the peer that holds a segment as dead: a process that has the segment open is alone. */
void fuzz_maps_orphan(int segment);

/* Returns a segment's bytes in the rig's own view. */
uint8_t *fuzz_maps_bytes(int segment);
size_t fuzz_maps_size(int segment);

/* Returns the segment that an id names (ID-3), or -1. */
int fuzz_maps_find(const char *id);

/* Finds the segment that an address belongs to, and the offset in it. Returns false if there is none. */
bool fuzz_maps_locate(const void *address, int *segment, size_t *offset);

/* Returns how many maps are open. */
int fuzz_maps_count(void);

#endif
