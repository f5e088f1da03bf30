/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/arena.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sanitizer/asan_interface.h>

#include "rig/check.h"

#define GUARD 64u
#define GUARD_BYTE 0xA5
#define STRIDE FUZZ_ARENA_STRIDE
#define VIEW FUZZ_ARENA_VIEW
#define RIG_VIEW FUZZ_VIEWS /* behind the views of maps */

/* The views lie one behind the other. */
uint8_t *fuzz_arena;

void fuzz_arena_init(void) {
    if (fuzz_arena != NULL) {
        return;
    }
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    FUZZ_CHECK(fd >= 0 && ftruncate(fd, VIEW) == 0, "no memory for the arena");
    uint8_t *base = mmap(NULL, FUZZ_ARENA_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    FUZZ_CHECK(base != MAP_FAILED, "no addresses for the arena");
    for (size_t i = 0; i < FUZZ_VIEWS + 1; i++) {
        void *view = mmap(base + i * VIEW, VIEW, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
        FUZZ_CHECK(view != MAP_FAILED, "no view of the arena");
    }
    (void)close(fd);
    ASAN_POISON_MEMORY_REGION(base, FUZZ_VIEWS * VIEW);
    fuzz_arena = base;
}

uint8_t *fuzz_arena_view(int place, int view) {
    return fuzz_arena + (size_t)view * VIEW + (size_t)place * STRIDE + GUARD;
}

uint8_t *fuzz_arena_bytes(int place) {
    return fuzz_arena_view(place, RIG_VIEW);
}

bool fuzz_arena_find_view(const void *address, int *place, int *view) {
    size_t at = (size_t)((const uint8_t *)address - fuzz_arena);
    *view = (int)(at / VIEW);
    *place = (int)(at % VIEW / STRIDE);
    return at < FUZZ_VIEWS * VIEW && at % VIEW % STRIDE == GUARD;
}

bool fuzz_arena_locate(const void *address, int *place, size_t *offset) {
    size_t at = (size_t)((const uint8_t *)address - fuzz_arena);
    if (at >= FUZZ_ARENA_SIZE || at % VIEW % STRIDE < GUARD) {
        return false;
    }
    *place = (int)(at % VIEW / STRIDE);
    *offset = at % VIEW % STRIDE - GUARD;
    return true;
}

void fuzz_arena_set_guards(int place, size_t size) {
    memset(fuzz_arena_bytes(place) - GUARD, GUARD_BYTE, GUARD);
    memset(fuzz_arena_bytes(place) + size, GUARD_BYTE, GUARD);
}

static bool is_guard(const uint8_t *bytes) {
    uint8_t differs = 0;
    for (size_t i = 0; i < GUARD; i++) {
        differs |= bytes[i] ^ GUARD_BYTE;
    }
    return differs == 0;
}

bool fuzz_arena_guards_intact(int place, size_t size) {
    return is_guard(fuzz_arena_bytes(place) - GUARD) && is_guard(fuzz_arena_bytes(place) + size);
}
