/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Writing one message into its slot: check, allocate, fill. Only sender.c and sender_batch.c include this file; its
 * functions are inline because every message passes through them.
 */
#ifndef LLMP_CHANNEL_SENDER_SLOT_H
#define LLMP_CHANNEL_SENDER_SLOT_H

#include "channel/page.h"
#include "channel/sender_state.h"
#include "os/atomic.h"

/*
 * Returns true if a message of `length` bytes fits into the page (SEND-1), and its padded length. max_alloc grows even
 * if it does not fit, so that the next page is large enough; lower_max_alloc() must follow if there is no next page.
 */
static inline bool fits(llmp_sender *sender, size_t length, size_t *padded) {
    *padded = llmp_slot_padded(LLMP_PAGE_HEADER + sender->used, length);
    size_t need = LLMP_SLOT_HEADER + *padded;
    if (need > sender->max_alloc) {
        sender->max_alloc = need;
        sender->page->max_alloc_size = need;
    }
    return sender->used + need + LLMP_EOP_ROOM <= sender->room;
}

/* A message that found no page is not counted: otherwise one that is too large for the machine would make all later pages
 * as large as the one that it did not get. */
static inline void lower_max_alloc(llmp_sender *sender, size_t before) {
    if (sender->max_alloc != before) {
        sender->max_alloc = before;
        sender->page->max_alloc_size = before;
    }
}

static inline int check_alloc(const llmp_sender *sender, size_t length) {
    if (sender->pending) {
        return -LLMP_E_ALLOC_PENDING;
    }
    if (sender->exited || sender->abandoned) {
        return sender->exited ? -LLMP_E_CLOSED : -LLMP_E_REMOVED;
    }
    return length > sender->max_message ? -LLMP_E_TOO_LARGE : 0;
}

/* Marks the slot as not initialised until the commit, and the slot behind it as not written (SEND-2). */
static inline struct llmp_slot *open_slot(llmp_sender *sender, size_t length, size_t padded) {
    struct llmp_slot *slot = llmp_sender_next_slot(sender);
    slot->tag = LLMP_TAG_UNINITIALIZED;
    slot->message_id = sender->last_id + 1;
    sender->pending = true;
    sender->length = length;
    sender->padded = padded;
    llmp_slot_at(slot + 1, padded)->tag = LLMP_TAG_UNSET;
    return slot;
}

/* Writes the whole header from private state, so that nothing remains of what a peer wrote to the slot meanwhile. */
static inline void fill_slot(llmp_sender *sender, struct llmp_slot *slot, uint32_t sender_id, uint32_t tag,
                             uint32_t flags) {
    slot->tag = tag;
    slot->sender = sender_id;
    slot->broker = 0;
    slot->flags = flags;
    slot->message_id = ++sender->last_id;
    slot->buf_len = sender->length;
    slot->buf_len_padded = sender->padded;
    sender->used += LLMP_SLOT_HEADER + sender->padded;
    sender->pending = false;
    sender->messages++;
}

#define PREFETCH_BYTES 1152u

/*
 * Prefetches the cache lines of the next message for writing, on the guess that it is as long as the message in `slot`.
 * When it is sent, its lines are in this core's cache and the store that publishes it does not wait for them.
 */
static inline void prefetch_next(const llmp_sender *sender, const struct llmp_slot *slot, size_t size) {
    const unsigned char *next = (const unsigned char *)slot + size;
    size_t room = sender->room - sender->used;
    size_t end = size + LLMP_LINE;
    end = end < PREFETCH_BYTES ? end : PREFETCH_BYTES;
    end = end < room ? end : room;
    for (size_t line = LLMP_LINE; line < end; line += LLMP_LINE) {
        llmp_prefetch_write(next + line);
    }
}

#endif
