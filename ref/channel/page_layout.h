/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bytes of a map: the page header (PAGE), slots (MSG), and the payload of END_OF_PAGE (EOP-1). On 64-bit machines:
 *
 *   0        8          12      14      16               24           32          40               48
 *   +--------+----------+-------+-------+----------------+------------+-----------+----------------+----------
 *   | magic  | sender   | joined| left  | current_msg_id | size_total | size_used | max_alloc_size | slots ...
 *   +--------+----------+-------+-------+----------------+------------+-----------+----------------+----------
 *
 *   a slot:  0     4        8        12      16           24        32               40
 *            +-----+--------+--------+-------+------------+---------+----------------+---------+-----------+
 *            | tag | sender | broker | flags | message_id | buf_len | buf_len_padded | payload | padding   |
 *            +-----+--------+--------+-------+------------+---------+----------------+---------+-----------+
 *                                                                                    |<- buf_len_padded -->|
 *
 * The first slot is at 48, every other one at a multiple of 64 (MSG-1).
 *
 * LLMP_OFFSET() lists each field with its offset on 64-bit and on 32-bit machines.
 */
#ifndef LLMP_CHANNEL_PAGE_LAYOUT_H
#define LLMP_CHANNEL_PAGE_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "llmp/llmp.h"

_Static_assert(sizeof(size_t) == 8, "only the layout below is ready for 32-bit machines");

#if SIZE_MAX > UINT32_MAX
#define LLMP_BY_WORD(on_64, on_32) on_64
#else
#define LLMP_BY_WORD(on_64, on_32) on_32
#endif

/* An integer of the wire that has the machine's word size. */
typedef LLMP_BY_WORD(uint64_t, uint32_t) llmp_word;

/*
 * The first offset from `offset` on at which the machine aligns a 64-bit integer: to 8 bytes, or on some machines to 4.
 */
#define LLMP_ALIGNED_64(offset) (((offset) + _Alignof(uint64_t) - 1) / _Alignof(uint64_t) * _Alignof(uint64_t))

#define LLMP_PAGE_MAGIC UINT64_C(0x1A1A1A1A1A1A1AF1)
#define LLMP_PAGE_MAGIC_RETIRED UINT64_C(0xDEADC0FEAF1BEEF1)

#define LLMP_PAGE_HEADER LLMP_BY_WORD(48u, 32u)
#define LLMP_SLOT_HEADER LLMP_BY_WORD(40u, (LLMP_ALIGNED_64(20u) + 16u))
#define LLMP_LINE 64u
#define LLMP_EOP_PAYLOAD LLMP_BY_WORD(32u, 24u)
#define LLMP_EOP_ROOM 128u /* reserved on each page for END_OF_PAGE (SEND-1) */
#define LLMP_PAGE_SIZE_DEFAULT ((size_t)1 << 20)
#define LLMP_PAGE_SIZE_MIN 512u
/* No page is larger. llmp_shmem_create() refuses this size, so that an absurd request ends with an error. */
#define LLMP_PAGE_SIZE_LIMIT ((size_t)1 << LLMP_BY_WORD(63, 31))

struct llmp_page {
    uint64_t magic;
    uint32_t sender_id;
    uint16_t joined;          /* receivers_joined_count */
    uint16_t left;            /* receivers_left_count */
    llmp_word current_msg_id; /* published by a release store, and loaded with acquire */
    llmp_word size_total;
    llmp_word size_used;
    llmp_word max_alloc_size;
};

struct llmp_slot {
    uint32_t tag;
    uint32_t sender;
    uint32_t broker;
    uint32_t flags;
    llmp_word message_id;
    uint64_t buf_len;
    uint64_t buf_len_padded;
};

/* On 32-bit machines the payload ends before the padding. */
struct llmp_eop {
    llmp_word map_size;
    llmp_shmem_id id;
    uint32_t padding;
};

#define LLMP_OFFSET(type, field, on_64, on_32)                                                                         \
    _Static_assert(offsetof(struct type, field) == LLMP_BY_WORD(on_64, on_32), #type "." #field)

LLMP_OFFSET(llmp_page, magic, 0, 0);
LLMP_OFFSET(llmp_page, sender_id, 8, 8);
LLMP_OFFSET(llmp_page, joined, 12, 12);
LLMP_OFFSET(llmp_page, left, 14, 14);
LLMP_OFFSET(llmp_page, current_msg_id, 16, 16);
LLMP_OFFSET(llmp_page, size_total, 24, 20);
LLMP_OFFSET(llmp_page, size_used, 32, 24);
LLMP_OFFSET(llmp_page, max_alloc_size, 40, 28);
_Static_assert(sizeof(struct llmp_page) == LLMP_PAGE_HEADER, "PAGE");

LLMP_OFFSET(llmp_slot, tag, 0, 0);
LLMP_OFFSET(llmp_slot, sender, 4, 4);
LLMP_OFFSET(llmp_slot, broker, 8, 8);
LLMP_OFFSET(llmp_slot, flags, 12, 12);
LLMP_OFFSET(llmp_slot, message_id, 16, 16);
LLMP_OFFSET(llmp_slot, buf_len, 24, LLMP_ALIGNED_64(20));
LLMP_OFFSET(llmp_slot, buf_len_padded, 32, LLMP_ALIGNED_64(20) + 8);
_Static_assert(sizeof(struct llmp_slot) == LLMP_SLOT_HEADER, "MSG");

LLMP_OFFSET(llmp_eop, map_size, 0, 0);
LLMP_OFFSET(llmp_eop, id, 8, 4);
LLMP_OFFSET(llmp_eop, padding, 28, 24);
_Static_assert(offsetof(struct llmp_eop, padding) + LLMP_BY_WORD(4, 0) == LLMP_EOP_PAYLOAD, "EOP-1");

static inline struct llmp_slot *llmp_slot_at(void *page, size_t offset) {
    return (struct llmp_slot *)(void *)((unsigned char *)page + offset);
}

static inline void *llmp_slot_payload(struct llmp_slot *slot) {
    return slot + 1;
}

#endif
