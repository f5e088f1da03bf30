/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sending one message: allocate, shrink, cancel, commit, and the calls that combine them. */
#include "channel/sender.h"

#include "channel/copy.h"
#include "channel/page.h"
#include "channel/sender_page.h"
#include "channel/sender_slot.h"
#include "channel/sender_state.h"

void llmp_sender_flush(llmp_sender *sender) {
    if (sender->published != sender->last_id) {
        llmp_sender_publish(sender);
    }
}

static inline int alloc(llmp_sender *sender, size_t length, int64_t timeout_ns, void **payload) {
    int rc = check_alloc(sender, length);
    if (rc != 0) {
        return rc;
    }
    const size_t max_alloc = sender->max_alloc;
    size_t padded;
    while (!fits(sender, length, &padded)) {
        rc = llmp_sender_turn_page(sender, timeout_ns);
        if (rc != 0) {
            lower_max_alloc(sender, max_alloc);
            return rc;
        }
    }
    *payload = llmp_slot_payload(open_slot(sender, length, padded));
    return 0;
}

int llmp_sender_alloc(llmp_sender *sender, size_t length, int64_t timeout_ns, void **payload) {
    return alloc(sender, length, timeout_ns, payload);
}

int llmp_sender_shrink(llmp_sender *sender, size_t length) {
    if (!sender->pending) {
        return -LLMP_E_ALLOC_NONE;
    }
    if (length > sender->length) {
        return -LLMP_E_ALLOC_GROW;
    }
    sender->length = length;
    sender->padded = llmp_slot_padded(LLMP_PAGE_HEADER + sender->used, length);
    llmp_slot_at(llmp_sender_next_slot(sender) + 1, sender->padded)->tag = LLMP_TAG_UNSET;
    return 0;
}

int llmp_sender_cancel(llmp_sender *sender) {
    if (!sender->pending) {
        return -LLMP_E_ALLOC_NONE;
    }
    sender->pending = false;
    struct llmp_slot *slot = llmp_sender_next_slot(sender);
    slot->tag = LLMP_TAG_UNSET;
    slot->message_id = 0;
    return 0;
}

static inline void close_slot(llmp_sender *sender, uint32_t sender_id, uint32_t tag, uint32_t flags) {
    struct llmp_slot *slot = llmp_sender_next_slot(sender);
    fill_slot(sender, slot, sender_id, tag, flags);
    if (sender->last_id - sender->published >= sender->batch) {
        llmp_sender_publish(sender);
    }
    prefetch_next(sender, slot, LLMP_SLOT_HEADER + sender->padded);
}

int llmp_sender_commit_as(llmp_sender *sender, uint32_t sender_id, uint32_t tag, uint32_t flags) {
    if (!sender->pending) {
        return -LLMP_E_ALLOC_NONE;
    }
    close_slot(sender, sender_id, tag, flags);
    return 0;
}

int llmp_sender_commit(llmp_sender *sender, uint32_t tag, uint32_t flags) {
    return llmp_tag_is_reserved(tag) ? -LLMP_E_TAG_RESERVED : llmp_sender_commit_as(sender, sender->id, tag, flags);
}

int llmp_send(llmp_sender *sender, uint32_t tag, uint32_t flags, const void *payload, size_t length,
              int64_t timeout_ns) {
    if (llmp_tag_is_reserved(tag)) {
        return -LLMP_E_TAG_RESERVED;
    }
    void *room;
    int rc = alloc(sender, length, timeout_ns, &room);
    if (rc == 0) {
        llmp_copy(room, payload, length);
        close_slot(sender, sender->id, tag, flags);
    }
    return rc;
}

/* Two lines, if EXITING is the first message of its page, and one otherwise. */
_Static_assert(2 * LLMP_LINE <= LLMP_EOP_ROOM, "SEND-1: EXITING fits into the room that every page has left");

/* No message follows EXITING, so it may take the room that is kept for END_OF_PAGE, and needs no other page. */
int llmp_sender_exit(llmp_sender *sender, int64_t timeout_ns) {
    void *none;
    int rc = check_alloc(sender, 0);
    if (rc != 0) {
        return rc;
    }
    if (llmp_sender_alloc(sender, 0, timeout_ns, &none) != 0) {
        (void)open_slot(sender, 0, llmp_slot_padded(LLMP_PAGE_HEADER + sender->used, 0));
    }
    close_slot(sender, sender->id, LLMP_TAG_EXITING, 0);
    llmp_sender_flush(sender);
    sender->exited = true;
    return 0;
}
