/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Receiving one message: check for new ones, read a slot, follow END_OF_PAGE, wait. */
#include "channel/receiver.h"

#include <errno.h>

#include "channel/coalesce.h"
#include "channel/copy.h"
#include "channel/receiver_page.h"
#include "channel/receiver_slot.h"
#include "channel/receiver_state.h"
#include "channel/shortage.h"
#include "channel/wait.h"
#include "os/atomic.h"

/* Pages without a message that one call follows, so that a ring of such pages does not keep it for ever. */
#define FOLLOW_MAX 64u

/* Time between two attempts to map a page while there is a shortage, in nanoseconds; it doubles up to the maximum. */
#define RETRY_FIRST_NS 1000000
#define RETRY_MAX_NS 16000000

/* Checks for new messages. With `at_once`, coalescing does not delay the check. */
static int poll_newest(llmp_receiver *receiver, bool at_once) {
    if (!at_once && !llmp_coalesce_due(&receiver->coalesce)) {
        return -EAGAIN;
    }
    uint64_t newest = llmp_load_acquire(&receiver->page->current_msg_id); /* R1: pairs with S1 in sender_state.h */
    if (newest < receiver->last_id) {
        return -LLMP_E_MSG_ID_DECREASED;
    }
    uint64_t unread = newest - receiver->last_id;
    bool due = llmp_coalesce_take(&receiver->coalesce, unread, receiver->offset - receiver->batch_start);
    if (unread == 0 || !(due || at_once)) {
        return -EAGAIN;
    }
    receiver->known_id = newest;
    receiver->batch_start = receiver->offset;
    return 0;
}

static void step_back(llmp_receiver *receiver) {
    receiver->offset -= receiver->last_size;
    receiver->last_id--;
}

static void schedule_retry(llmp_receiver *receiver) {
    int64_t pause = receiver->shortage != 0 ? 2 * receiver->retry_pause : RETRY_FIRST_NS;
    receiver->retry_pause = pause < RETRY_MAX_NS ? pause : RETRY_MAX_NS;
    receiver->retry_at = llmp_os_now() + receiver->retry_pause;
}

/*
 * Follows END_OF_PAGE, which is the last slot read. A shortage is not the sender's error: the receiver steps back
 * before the END_OF_PAGE, and reads it again in a later call. With `at_once`, this call tries in any case.
 */
static int follow(llmp_receiver *receiver, const llmp_message *end, bool at_once) {
    bool waits = receiver->shortage != 0 && !at_once && llmp_os_now() < receiver->retry_at;
    int rc = waits ? -EAGAIN : llmp_receiver_follow(receiver, end->payload);
    if (llmp_is_shortage(rc)) {
        schedule_retry(receiver);
        receiver->shortage = rc;
        rc = -EAGAIN;
    } else if (!waits) {
        receiver->shortage = 0;
    }
    if (rc == -EAGAIN) {
        step_back(receiver);
    }
    return rc;
}

static int next_message(llmp_receiver *receiver, llmp_message *message, bool at_once) {
    for (uint32_t follows = 0; follows < FOLLOW_MAX; follows++) {
        int rc = receiver->last_id == receiver->known_id ? poll_newest(receiver, at_once) : 0;
        if (rc == 0) {
            rc = read_slot(receiver, message);
        }
        if (rc == 0 && message->tag == LLMP_TAG_EXITING) {
            rc = -LLMP_E_CLOSED;
        }
        if (rc != 0 || message->tag != LLMP_TAG_END_OF_PAGE) {
            return rc;
        }
        rc = follow(receiver, message, at_once);
        if (rc != 0) {
            return rc;
        }
    }
    return -EAGAIN;
}

/* Returns the next message. After the end of the channel or an error, every further call returns an error. */
static int next_or_latch_error(llmp_receiver *receiver, llmp_message *message, bool at_once) {
    if (receiver->stopped != 0) {
        return receiver->stopped;
    }
    int rc = next_message(receiver, message, at_once);
    if (rc == 0) {
        receiver->messages++;
    } else if (rc == -LLMP_E_CLOSED) {
        receiver->stopped = rc;
    } else if (rc != -EAGAIN) {
        receiver->error = rc;
        receiver->stopped = -LLMP_E_BROKEN;
    }
    return rc;
}

static int wait_for_message(llmp_receiver *receiver, llmp_message *message, int64_t timeout_ns) {
    struct llmp_deadline deadline = llmp_deadline_in(timeout_ns);
    struct llmp_waiter waiter;
    llmp_waiter_init(&waiter, receiver->wait);
    int rc = -EAGAIN;
    bool in_time = true;
    while (rc == -EAGAIN && in_time) {
        in_time = llmp_waiter_step(&waiter, deadline);
        rc = next_or_latch_error(receiver, message, !in_time);
    }
    return rc == -EAGAIN ? -ETIMEDOUT : rc;
}

int llmp_recv(llmp_receiver *receiver, llmp_message *message, int64_t timeout_ns) {
    int rc = next_or_latch_error(receiver, message, timeout_ns == LLMP_NOWAIT);
    return rc != -EAGAIN || timeout_ns == LLMP_NOWAIT ? rc : wait_for_message(receiver, message, timeout_ns);
}

int llmp_receiver_poll(llmp_receiver *receiver, llmp_message *message) {
    return next_or_latch_error(receiver, message, false);
}

void llmp_receiver_unread(llmp_receiver *receiver) {
    step_back(receiver);
    receiver->messages--;
}

int llmp_recv_copy(llmp_receiver *receiver, llmp_message *message, void *buffer, size_t capacity, int64_t timeout_ns) {
    int rc = llmp_recv(receiver, message, timeout_ns);
    if (rc != 0) {
        return rc;
    }
    if (message->length > capacity) {
        llmp_receiver_unread(receiver);
        return -LLMP_E_BUFFER_TOO_SMALL;
    }
    llmp_copy(buffer, message->payload, message->length);
    message->payload = buffer;
    return 0;
}
