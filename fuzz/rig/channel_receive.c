/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/channel.h"

#include <errno.h>

#include "channel/receiver.h"
#include "channel/sender.h"
#include "rig/check.h"
#include "rig/maps.h"
#include "rig/watch.h"

/* ---------------------------------------------------------------- receiving */

/* A receiver that was let in later begins where a page begins, and not behind anybody else. */
static void find_place(struct fuzz_listener *reader, const llmp_message *message) {
    reader->found = true;
    reader->next = message->tag - FUZZ_TAG_FIRST;
    for (int i = 0; i < FUZZ_RECEIVERS; i++) {
        const struct fuzz_listener *other = &fuzz_channel.readers[i];
        FUZZ_CHECK(fuzz_channel.cut || other->receiver == NULL || other->over || !other->found || other == reader ||
                       reader->next <= other->next,
                   "it begins at %u, and another one is at %u", reader->next, other->next);
    }
}

static void check_message(struct fuzz_listener *reader, const llmp_message *message) {
    if (!reader->found) {
        find_place(reader, message);
    }
    fuzz_ledger_expect(&fuzz_channel.sent, reader->next, message);
    reader->next++;
}

static void check_nothing(struct fuzz_listener *reader) {
    uint32_t from = reader->found ? reader->next : fuzz_channel.page_start;
    FUZZ_CHECK(from >= fuzz_channel.visible, "nothing, and message %u is there (of %u)", from, fuzz_channel.visible);
    reader->idle_at = fuzz_channel.turns + 1;
}

static void check_end(struct fuzz_listener *reader, int rc) {
    if (rc == -LLMP_E_CLOSED) {
        FUZZ_CHECK(fuzz_channel.exited && (!reader->found || reader->next == fuzz_channel.sent.count),
                   "closed too soon");
    } else {
        FUZZ_CHECK(rc == -LLMP_E_EOP_GONE && fuzz_channel.cut, "%s", llmp_error_name(rc));
    }
    reader->over = true;
}

static int receive(struct fuzz_listener *reader, llmp_message *message, unsigned how) {
    static uint8_t buffer[2 * FUZZ_MESSAGE_MAX];
    fuzz_watch_begin();
    int64_t timeout = (how & 5) == 4 ? 1000 : LLMP_NOWAIT;
    int rc = how & 1 ? llmp_recv_copy(reader->receiver, message, buffer, sizeof buffer, timeout)
                     : llmp_recv(reader->receiver, message, timeout);
    fuzz_watch_end();
    FUZZ_CHECK(rc != (timeout == LLMP_NOWAIT ? -ETIMEDOUT : -EAGAIN), "%s for a timeout of %lld", llmp_error_name(rc),
               (long long)timeout);
    rc = rc == -ETIMEDOUT ? -EAGAIN : rc;
    if (rc == 0 && (how & 2)) {
        llmp_receiver_unread(reader->receiver);
        rc = llmp_recv(reader->receiver, message, LLMP_NOWAIT);
    }
    return rc;
}

/* True: a message came. */
bool fuzz_do_receive(unsigned which, unsigned how) {
    struct fuzz_listener *reader = &fuzz_channel.readers[which % FUZZ_RECEIVERS];
    llmp_message message;
    if (reader->receiver == NULL || reader->over) {
        return false;
    }
    int rc = receive(reader, &message, how);
    if (fuzz_channel.tainted) {
        return rc == 0;
    }
    if (rc == 0) {
        check_message(reader, &message);
    } else if (rc == -EAGAIN) {
        check_nothing(reader);
    } else {
        check_end(reader, rc);
    }
    return rc == 0;
}

void fuzz_do_drain(unsigned which) {
    for (uint32_t i = 0; i < FUZZ_LEDGER_MAX && fuzz_do_receive(which, i); i++) {
    }
}

/* ---------------------------------------------------------------- receivers that come and go */

void fuzz_open_reader(struct fuzz_listener *reader, const llmp_shmem_desc *desc, bool joined) {
    llmp_receiver_options options = {.provider = &fuzz_maps,
                                     .pre_joined = joined,
                                     .wait = LLMP_WAIT_SLEEP,
                                     .max_mapped_pages = fuzz_channel.options.window + 6};
    *reader = (struct fuzz_listener){.found = fuzz_channel.sent.count == 0};
    int rc = llmp_receiver_new(desc, &options, &reader->receiver);
    FUZZ_CHECK(rc == 0 || fuzz_channel.tainted || rc == -ENOMEM, "%s", llmp_error_name(rc));
    if (rc != 0) {
        reader->receiver = NULL;
        fuzz_channel.dismissed = true; /* it counts for ever, and reads nothing */
    }
}

void fuzz_do_admit(void) {
    for (int i = 0; i < FUZZ_RECEIVERS; i++) {
        if (fuzz_channel.readers[i].receiver == NULL) {
            llmp_shmem_desc desc;
            (void)llmp_sender_add_receiver(fuzz_channel.sender, &desc);
            fuzz_open_reader(&fuzz_channel.readers[i], &desc, true);
            return;
        }
    }
}

void fuzz_do_dismiss(unsigned which) {
    struct fuzz_listener *reader = &fuzz_channel.readers[which % FUZZ_RECEIVERS];
    if (reader->receiver != NULL) {
        llmp_receiver_free(reader->receiver);
        llmp_sender_remove_receiver(fuzz_channel.sender);
        reader->receiver = NULL;
        fuzz_channel.dismissed = true;
    }
}

void fuzz_do_offer(unsigned how) {
    llmp_shmem_desc desc;
    if (how & 1) {
        llmp_sender_reserve(fuzz_channel.sender, &desc);
        fuzz_channel.offers++;
    } else if (fuzz_channel.offers > 0) {
        llmp_sender_cancel_reservation(fuzz_channel.sender);
        fuzz_channel.offers--;
    }
}

void fuzz_do_cut(void) {
    int rc = llmp_sender_evict_oldest(fuzz_channel.sender);
    FUZZ_CHECK(rc == 0 || rc == -EAGAIN, "%s", llmp_error_name(rc));
    fuzz_channel.cut = fuzz_channel.cut || rc == 0;
}
