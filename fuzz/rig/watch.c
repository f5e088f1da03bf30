/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/watch.h"

#include "oracle/layout.h"
#include "rig/arena.h"
#include "rig/check.h"

static struct {
    bool on;
    uint32_t visit; /* counts calls, and within a call the loads of current_msg_id, which begin a visit of a page */
    uint32_t read_in[FUZZ_SEGMENTS][FUZZ_SEGMENT_MAX]; /* the visit in which each byte was read last */
} watch;

void fuzz_watch_begin(void) {
    watch.on = true;
    watch.visit++;
}

void fuzz_watch_end(void) {
    watch.on = false;
}

static void note_load(const void *address, size_t bytes) {
    int segment;
    size_t offset;
    if (!fuzz_arena_locate(address, &segment, &offset) || offset + bytes > FUZZ_SEGMENT_MAX) {
        return;
    }
    if (offset < LC_PAGE_HEADER) {
        watch.visit += offset == LC_PAGE_CURRENT_MSG_ID;
        return;
    }
    uint32_t *first = &watch.read_in[segment][offset];
    uint32_t *last = first + bytes - 1;
    if (*first == watch.visit || *last == watch.visit) {
        watch.on = false;
        fuzz_fail(__FILE__, __LINE__, "every byte of a slot is read once", "offset %zu was read twice", offset);
    }
    *first = watch.visit;
    *last = watch.visit;
}

/* The compiler calls these. fuzz.mk enables that for the library's sources alone, so no other load is reported. */
#define ON_LOAD(bytes, type)                                                                                           \
    void __sanitizer_cov_load##bytes(const type *address);                                                             \
    void __sanitizer_cov_load##bytes(const type *address) {                                                            \
        if (watch.on && fuzz_arena_contains(address)) {                                                                \
            note_load(address, bytes);                                                                                 \
        }                                                                                                              \
    }

ON_LOAD(1, uint8_t)
ON_LOAD(2, uint16_t)
ON_LOAD(4, uint32_t)
ON_LOAD(8, uint64_t)
ON_LOAD(16, void)
