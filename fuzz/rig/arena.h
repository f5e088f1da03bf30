/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The memory of the provider in maps.c: a place for each segment, with guard bytes before and behind it. The arena is
 * mapped FUZZ_VIEWS times, at different addresses, and once more for the rig itself.
 */
#ifndef LLMP_FUZZ_ARENA_H
#define LLMP_FUZZ_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_SEGMENT_MAX ((size_t)64 << 10) /* bytes of a segment */
#define FUZZ_SEGMENTS 64
#define FUZZ_VIEWS 8 /* maps of one segment at the same time */

#define FUZZ_ARENA_STRIDE (FUZZ_SEGMENT_MAX + 4096) /* from one place to the next */
#define FUZZ_ARENA_VIEW (FUZZ_SEGMENTS * FUZZ_ARENA_STRIDE)
#define FUZZ_ARENA_SIZE ((FUZZ_VIEWS + 1) * FUZZ_ARENA_VIEW) /* of all views, the rig's own included */
extern uint8_t *fuzz_arena;

/* Returns true if the address lies in the arena. Called for every load of the library. */
static inline bool fuzz_arena_contains(const void *address) {
    return (size_t)((const uint8_t *)address - fuzz_arena) < FUZZ_ARENA_SIZE;
}

/* Maps the arena and poisons its views, the first time it is called. */
void fuzz_arena_init(void);

/* Returns a place's first byte in the rig's own view, which is never poisoned. */
uint8_t *fuzz_arena_bytes(int place);

/* Returns a place's first byte in a view, which is poisoned except for maps that are open. */
uint8_t *fuzz_arena_view(int place, int view);

/* Finds the place and the view whose first byte is at `address`. Returns false if there is none. */
bool fuzz_arena_find_view(const void *address, int *place, int *view);

/* Finds the place that an address in any view belongs to, and the offset in it. Returns false if there is none. */
bool fuzz_arena_locate(const void *address, int *place, size_t *offset);

/* Fills the guards around a segment of that size; checks that they are unchanged. */
void fuzz_arena_set_guards(int place, size_t size);
bool fuzz_arena_guards_intact(int place, size_t size);

#endif
