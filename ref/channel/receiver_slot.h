/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reading one slot. Only receiver.c and receiver_batch.c include this file; its functions are inline because every
 * message passes through them.
 *
 * A peer may have written any byte of a page, and may change it at any time. A header is copied once, the copy is
 * checked, and only the copy is used (RECV-5). Every violation is an error code.
 */
#ifndef LLMP_CHANNEL_RECEIVER_SLOT_H
#define LLMP_CHANNEL_RECEIVER_SLOT_H

#include "channel/page.h"
#include "channel/receiver_state.h"
#include "os/atomic.h"

#define PREFETCH_BYTES 1024u
#define PREFETCH_MESSAGES 16u

/*
 * Prefetches cache lines of this slot or of later ones. The processor cannot do this by itself: it does not know where
 * a message ends and the next one begins before the header has arrived.
 *
 * If many messages are unread, it prefetches lines some messages ahead; that takes a twelfth off the time of a 64-byte
 * message. For a single message it prefetches all lines at once, on the guess that the message is as long as the one
 * before; that takes a quarter off the latency of 64 bytes, whose two lines would otherwise come from the other core
 * one after the other. It must not prefetch a line too many, because the sender writes that line next.
 */
static inline void prefetch_slots(const llmp_receiver *receiver, const struct llmp_slot *slot) {
    const unsigned char *bytes = (const unsigned char *)slot;
    if (receiver->known_id - receiver->last_id > PREFETCH_MESSAGES) {
        llmp_prefetch(bytes + PREFETCH_BYTES);
        llmp_prefetch(bytes + PREFETCH_BYTES + LLMP_LINE);
        return;
    }
    size_t end = receiver->last_size < PREFETCH_BYTES ? receiver->last_size : PREFETCH_BYTES;
    for (size_t line = LLMP_LINE; line < end; line += LLMP_LINE) {
        llmp_prefetch(bytes + line);
    }
}

/* Copies the header of the next slot to `head`, checks the copy, and returns the slot and its size. */
static inline int check_slot(const llmp_receiver *receiver, struct llmp_slot **slot, struct llmp_slot *head,
                             size_t *size) {
    if (!llmp_slot_fits(receiver->size, receiver->offset)) {
        return -LLMP_E_MSG_BOUNDS;
    }
    *slot = llmp_slot_at(receiver->page, receiver->offset);
    prefetch_slots(receiver, *slot);
    llmp_slot_copy(*slot, head);
    return llmp_slot_step(head, receiver->size, receiver->offset, receiver->last_id + 1, size);
}

/* Advances past a slot that was checked, and describes it. */
static inline void take_slot(llmp_receiver *receiver, struct llmp_slot *slot, const struct llmp_slot *head, size_t size,
                             llmp_message *message) {
    receiver->last_size = size;
    receiver->offset += size;
    receiver->last_id++;
    *message = (llmp_message){
        .tag = head->tag,
        .sender = head->sender,
        .broker = head->broker,
        .flags = head->flags,
        .id = head->message_id,
        .length = (size_t)head->buf_len,
        .payload = llmp_slot_payload(slot),
    };
}

static inline int read_slot(llmp_receiver *receiver, llmp_message *message) {
    struct llmp_slot *slot;
    struct llmp_slot head;
    size_t size;
    int rc = check_slot(receiver, &slot, &head, &size);
    if (rc == 0) {
        take_slot(receiver, slot, &head, size, message);
    }
    return rc;
}

#endif
