/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/channel.h"

#include <errno.h>

#include "channel/receiver.h"
#include "rig/check.h"
#include "rig/input.h"
#include "rig/maps.h"
#include "rig/watch.h"

/* ---------------------------------------------------------------- receiving */

static bool is_ahead_of(const struct fuzz_receiver *receiver, const struct fuzz_receiver *other) {
    return other->receiver != NULL && other != receiver && !other->ended && other->located &&
           receiver->next > other->next;
}

/* A late receiver starts on the oldest page, so it cannot start ahead of another receiver unless a page was evicted. */
static void locate(struct fuzz_receiver *receiver, const llmp_message *message) {
    receiver->located = true;
    receiver->next = message->tag - FUZZ_TAG_FIRST;
    for (int i = 0; i < FUZZ_RECEIVERS; i++) {
        const struct fuzz_receiver *other = &fuzz_channel.receivers[i];
        FUZZ_CHECK(fuzz_channel.evicted || !is_ahead_of(receiver, other),
                   "a receiver starts at message %u, and another one is at %u", receiver->next, other->next);
    }
}

static void check_message(struct fuzz_receiver *receiver, const llmp_message *message) {
    if (!receiver->located) {
        locate(receiver, message);
    }
    fuzz_ledger_expect(&fuzz_channel.sent, receiver->next, message);
    receiver->next++;
}

static void check_nothing(struct fuzz_receiver *receiver) {
    uint32_t next = receiver->located ? receiver->next : fuzz_channel.page_start;
    FUZZ_CHECK(next >= fuzz_channel.visible, "no message, but %u of %u is published", next, fuzz_channel.visible);
    receiver->idle_turn = fuzz_channel.turns + 1;
}

static void check_end(struct fuzz_receiver *receiver, int rc) {
    if (rc == -LLMP_E_CLOSED) {
        bool read_all = !receiver->located || receiver->next == fuzz_channel.sent.count;
        FUZZ_CHECK(fuzz_channel.exited && read_all, "closed too early");
    } else {
        FUZZ_CHECK(rc == -LLMP_E_EOP_GONE && fuzz_channel.evicted, "%s", llmp_error_name(rc));
    }
    receiver->ended = true;
}

/* Bits of `how`: 1 copies the payload, 2 receives the message again after llmp_receiver_unread(), 4 waits. */
static int receive(struct fuzz_receiver *receiver, llmp_message *message, unsigned how) {
    static uint8_t buffer[2 * FUZZ_MESSAGE_MAX];
    int64_t timeout = (how & 5) == 4 ? 1000 : LLMP_NOWAIT;
    fuzz_watch_begin();
    int rc = fuzz_has(how, 1) ? llmp_recv_copy(receiver->receiver, message, buffer, sizeof buffer, timeout)
                              : llmp_recv(receiver->receiver, message, timeout);
    fuzz_watch_end();
    FUZZ_CHECK(rc != (timeout == LLMP_NOWAIT ? -ETIMEDOUT : -EAGAIN), "%s for a timeout of %lld", llmp_error_name(rc),
               (long long)timeout);
    rc = rc == -ETIMEDOUT ? -EAGAIN : rc;
    if (rc == 0 && fuzz_has(how, 2)) {
        llmp_receiver_unread(receiver->receiver);
        rc = llmp_recv(receiver->receiver, message, LLMP_NOWAIT);
    }
    return rc;
}

/* Returns how many messages were received, or an error. */
static int64_t receive_many(struct fuzz_receiver *receiver, llmp_message messages[FUZZ_BATCH]) {
    FUZZ_CHECK(llmp_recv_many(receiver->receiver, messages, 0, LLMP_NOWAIT) == 0, "a batch of 0 messages");
    fuzz_watch_begin();
    int64_t count = llmp_recv_many(receiver->receiver, messages, FUZZ_BATCH, LLMP_NOWAIT);
    fuzz_watch_end();
    FUZZ_CHECK(count != 0 && count <= (int64_t)FUZZ_BATCH, "%lld messages received", (long long)count);
    return count;
}

static void check(struct fuzz_receiver *receiver, const llmp_message *messages, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        check_message(receiver, &messages[i]);
    }
    if (count == -EAGAIN) {
        check_nothing(receiver);
    } else if (count < 0) {
        check_end(receiver, (int)count);
    }
}

bool fuzz_do_receive(unsigned which, unsigned how) {
    struct fuzz_receiver *receiver = &fuzz_channel.receivers[which % FUZZ_RECEIVERS];
    llmp_message messages[FUZZ_BATCH];
    if (receiver->receiver == NULL || receiver->ended) {
        return false;
    }
    int64_t count;
    if (fuzz_has(how, 8)) {
        count = receive_many(receiver, messages);
    } else {
        int rc = receive(receiver, messages, how);
        count = rc == 0 ? 1 : rc;
    }
    if (!fuzz_channel.corrupted) {
        check(receiver, messages, count);
    }
    return count > 0;
}

void fuzz_do_drain(unsigned which) {
    for (uint32_t i = 0; i < FUZZ_LEDGER_MAX && fuzz_do_receive(which, i); i++) {
    }
}

/* ---------------------------------------------------------------- receivers that come and go */

void fuzz_open_receiver(struct fuzz_receiver *receiver, const llmp_shmem_desc *desc, bool joined) {
    llmp_receiver_options options = {.provider = &fuzz_maps,
                                     .pre_joined = joined,
                                     .wait = LLMP_WAIT_SLEEP,
                                     .max_mapped_pages = fuzz_channel.options.window + 6};
    *receiver = (struct fuzz_receiver){.located = fuzz_channel.sent.count == 0};
    int rc = llmp_receiver_new(desc, &options, &receiver->receiver);
    FUZZ_CHECK(rc == 0 || fuzz_channel.corrupted || rc == -ENOMEM, "%s", llmp_error_name(rc));
    if (rc != 0) {
        receiver->receiver = NULL;
        fuzz_channel.removed = true; /* the sender expects it for ever, although it reads nothing */
    }
}

void fuzz_do_add_receiver(void) {
    for (int i = 0; i < FUZZ_RECEIVERS; i++) {
        if (fuzz_channel.receivers[i].receiver == NULL) {
            llmp_shmem_desc desc;
            llmp_sender_add_receiver(fuzz_channel.sender, &desc);
            fuzz_open_receiver(&fuzz_channel.receivers[i], &desc, true);
            return;
        }
    }
}

void fuzz_do_remove_receiver(unsigned which) {
    struct fuzz_receiver *receiver = &fuzz_channel.receivers[which % FUZZ_RECEIVERS];
    if (receiver->receiver != NULL) {
        llmp_receiver_free(receiver->receiver);
        llmp_sender_remove_receiver(fuzz_channel.sender);
        receiver->receiver = NULL;
        fuzz_channel.removed = true;
    }
}
