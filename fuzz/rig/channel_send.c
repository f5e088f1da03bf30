/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/channel.h"

#include <errno.h>

#include "channel/sender.h"
#include "rig/check.h"
#include "rig/input.h"
#include "rig/maps.h"

struct fuzz_channel fuzz_channel;

/* ---------------------------------------------------------------- the model */

/* The batch was published. */
static void note_published(void) {
    fuzz_channel.visible = fuzz_channel.sent.count;
    fuzz_channel.held_back = 0;
}

static void note_turns(void) {
    llmp_sender_stats stats;
    llmp_sender_stats_get(fuzz_channel.sender, &stats, sizeof stats);
    if (stats.pages_turned != fuzz_channel.turns) {
        fuzz_channel.turns = stats.pages_turned;
        fuzz_channel.page_start = fuzz_channel.sent.count;
        note_published();
    }
}

static void note_sent(size_t length, uint32_t flags) {
    fuzz_channel.sent.entries[fuzz_channel.sent.count++] =
        (struct fuzz_entry){.length = length, .sender = fuzz_channel.id, .flags = flags};
    fuzz_channel.held_back++;
    if (fuzz_channel.held_back >= fuzz_channel.options.batch) {
        note_published();
    }
}

/* Returns true if every receiver has reached the newest page, so that all other pages are free. */
static bool all_have_caught_up(void) {
    for (int i = 0; i < FUZZ_RECEIVERS; i++) {
        const struct fuzz_receiver *receiver = &fuzz_channel.receivers[i];
        bool there = receiver->located && receiver->next > fuzz_channel.page_start;
        bool was_idle = receiver->idle_turn == fuzz_channel.turns + 1;
        if (receiver->receiver != NULL && !receiver->ended && !there && !was_idle) {
            return false;
        }
    }
    return true;
}

/* Returns true if the sender may find no free page. */
static bool may_wait(void) {
    bool unknown =
        fuzz_channel.corrupted || fuzz_channel.removed || fuzz_channel.evicted || fuzz_channel.reservations != 0;
    return unknown || !all_have_caught_up() || fuzz_channel.options.page_policy == LLMP_PAGES_KEEP;
}

static bool no_room(int rc) {
    return rc == -EAGAIN || rc == -ETIMEDOUT || rc == -ENOSPC || rc == -ENOMEM;
}

/* ---------------------------------------------------------------- sending */

static int64_t pick_timeout(unsigned how) {
    if (!fuzz_has(how, 1)) {
        return LLMP_NOWAIT;
    }
    return (how & 7) == 7 ? LLMP_MILLISECONDS(20) : 1000;
}

static void check_alloc(int rc, size_t length, unsigned how) {
    note_turns();
    if (fuzz_channel.allocated) {
        FUZZ_CHECK(rc == -LLMP_E_ALLOC_PENDING, "%s while a message is allocated", llmp_error_name(rc));
    } else if (fuzz_channel.exited) {
        FUZZ_CHECK(rc == -LLMP_E_CLOSED, "%s after EXITING", llmp_error_name(rc));
    } else if (length > FUZZ_MESSAGE_MAX) {
        FUZZ_CHECK(rc == -LLMP_E_TOO_LARGE, "%s for %zu bytes", llmp_error_name(rc), length);
    } else {
        FUZZ_CHECK(rc == 0 || no_room(rc), "%s", llmp_error_name(rc));
        FUZZ_CHECK(rc == 0 || may_wait(), "%s, although all receivers have caught up", llmp_error_name(rc));
        FUZZ_CHECK(rc != -EAGAIN || !fuzz_has(how, 1), "-EAGAIN although there was a timeout");
        if (rc == -EAGAIN || rc == -ETIMEDOUT) {
            note_published(); /* a sender without room publishes its batch, so that receivers can free a page */
        }
    }
}

void fuzz_do_alloc(size_t length, unsigned how) {
    void *payload;
    int rc = llmp_sender_alloc(fuzz_channel.sender, length, pick_timeout(how), &payload);
    check_alloc(rc, length, how);
    if (rc == 0) {
        int segment;
        size_t offset;
        FUZZ_CHECK(fuzz_maps_locate(payload, &segment, &offset) && offset % 8 == 0 &&
                       offset + length <= fuzz_maps_size(segment),
                   "the payload lies outside the page");
        fuzz_payload_fill(payload, length, fuzz_channel.sent.count);
        fuzz_channel.allocated = true;
        fuzz_channel.length = length;
        fuzz_channel.payload = payload;
    }
}

/*
 * Notes a batch. It may have begun pages between its messages: page_start is then the largest possible value, with which
 * the model expects less of receivers. A batch is published even if it ends with an error.
 */
static void note_batch(const llmp_message *messages, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        note_sent(messages[i].length, messages[i].flags);
    }
    note_turns();
    note_published();
}

static void send_many(size_t length, unsigned how) {
    static uint8_t bytes[FUZZ_BATCH][2 * FUZZ_MESSAGE_MAX];
    llmp_message messages[FUZZ_BATCH] = {0};
    for (uint32_t i = 0; i < FUZZ_BATCH; i++) {
        uint32_t number = fuzz_channel.sent.count + i;
        messages[i].tag = FUZZ_TAG_FIRST + number;
        messages[i].flags = how;
        messages[i].length = length >> i;
        messages[i].payload = bytes[i];
        fuzz_payload_fill(bytes[i], messages[i].length, number);
    }
    int64_t count = llmp_send_many(fuzz_channel.sender, messages, FUZZ_BATCH, pick_timeout(how));
    FUZZ_CHECK(count != 0 && count <= (int64_t)FUZZ_BATCH, "%lld messages sent", (long long)count);
    note_batch(messages, count);
    if (count < 0) {
        check_alloc((int)count, length, how);
    }
    FUZZ_CHECK(count < 0 || count == FUZZ_BATCH || may_wait(), "only %lld messages sent", (long long)count);
}

static void send_one(size_t length, unsigned how) {
    static uint8_t bytes[2 * FUZZ_MESSAGE_MAX];
    fuzz_payload_fill(bytes, length, fuzz_channel.sent.count);
    int rc =
        llmp_send(fuzz_channel.sender, FUZZ_TAG_FIRST + fuzz_channel.sent.count, how, bytes, length, pick_timeout(how));
    check_alloc(rc, length, how);
    if (rc == 0) {
        note_sent(length, how);
    }
}

void fuzz_do_send(size_t length, unsigned how) {
    if (fuzz_has(how, 8)) {
        send_many(length, how);
    } else {
        send_one(length, how);
    }
}

void fuzz_do_commit(uint32_t tag, uint32_t flags) {
    bool reserved = tag == LLMP_TAG_UNSET || tag == LLMP_TAG_END_OF_PAGE || tag == LLMP_TAG_EXITING;
    int rc = llmp_sender_commit(fuzz_channel.sender, tag, flags);
    if (reserved) {
        FUZZ_CHECK(rc == -LLMP_E_TAG_RESERVED, "%s for tag %x", llmp_error_name(rc), tag);
        return;
    }
    FUZZ_CHECK(rc == (fuzz_channel.allocated ? 0 : -LLMP_E_ALLOC_NONE), "%s", llmp_error_name(rc));
    if (rc == 0) {
        fuzz_channel.allocated = false;
        note_sent(fuzz_channel.length, flags);
    }
}

void fuzz_do_shrink(size_t length) {
    int expected = !fuzz_channel.allocated ? -LLMP_E_ALLOC_NONE : length > fuzz_channel.length ? -LLMP_E_ALLOC_GROW : 0;
    int rc = llmp_sender_shrink(fuzz_channel.sender, length);
    FUZZ_CHECK(rc == expected, "%s", llmp_error_name(rc));
    if (rc == 0) {
        fuzz_channel.length = length;
    }
}

void fuzz_do_cancel(void) {
    int rc = llmp_sender_cancel(fuzz_channel.sender);
    FUZZ_CHECK(rc == (fuzz_channel.allocated ? 0 : -LLMP_E_ALLOC_NONE), "%s", llmp_error_name(rc));
    fuzz_channel.allocated = false;
}

void fuzz_do_flush(void) {
    llmp_sender_flush(fuzz_channel.sender);
    note_published();
}

void fuzz_do_exit(void) {
    int rc = llmp_sender_exit(fuzz_channel.sender, LLMP_NOWAIT);
    check_alloc(rc, 0, 0);
    if (rc == 0) {
        fuzz_channel.exited = true;
        fuzz_channel.visible = fuzz_channel.sent.count;
    }
}

/* ---------------------------------------------------------------- receivers that may come, or are too slow */

void fuzz_do_reserve(unsigned how) {
    llmp_shmem_desc desc;
    if (fuzz_has(how, 1)) {
        (void)llmp_sender_reserve(fuzz_channel.sender, &desc);
        fuzz_channel.reservations++;
    } else if (fuzz_channel.reservations > 0) {
        llmp_sender_cancel_reservation(fuzz_channel.sender);
        fuzz_channel.reservations--;
    }
}

void fuzz_do_evict(void) {
    int rc = llmp_sender_evict_oldest(fuzz_channel.sender);
    FUZZ_CHECK(rc == 0 || rc == -EAGAIN, "%s", llmp_error_name(rc));
    fuzz_channel.evicted = fuzz_channel.evicted || rc == 0;
}
