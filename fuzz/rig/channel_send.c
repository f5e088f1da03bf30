/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/channel.h"

#include <errno.h>

#include "rig/check.h"
#include "rig/maps.h"

struct fuzz_channel fuzz_channel;

/* ---------------------------------------------------------------- what the model learns from the sender */

static void note_turns(void) {
    llmp_sender_stats stats;
    llmp_sender_stats_get(fuzz_channel.sender, &stats, sizeof stats);
    if (stats.pages_turned != fuzz_channel.turns) {
        fuzz_channel.turns = stats.pages_turned;
        fuzz_channel.page_start = fuzz_channel.sent.count;
        fuzz_channel.visible = fuzz_channel.sent.count;
        fuzz_channel.held_back = 0;
    }
}

static void note_sent(size_t length, uint32_t flags) {
    fuzz_channel.sent.entries[fuzz_channel.sent.count++] =
        (struct fuzz_entry){.length = length, .sender = fuzz_channel.id, .flags = flags};
    fuzz_channel.held_back++;
    if (fuzz_channel.held_back >= fuzz_channel.options.batch) {
        fuzz_channel.visible = fuzz_channel.sent.count;
        fuzz_channel.held_back = 0;
    }
}

/* Whether every receiver stands on the newest page, so that all others are free. */
static bool all_keep_up(void) {
    for (int i = 0; i < FUZZ_RECEIVERS; i++) {
        const struct fuzz_listener *reader = &fuzz_channel.readers[i];
        bool there = reader->found && reader->next > fuzz_channel.page_start;
        if (reader->receiver != NULL && !reader->over && !there && reader->idle_at != fuzz_channel.turns + 1) {
            return false;
        }
    }
    return true;
}

static bool may_wait(void) {
    bool excused = fuzz_channel.tainted || fuzz_channel.dismissed || fuzz_channel.cut || fuzz_channel.offers != 0;
    return excused || !all_keep_up() || fuzz_channel.options.page_policy == LLMP_PAGES_KEEP;
}

/* Who waits publishes what a batch holds back, or the receivers could never make room. */
static void note_wait(int rc) {
    if (rc == -EAGAIN || rc == -ETIMEDOUT) {
        fuzz_channel.visible = fuzz_channel.sent.count;
        fuzz_channel.held_back = 0;
    }
}

static bool no_room(int rc) {
    return rc == -EAGAIN || rc == -ETIMEDOUT || rc == -ENOSPC || rc == -ENOMEM;
}

/* ---------------------------------------------------------------- sending */

int64_t fuzz_some_timeout(unsigned how) {
    return !(how & 1) ? LLMP_NOWAIT : (how & 7) == 7 ? LLMP_MILLISECONDS(20) : 1000;
}

static void check_alloc(int rc, size_t length, unsigned how) {
    note_turns();
    if (fuzz_channel.open) {
        FUZZ_CHECK(rc == -LLMP_E_ALLOC_PENDING, "%s with a message open", llmp_error_name(rc));
    } else if (fuzz_channel.exited) {
        FUZZ_CHECK(rc == -LLMP_E_CLOSED, "%s after the end", llmp_error_name(rc));
    } else if (length > FUZZ_MESSAGE_MAX) {
        FUZZ_CHECK(rc == -LLMP_E_TOO_LARGE, "%s for %zu bytes", llmp_error_name(rc), length);
    } else {
        FUZZ_CHECK(rc == 0 || no_room(rc), "%s", llmp_error_name(rc));
        FUZZ_CHECK(rc == 0 || may_wait(), "%s, and all receivers keep up", llmp_error_name(rc));
        FUZZ_CHECK(rc != -EAGAIN || !(how & 1), "no wait in spite of a timeout");
        note_wait(rc);
    }
}

void fuzz_do_alloc(size_t length, unsigned how) {
    void *payload;
    int rc = llmp_sender_alloc(fuzz_channel.sender, length, fuzz_some_timeout(how), &payload);
    check_alloc(rc, length, how);
    if (rc == 0) {
        int segment;
        size_t offset;
        FUZZ_CHECK(fuzz_maps_where(payload, &segment, &offset) && offset % 8 == 0 &&
                       offset + length <= fuzz_maps_size(segment),
                   "a message that does not lie in its page");
        fuzz_payload_fill(payload, length, fuzz_channel.sent.count);
        fuzz_channel.open = true;
        fuzz_channel.length = length;
        fuzz_channel.payload = payload;
    }
}

void fuzz_do_send(size_t length, unsigned how) {
    static uint8_t bytes[2 * FUZZ_MESSAGE_MAX];
    fuzz_payload_fill(bytes, length, fuzz_channel.sent.count);
    int rc = llmp_send(fuzz_channel.sender, FUZZ_TAG_FIRST + fuzz_channel.sent.count, how, bytes, length,
                       fuzz_some_timeout(how));
    check_alloc(rc, length, how);
    if (rc == 0) {
        note_sent(length, how);
    }
}

void fuzz_do_commit(uint32_t tag, uint32_t flags) {
    bool reserved = tag == LLMP_TAG_UNSET || tag == LLMP_TAG_END_OF_PAGE || tag == LLMP_TAG_EXITING;
    int rc = llmp_sender_commit(fuzz_channel.sender, tag, flags);
    if (reserved) {
        FUZZ_CHECK(rc == -LLMP_E_TAG_RESERVED, "%s for tag %x", llmp_error_name(rc), tag);
        return;
    }
    FUZZ_CHECK(rc == (fuzz_channel.open ? 0 : -LLMP_E_ALLOC_NONE), "%s", llmp_error_name(rc));
    if (rc == 0) {
        fuzz_channel.open = false;
        note_sent(fuzz_channel.length, flags);
    }
}

void fuzz_do_shrink(size_t length) {
    int expected = !fuzz_channel.open ? -LLMP_E_ALLOC_NONE : length > fuzz_channel.length ? -LLMP_E_ALLOC_GROW : 0;
    int rc = llmp_sender_shrink(fuzz_channel.sender, length);
    FUZZ_CHECK(rc == expected, "%s", llmp_error_name(rc));
    if (rc == 0) {
        fuzz_channel.length = length;
    }
}

void fuzz_do_cancel(void) {
    int rc = llmp_sender_cancel(fuzz_channel.sender);
    FUZZ_CHECK(rc == (fuzz_channel.open ? 0 : -LLMP_E_ALLOC_NONE), "%s", llmp_error_name(rc));
    fuzz_channel.open = false;
}

void fuzz_do_flush(void) {
    llmp_sender_flush(fuzz_channel.sender);
    fuzz_channel.visible = fuzz_channel.sent.count;
    fuzz_channel.held_back = 0;
}

void fuzz_do_exit(void) {
    int rc = llmp_sender_exit(fuzz_channel.sender, LLMP_NOWAIT);
    check_alloc(rc, 0, 0);
    if (rc == 0) {
        fuzz_channel.exited = true;
        fuzz_channel.visible = fuzz_channel.sent.count;
    }
}
