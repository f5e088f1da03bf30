/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What lies in a map, byte by byte, and the arithmetic over it. No system calls, no state: everything here can be
 * called on any bytes.
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
 * The first slot stands at 48, every other one on a multiple of 64 (MSG-1).
 */
#ifndef LLMP_CHANNEL_PAGE_H
#define LLMP_CHANNEL_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llmp/llmp.h"
#include "os/atomic.h"

#define LLMP_PAGE_MAGIC UINT64_C(0x1A1A1A1A1A1A1AF1)
#define LLMP_PAGE_MAGIC_GIVEN_UP UINT64_C(0xDEADC0FEAF1BEEF1)

#define LLMP_PAGE_HEADER 48u
#define LLMP_SLOT_HEADER 40u
#define LLMP_LINE 64u
#define LLMP_EOP_PAYLOAD 32u
#define LLMP_EOP_ROOM 128u /* always kept free for END_OF_PAGE (SEND-1) */
#define LLMP_PAGE_SIZE_DEFAULT ((size_t)1 << 20)
#define LLMP_PAGE_SIZE_MIN 512u

struct llmp_page { /* PAGE */
    uint64_t magic;
    uint32_t sender_id;
    uint16_t joined;         /* receivers_joined_count */
    uint16_t left;           /* receivers_left_count */
    uint64_t current_msg_id; /* the release store that publishes, and its acquire load, are on this field */
    uint64_t size_total;
    uint64_t size_used;
    uint64_t max_alloc_size;
};

struct llmp_slot { /* MSG */
    uint32_t tag;
    uint32_t sender;
    uint32_t broker;
    uint32_t flags;
    uint64_t message_id;
    uint64_t buf_len;
    uint64_t buf_len_padded;
};

_Static_assert(sizeof(size_t) == 8, "the layout below is the one of 64-bit machines");
_Static_assert(offsetof(struct llmp_page, sender_id) == 8, "PAGE");
_Static_assert(offsetof(struct llmp_page, joined) == 12, "PAGE");
_Static_assert(offsetof(struct llmp_page, left) == 14, "PAGE");
_Static_assert(offsetof(struct llmp_page, current_msg_id) == 16, "PAGE");
_Static_assert(offsetof(struct llmp_page, size_total) == 24, "PAGE");
_Static_assert(offsetof(struct llmp_page, size_used) == 32, "PAGE");
_Static_assert(offsetof(struct llmp_page, max_alloc_size) == 40, "PAGE");
_Static_assert(sizeof(struct llmp_page) == LLMP_PAGE_HEADER, "PAGE");
_Static_assert(offsetof(struct llmp_slot, sender) == 4, "MSG");
_Static_assert(offsetof(struct llmp_slot, broker) == 8, "MSG");
_Static_assert(offsetof(struct llmp_slot, flags) == 12, "MSG");
_Static_assert(offsetof(struct llmp_slot, message_id) == 16, "MSG");
_Static_assert(offsetof(struct llmp_slot, buf_len) == 24, "MSG");
_Static_assert(offsetof(struct llmp_slot, buf_len_padded) == 32, "MSG");
_Static_assert(sizeof(struct llmp_slot) == LLMP_SLOT_HEADER, "MSG");

/* buf_len_padded for `length` payload bytes in a slot at map offset `offset` (MSG-1). No overflow below 2^63. */
static inline size_t llmp_slot_padded(size_t offset, size_t length) {
    size_t begin = offset + LLMP_SLOT_HEADER;
    return ((begin + length + LLMP_LINE - 1) & ~(size_t)(LLMP_LINE - 1)) - begin;
}

static inline struct llmp_slot *llmp_slot_at(void *page, size_t offset) {
    return (struct llmp_slot *)(void *)((unsigned char *)page + offset);
}

static inline void *llmp_slot_payload(struct llmp_slot *slot) {
    return slot + 1;
}

/* The size of the page after one whose largest allocation was `max_alloc` (EOP-4). */
size_t llmp_page_next_size(size_t max_alloc, size_t initial_size);

/* A fresh page, or a used one made fresh again (PAGE-1). Nobody may be reading it. */
void llmp_page_init(struct llmp_page *page, size_t map_size, uint32_t sender_id, size_t max_alloc);

/* Whether a receiver may start on this page (PAGE-3). */
int llmp_page_check(const struct llmp_page *page, size_t map_size);

/* Whether a header fits behind `offset` at all: to be asked before llmp_slot_copy() (RECV-2). */
static inline bool llmp_slot_fits(size_t map_size, size_t offset) {
    return offset <= map_size && map_size - offset >= LLMP_SLOT_HEADER;
}

/* Reads every field of a slot's header once: the copy is what gets checked and used (RECV-5). */
static inline void llmp_slot_copy(const struct llmp_slot *slot, struct llmp_slot *copy) {
    copy->tag = llmp_load_relaxed(&slot->tag);
    copy->sender = llmp_load_relaxed(&slot->sender);
    copy->broker = llmp_load_relaxed(&slot->broker);
    copy->flags = llmp_load_relaxed(&slot->flags);
    copy->message_id = llmp_load_relaxed(&slot->message_id);
    copy->buf_len = llmp_load_relaxed(&slot->buf_len);
    copy->buf_len_padded = llmp_load_relaxed(&slot->buf_len_padded);
}

static inline int llmp_slot_check_special(const struct llmp_slot *copy) {
    if (copy->tag == LLMP_TAG_END_OF_PAGE &&
        (copy->buf_len != LLMP_EOP_PAYLOAD || copy->buf_len_padded != LLMP_EOP_PAYLOAD)) {
        return -LLMP_E_EOP_LENGTH;
    }
    if (copy->tag == LLMP_TAG_EXITING && copy->buf_len != 0) {
        return -LLMP_E_MSG_EXITING;
    }
    return 0;
}

/*
 * Whether a copied header may be used (RECV-0, RECV-2, RECV-3, EOP-2): `offset` is where it stood, `id` the one that
 * has to come next.
 */
static inline int llmp_slot_check(const struct llmp_slot *copy, size_t map_size, size_t offset, uint64_t id) {
    if (!llmp_slot_fits(map_size, offset)) {
        return -LLMP_E_MSG_BOUNDS;
    }
    if (copy->tag == LLMP_TAG_UNSET) {
        return -LLMP_E_MSG_UNSET;
    }
    if (copy->tag == LLMP_TAG_UNINITIALIZED) {
        return -LLMP_E_MSG_UNINITIALIZED;
    }
    if (copy->message_id != id) {
        return -LLMP_E_MSG_ID;
    }
    if (copy->buf_len > copy->buf_len_padded) {
        return -LLMP_E_MSG_LENGTH;
    }
    size_t begin = offset + LLMP_SLOT_HEADER;
    if (copy->buf_len_padded > map_size - begin) {
        return -LLMP_E_MSG_BOUNDS;
    }
    if (copy->tag != LLMP_TAG_END_OF_PAGE && (begin + copy->buf_len_padded) % LLMP_LINE != 0) {
        return -LLMP_E_MSG_ALIGN;
    }
    return llmp_slot_check_special(copy);
}

/* The payload of END_OF_PAGE and NEW_SHM_CLIENT (EOP-1): LLMP_EOP_PAYLOAD bytes. Reads each once. */
void llmp_eop_write(void *payload, const llmp_shmem_desc *desc);
void llmp_eop_read(const void *payload, llmp_shmem_desc *desc);

/* Tags that only the protocol itself may send (MSG-2). */
static inline bool llmp_tag_is_reserved(uint32_t tag) {
    switch (tag) {
    case LLMP_TAG_UNSET:
    case LLMP_TAG_UNINITIALIZED:
    case LLMP_TAG_END_OF_PAGE:
    case LLMP_TAG_NEW_SHM_CLIENT:
    case LLMP_TAG_CLIENT_EXIT:
    case LLMP_TAG_EXITING:
    case LLMP_TAG_SLOW_RECEIVER: return true;
    default: return false;
    }
}

#endif
