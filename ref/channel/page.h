/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The arithmetic and the checks on pages. No system calls and no state: every function may be called on any bytes.
 *
 * Comments that begin with an at sign are contracts in ACSL: what a function requires of its caller, and what it
 * guarantees, for all inputs. `make prove` proves them; fuzz/prove/README.md explains the notation.
 */
#ifndef LLMP_CHANNEL_PAGE_H
#define LLMP_CHANNEL_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel/page_layout.h"
#include "llmp/llmp.h"
#include "os/atomic.h"

/*
 * Returns buf_len_padded for `length` payload bytes in a slot at map offset `offset` (MSG-1): the smallest value that
 * holds them and ends the slot at a multiple of 64. The sum cannot overflow, because a sender's lengths and maps have
 * much smaller bounds.
 */
/*@ requires offset + LLMP_SLOT_HEADER + length + LLMP_LINE <= SIZE_MAX;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures (offset + LLMP_SLOT_HEADER + \result) % LLMP_LINE == 0;
  @ ensures length <= \result < length + LLMP_LINE;
  @*/
static inline size_t llmp_slot_padded(size_t offset, size_t length) {
    size_t end = offset + LLMP_SLOT_HEADER + length;
    return length + (LLMP_LINE - end % LLMP_LINE) % LLMP_LINE;
}

/*@ inductive llmp_power_of_two(integer n) {
  @   case one: llmp_power_of_two(1);
  @   case twice: \forall integer n; llmp_power_of_two(n) ==> llmp_power_of_two(2 * n);
  @ }
  @ logic integer llmp_page_wanted(integer max_alloc, integer initial_size) =
  @     \max(2 * max_alloc + LLMP_EOP_ROOM + LLMP_PAGE_HEADER, initial_size - 1);
  @*/

/* Returns the size of the page after one whose largest allocation was `max_alloc` (EOP-4). */
/*@ terminates \true; exits \false; assigns \nothing;
  @ behavior sane:
  @   assumes llmp_page_wanted(max_alloc, initial_size) <= LLMP_PAGE_SIZE_LIMIT;
  @   ensures llmp_power_of_two(\result);
  @   ensures \result / 2 < llmp_page_wanted(max_alloc, initial_size) <= \result;
  @ behavior absurd:
  @   assumes llmp_page_wanted(max_alloc, initial_size) > LLMP_PAGE_SIZE_LIMIT;
  @   ensures \result == LLMP_PAGE_SIZE_LIMIT;
  @ complete behaviors; disjoint behaviors;
  @*/
size_t llmp_page_next_size(size_t max_alloc, size_t initial_size);

/* Initialises a new page, or a used one again (PAGE-1). No receiver may be reading it. */
void llmp_page_init(struct llmp_page *page, size_t map_size, uint32_t sender_id, size_t max_alloc);

/*
 * Checks that a receiver may start on this page (PAGE-3). Returns 0, -LLMP_E_PAGE_TOO_SMALL, -LLMP_E_PAGE_RETIRED or
 * -LLMP_E_PAGE_MAGIC.
 */
/*@ requires map_size >= LLMP_PAGE_HEADER ==> \valid_read(page);
  @ requires llmp_few_loads;
  @ terminates \true; exits \false; assigns llmp_loads;
  @ behavior small:
  @   assumes map_size < LLMP_PAGE_HEADER + LLMP_SLOT_HEADER;
  @   ensures \result == -LLMP_E_PAGE_TOO_SMALL && llmp_loads == \old(llmp_loads);
  @ behavior looks_once:
  @   assumes map_size >= LLMP_PAGE_HEADER + LLMP_SLOT_HEADER;
  @   ensures llmp_loads == \old(llmp_loads) + 1;
  @   ensures \result == 0 <==> llmp_seen64(&page->magic, \old(llmp_loads)) == LLMP_PAGE_MAGIC;
  @   ensures \result == -LLMP_E_PAGE_RETIRED
  @           <==> llmp_seen64(&page->magic, \old(llmp_loads)) == LLMP_PAGE_MAGIC_RETIRED;
  @   ensures \result == 0 || \result == -LLMP_E_PAGE_RETIRED || \result == -LLMP_E_PAGE_MAGIC;
  @ complete behaviors; disjoint behaviors;
  @*/
int llmp_page_check(const struct llmp_page *page, size_t map_size);

/*
 * Returns true if a slot header at `offset` is inside the map. llmp_slot_copy() must not be called otherwise (RECV-2).
 */
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <==> offset + LLMP_SLOT_HEADER <= map_size;
  @*/
static inline bool llmp_slot_fits(size_t map_size, size_t offset) {
    return offset <= map_size && map_size - offset >= LLMP_SLOT_HEADER;
}

/* Copies a slot header and loads each field once. Only the copy may be checked and used (RECV-5). */
/*@ requires \valid_read(slot) && \valid(copy) && \separated(slot, copy);
  @ requires llmp_few_loads;
  @ terminates \true; exits \false; assigns *copy, llmp_loads;
  @ ensures llmp_loads == \old(llmp_loads) + 7;
  @ ensures copy->tag == llmp_seen32(&slot->tag, \old(llmp_loads));
  @ ensures copy->sender == llmp_seen32(&slot->sender, \old(llmp_loads) + 1);
  @ ensures copy->broker == llmp_seen32(&slot->broker, \old(llmp_loads) + 2);
  @ ensures copy->flags == llmp_seen32(&slot->flags, \old(llmp_loads) + 3);
  @ ensures copy->message_id == llmp_seen64(&slot->message_id, \old(llmp_loads) + 4);
  @ ensures copy->buf_len == llmp_seen64(&slot->buf_len, \old(llmp_loads) + 5);
  @ ensures copy->buf_len_padded == llmp_seen64(&slot->buf_len_padded, \old(llmp_loads) + 6);
  @*/
static inline void llmp_slot_copy(const struct llmp_slot *slot, struct llmp_slot *copy) {
    copy->tag = llmp_load_relaxed(&slot->tag);
    copy->sender = llmp_load_relaxed(&slot->sender);
    copy->broker = llmp_load_relaxed(&slot->broker);
    copy->flags = llmp_load_relaxed(&slot->flags);
    copy->message_id = llmp_load_relaxed(&slot->message_id);
    copy->buf_len = llmp_load_relaxed(&slot->buf_len);
    copy->buf_len_padded = llmp_load_relaxed(&slot->buf_len_padded);
}

/*@ predicate llmp_slot_written(struct llmp_slot *s) =
  @     s->tag != LLMP_TAG_UNSET && s->tag != LLMP_TAG_UNINITIALIZED;
  @ predicate llmp_slot_inside(struct llmp_slot *s, integer map_size, integer offset) =
  @     offset + LLMP_SLOT_HEADER + s->buf_len_padded <= map_size;
  @ predicate llmp_slot_aligned(struct llmp_slot *s, integer offset) =
  @     s->tag == LLMP_TAG_END_OF_PAGE || (offset + LLMP_SLOT_HEADER + s->buf_len_padded) % LLMP_LINE == 0;
  @ predicate llmp_slot_eop_whole(struct llmp_slot *s) = s->tag == LLMP_TAG_END_OF_PAGE
  @     ==> s->buf_len == LLMP_EOP_PAYLOAD && s->buf_len_padded == LLMP_EOP_PAYLOAD;
  @ predicate llmp_slot_exit_empty(struct llmp_slot *s) = s->tag == LLMP_TAG_EXITING ==> s->buf_len == 0;
  @ predicate llmp_slot_sound(struct llmp_slot *s, integer map_size, integer offset, integer id) =
  @     llmp_slot_written(s) && s->message_id == id && s->buf_len <= s->buf_len_padded &&
  @     llmp_slot_inside(s, map_size, offset) && llmp_slot_aligned(s, offset) &&
  @     llmp_slot_eop_whole(s) && llmp_slot_exit_empty(s);
  @*/

/*@ requires \valid_read(copy);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == 0 <==> llmp_slot_eop_whole(copy) && llmp_slot_exit_empty(copy);
  @ ensures \result == -LLMP_E_EOP_LENGTH <==> !llmp_slot_eop_whole(copy);
  @ ensures \result == -LLMP_E_MSG_EXITING <==> !llmp_slot_exit_empty(copy);
  @*/
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
 * Checks a copied header (RECV-0, RECV-2, RECV-3, EOP-2). `offset` is the slot's offset in the map, `id` the expected
 * message id. Returns 0, or the first violation.
 */
/*@ requires \valid_read(copy);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == 0 <==> llmp_slot_sound(copy, map_size, offset, id);
  @ ensures \result == -LLMP_E_MSG_UNSET <==> offset + LLMP_SLOT_HEADER <= map_size && copy->tag == LLMP_TAG_UNSET;
  @ ensures \result == -LLMP_E_MSG_UNINITIALIZED
  @         <==> offset + LLMP_SLOT_HEADER <= map_size && copy->tag == LLMP_TAG_UNINITIALIZED;
  @ ensures \result == -LLMP_E_MSG_ID
  @         <==> offset + LLMP_SLOT_HEADER <= map_size && llmp_slot_written(copy) && copy->message_id != id;
  @ ensures \result == -LLMP_E_MSG_LENGTH ==> copy->buf_len > copy->buf_len_padded;
  @ ensures \result == -LLMP_E_MSG_BOUNDS ==> !llmp_slot_inside(copy, map_size, offset);
  @ ensures \result == -LLMP_E_MSG_ALIGN ==> !llmp_slot_aligned(copy, offset);
  @ ensures \result == -LLMP_E_EOP_LENGTH ==> !llmp_slot_eop_whole(copy);
  @ ensures \result == -LLMP_E_MSG_EXITING ==> !llmp_slot_exit_empty(copy);
  @ ensures \result \in {0, -LLMP_E_MSG_UNSET, -LLMP_E_MSG_UNINITIALIZED, -LLMP_E_MSG_ID, -LLMP_E_MSG_LENGTH,
  @                      -LLMP_E_MSG_BOUNDS, -LLMP_E_MSG_ALIGN, -LLMP_E_EOP_LENGTH, -LLMP_E_MSG_EXITING};
  @*/
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

/*
 * As llmp_slot_check(), and returns the size of the slot. The next slot begins that far behind `offset`: after this
 * one, at a multiple of 64, and not behind the end of the map.
 */
/*@ requires \valid_read(copy) && \valid(size) && \separated(copy, size);
  @ terminates \true; exits \false; assigns *size;
  @ ensures \result == 0 <==> llmp_slot_sound(copy, map_size, offset, id);
  @ ensures \result <= 0;
  @ ensures \result == 0 ==> *size == LLMP_SLOT_HEADER + copy->buf_len_padded;
  @ ensures \result == 0 ==> offset < offset + *size <= map_size;
  @ ensures \result == 0 && copy->tag != LLMP_TAG_END_OF_PAGE ==> (offset + *size) % LLMP_LINE == 0;
  @ ensures \result == 0 ==> LLMP_SLOT_HEADER + copy->buf_len <= *size;
  @ ensures \result != 0 ==> *size == \old(*size);
  @*/
static inline int llmp_slot_step(const struct llmp_slot *copy, size_t map_size, size_t offset, uint64_t id,
                                 size_t *size) {
    int rc = llmp_slot_check(copy, map_size, offset, id);
    if (rc == 0) {
        *size = LLMP_SLOT_HEADER + (size_t)copy->buf_len_padded;
    }
    return rc;
}

/* Writes the payload of END_OF_PAGE. The padding is zeroed, so that no bytes of this process leak into it. */
/*@ requires \valid(eop) && \valid_read(desc) && \separated(eop, desc);
  @ terminates \true; exits \false; assigns *eop;
  @ ensures eop->map_size == desc->size;
  @ ensures \forall integer i; 0 <= i < LLMP_SHMEM_ID_SIZE ==> eop->id.bytes[i] == desc->id.bytes[i];
  @ ensures eop->padding == 0;
  @*/
void llmp_eop_put(struct llmp_eop *eop, const llmp_shmem_desc *desc);

/* Reads the payload of END_OF_PAGE, and loads each byte once (RECV-5). */
/*@ requires \valid_read(eop) && \valid(desc) && \separated(eop, desc);
  @ requires llmp_few_loads;
  @ terminates \true; exits \false; assigns *desc, llmp_loads;
  @ ensures llmp_loads == \old(llmp_loads) + 1 + LLMP_SHMEM_ID_SIZE;
  @ ensures desc->size == llmp_seen64(&eop->map_size, \old(llmp_loads));
  @ ensures \forall integer i; 0 <= i < LLMP_SHMEM_ID_SIZE
  @         ==> desc->id.bytes[i] == llmp_seen_char(&eop->id.bytes[i], \old(llmp_loads) + 1 + i);
  @*/
void llmp_eop_take(const struct llmp_eop *eop, llmp_shmem_desc *desc);

/* The same for a payload address: LLMP_EOP_PAYLOAD bytes, 8-byte aligned, of END_OF_PAGE or NEW_SHM_CLIENT. */
static inline void llmp_eop_write(void *payload, const llmp_shmem_desc *desc) {
    llmp_eop_put(payload, desc);
}

static inline void llmp_eop_read(const void *payload, llmp_shmem_desc *desc) {
    llmp_eop_take(payload, desc);
}

/* Returns true for tags that only the protocol itself may send (MSG-2). */
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <==> tag \in {0x00DEADAF, 0xA143AF11, 0x0AF1E0F1, 0x0C11E471, 0x0C11E472, 0x013C5171, 0x70051041};
  @*/
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
