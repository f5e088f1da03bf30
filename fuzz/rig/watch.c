/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/watch.h"

#include "oracle/layout.h"
#include "rig/arena.h"
#include "rig/check.h"
#include "rig/maps.h"

static struct {
    bool on;
    uint32_t visit; /* counts calls, and within them every look at current_msg_id, with which a page's visit begins */
    uint32_t read_in[FUZZ_SEGMENTS][FUZZ_SEGMENT_MAX]; /* the visit in which a byte was read last */
} watch;

void fuzz_watch_begin(void) {
    watch.on = true;
    watch.visit++;
}

void fuzz_watch_end(void) {
    watch.on = false;
}

static void note(const void *address, size_t bytes) {
    int segment;
    size_t offset;
    if (!fuzz_arena_where(address, &segment, &offset) || offset + bytes > FUZZ_SEGMENT_MAX) {
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

/* Their names are the compiler's. Only the library's own loads are reported: fuzz.mk asks for that there alone. */
void __sanitizer_cov_load1(const uint8_t *address);
void __sanitizer_cov_load2(const uint16_t *address);
void __sanitizer_cov_load4(const uint32_t *address);
void __sanitizer_cov_load8(const uint64_t *address);
void __sanitizer_cov_load16(const void *address);

void __sanitizer_cov_load1(const uint8_t *address) {
    if (watch.on && fuzz_arena_holds(address)) {
        note(address, 1);
    }
}

void __sanitizer_cov_load2(const uint16_t *address) {
    if (watch.on && fuzz_arena_holds(address)) {
        note(address, 2);
    }
}

void __sanitizer_cov_load4(const uint32_t *address) {
    if (watch.on && fuzz_arena_holds(address)) {
        note(address, 4);
    }
}

void __sanitizer_cov_load8(const uint64_t *address) {
    if (watch.on && fuzz_arena_holds(address)) {
        note(address, 8);
    }
}

void __sanitizer_cov_load16(const void *address) {
    if (watch.on && fuzz_arena_holds(address)) {
        note(address, 16);
    }
}
