/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The memory under maps.c: places for segments, a guard before and behind each, all of it mapped several times. */
#ifndef LLMP_FUZZ_ARENA_H
#define LLMP_FUZZ_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_SEGMENTS 64
#define FUZZ_VIEWS 8 /* of one segment, at the same time */

#define FUZZ_ARENA_ALL ((FUZZ_VIEWS + 1) * (FUZZ_SEGMENTS * ((size_t)68 << 10)))
extern uint8_t *fuzz_arena;

/* Whether an address is one of the arena's at all; asked for every load of the library. */
static inline bool fuzz_arena_holds(const void *address) {
    return (size_t)((const uint8_t *)address - fuzz_arena) < FUZZ_ARENA_ALL;
}

/* Maps and poisons everything, the first time. */
void fuzz_arena_ready(void);

/* A place's bytes through a view that is never poisoned, and through one that is, but for what is open. */
uint8_t *fuzz_arena_bytes(int place);
uint8_t *fuzz_arena_view(int place, int view);

/* Whose first byte in which view an address is. False: none's. */
bool fuzz_arena_which(const void *address, int *place, int *view);

/* The place of any address in any view, and the offset there. */
bool fuzz_arena_where(const void *address, int *place, size_t *offset);

void fuzz_arena_set_guards(int place, size_t size);
bool fuzz_arena_guards_hold(int place, size_t size);

#endif
