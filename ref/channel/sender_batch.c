/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sending many messages with one call: one store publishes all that are on the same page. */
#include <errno.h>

#include "channel/copy.h"
#include "channel/sender_page.h"
#include "channel/sender_slot.h"
#include "channel/sender_state.h"
#include "os/os.h"

/* One call of llmp_send_many(). */
struct batch {
    llmp_sender *sender;
    int64_t timeout_ns;
    struct llmp_deadline deadline;
    bool turned; /* `deadline` is set: a call that stays on one page does not read the clock */
};

static int turn_page(struct batch *batch) {
    if (!batch->turned) {
        batch->deadline = llmp_deadline_in(batch->timeout_ns);
        batch->turned = true;
    }
    return llmp_sender_turn_page(batch->sender, llmp_deadline_timeout(batch->deadline));
}

static inline int alloc(struct batch *batch, size_t length, struct llmp_slot **slot) {
    int rc = check_alloc(batch->sender, length);
    const size_t max_alloc = batch->sender->max_alloc;
    size_t padded;
    while (rc == 0 && !fits(batch->sender, length, &padded)) {
        rc = turn_page(batch);
    }
    if (rc == 0) {
        *slot = open_slot(batch->sender, length, padded);
    } else {
        lower_max_alloc(batch->sender, max_alloc);
    }
    return rc;
}

/* Commits the message without publishing it. */
static inline int send_one(struct batch *batch, const llmp_message *message) {
    llmp_sender *sender = batch->sender;
    if ((message->reserved[0] | message->reserved[1]) != 0) {
        return -EINVAL;
    }
    if (llmp_tag_is_reserved(message->tag)) {
        return -LLMP_E_TAG_RESERVED;
    }
    struct llmp_slot *slot;
    int rc = alloc(batch, message->length, &slot);
    if (rc == 0) {
        llmp_copy(llmp_slot_payload(slot), message->payload, message->length);
        fill_slot(sender, slot, sender->id, message->tag, message->flags);
        prefetch_next(sender, slot, LLMP_SLOT_HEADER + sender->padded);
    }
    return rc;
}

int64_t llmp_send_many(llmp_sender *sender, const llmp_message *messages, size_t count, int64_t timeout_ns) {
    struct batch batch = {.sender = sender, .timeout_ns = timeout_ns};
    size_t sent = 0;
    int rc = 0;
    while (sent < count && (rc = send_one(&batch, &messages[sent])) == 0) {
        sent++;
    }
    llmp_sender_flush(sender);
    return sent > 0 ? (int64_t)sent : rc;
}
