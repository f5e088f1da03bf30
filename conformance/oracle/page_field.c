/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Access to single fields of a page, and the arithmetic of its layout. */
#include <string.h>

#include "oracle/page.h"

/* A page is an array of bytes; may_alias allows access to its fields by their types. */
typedef uint16_t __attribute__((may_alias)) shared16;
typedef uint32_t __attribute__((may_alias)) shared32;
typedef uint64_t __attribute__((may_alias)) shared64;

static bool is_aligned(const void *at, size_t bytes) {
    return (uintptr_t)at % bytes == 0;
}

static const void *at_offset(const void *base, size_t offset) {
    return (const uint8_t *)base + offset;
}

/* A hostile page can place a slot at any offset. An unaligned field cannot be accessed atomically, so it is copied. */
#define DEFINE_FIELD(bits)                                                                                             \
    uint##bits##_t lc_get##bits(const void *base, size_t offset) {                                                     \
        const void *at = at_offset(base, offset);                                                                      \
        uint##bits##_t value;                                                                                          \
        if (is_aligned(at, sizeof value)) {                                                                            \
            return __atomic_load_n((const shared##bits *)at, __ATOMIC_RELAXED);                                        \
        }                                                                                                              \
        memcpy(&value, at, sizeof value);                                                                              \
        return value;                                                                                                  \
    }                                                                                                                  \
                                                                                                                       \
    void lc_put##bits(void *base, size_t offset, uint##bits##_t value) {                                               \
        void *at = (uint8_t *)base + offset;                                                                           \
        if (is_aligned(at, sizeof value)) {                                                                            \
            __atomic_store_n((shared##bits *)at, value, __ATOMIC_RELAXED);                                             \
        } else {                                                                                                       \
            memcpy(at, &value, sizeof value);                                                                          \
        }                                                                                                              \
    }

DEFINE_FIELD(16)
DEFINE_FIELD(32)
DEFINE_FIELD(64)

/* Pairs with the sender's release store (SEND-3): all messages up to that id are visible after this load. */
uint64_t lc_current_msg_id(const void *page) {
    return __atomic_load_n((const shared64 *)at_offset(page, LC_PAGE_CURRENT_MSG_ID), __ATOMIC_ACQUIRE);
}

/* Pairs with the receiver's acquire load (SEND-3): the slots written before this store are visible after that load. */
void lc_set_current_msg_id(void *page, uint64_t value) {
    __atomic_store_n((shared64 *)at_offset(page, LC_PAGE_CURRENT_MSG_ID), value, __ATOMIC_RELEASE);
}

/* Acquire and release order the counters with the reads of the page: a reader joins before its first read, and leaves
 * after its last one. The sender reads the counters before it reuses the page. */
void lc_join(void *page) {
    __atomic_fetch_add((shared16 *)at_offset(page, LC_PAGE_JOINED), 1, __ATOMIC_ACQ_REL);
}

void lc_leave(void *page) {
    __atomic_fetch_add((shared16 *)at_offset(page, LC_PAGE_LEFT), 1, __ATOMIC_ACQ_REL);
}

/* ---------------------------------------------------------------- arithmetic */

uint64_t lc_padded(uint64_t offset, uint64_t length) {
    uint64_t header_end = offset + LC_MSG_HEADER;
    if (header_end < offset || length > UINT64_MAX - (LC_LINE - 1) - header_end) {
        return UINT64_MAX;
    }
    uint64_t end = (header_end + length + LC_LINE - 1) / LC_LINE * LC_LINE;
    return end - header_end;
}

bool lc_fits(uint64_t size_total, uint64_t used, uint64_t length) {
    const uint64_t around = LC_MSG_HEADER + LC_EOP_ROOM;
    if (used > UINT64_MAX - LC_PAGE_HEADER || used > size_total || size_total - used < around) {
        return false;
    }
    return lc_padded(LC_PAGE_HEADER + used, length) <= size_total - used - around;
}

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

uint64_t lc_next_size(uint64_t max_alloc, uint64_t initial_size) {
    const uint64_t highest = UINT64_C(1) << 63;
    const uint64_t around = LC_EOP_ROOM + LC_PAGE_HEADER;
    if (max_alloc > (highest - around) / 2) {
        return 0;
    }
    uint64_t wanted = larger(2 * max_alloc + around, initial_size > 0 ? initial_size - 1 : 0);
    uint64_t size = 1;
    while (size < wanted && size < highest) {
        size *= 2;
    }
    return size < wanted ? 0 : size;
}

/* ---------------------------------------------------------------- messages and tags */

struct lc_message lc_message_copy(const struct lc_map *map, uint64_t offset) {
    const uint8_t *slot = map->base + offset;
    return (struct lc_message){
        .tag = lc_get32(slot, LC_MSG_TAG),
        .sender = lc_get32(slot, LC_MSG_SENDER),
        .broker = lc_get32(slot, LC_MSG_BROKER),
        .flags = lc_get32(slot, LC_MSG_FLAGS),
        .id = lc_get64(slot, LC_MSG_ID),
        .length = lc_get64(slot, LC_MSG_LEN),
        .padded = lc_get64(slot, LC_MSG_PADDED),
        .offset = offset,
        .payload = slot + LC_MSG_HEADER,
    };
}

bool lc_tag_is_internal(uint32_t tag) {
    return tag == LC_TAG_UNSET || tag == LC_TAG_UNINITIALIZED || tag == LC_TAG_END_OF_PAGE ||
           tag == LC_TAG_NEW_SHM_CLIENT;
}

const char *lc_tag_name(uint32_t tag) {
    switch (tag) {
    case LC_TAG_UNSET: return "UNSET";
    case LC_TAG_UNINITIALIZED: return "UNINITIALIZED";
    case LC_TAG_END_OF_PAGE: return "END_OF_PAGE";
    case LC_TAG_NEW_SHM_CLIENT: return "NEW_SHM_CLIENT";
    case LC_TAG_CLIENT_EXIT: return "CLIENT_EXIT";
    case LC_TAG_EXITING: return "EXITING";
    case LC_TAG_SLOW_RECEIVER: return "SLOW_RECEIVER";
    default: return NULL;
    }
}
