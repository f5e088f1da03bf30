/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How a message gets onto a page: room, allocation, commit, cancel, shrink (SPEC.md, section 5). */
#include "suite/cases/sections.h"
#include "suite/kit/channel_fixture.h"

static void alloc(struct lc_case *c, struct lc_channel *channel, uint64_t length) {
    lc_call(c, channel->sender, "sender.alloc", "{s:I, s:i}", "length", (json_int_t)length, "timeout_ms", 1000);
}

static void commit_and_expect(struct lc_case *c, struct lc_channel *channel, uint64_t length, uint64_t seed) {
    lc_call(c, channel->sender, "sender.commit", "{s:i, s:I}", "tag", LC_CHANNEL_TAG, "seed", (json_int_t)seed);
    lc_expect_message(c, channel->reader, LC_CHANNEL_TAG, LC_CHANNEL_SENDER, 0, length, seed);
}

static uint64_t size_used(const struct lc_channel *channel) {
    return lc_get64(channel->reader->map.base, LC_PAGE_SIZE_USED);
}

/* ---------------------------------------------------------------- room */

/* The longest payload that still fits behind what was read. */
static uint64_t longest(const struct lc_channel *channel) {
    return channel->reader->map.size - LC_EOP_ROOM - LC_MSG_HEADER - channel->reader->offset;
}

static void fits_exactly(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    lc_channel_transfer(c, &channel, 1000, 1);
    lc_channel_transfer(c, &channel, longest(&channel), 2);
    lc_check_u64(c, "pages turned before the message that fits exactly", 0, channel.reader->pages);
    lc_channel_transfer(c, &channel, 0, 3);
    lc_check_u64(c, "pages turned before the message behind it", 1, channel.reader->pages);
}

static void one_byte_over(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    lc_channel_transfer(c, &channel, 1000, 1);
    lc_channel_transfer(c, &channel, longest(&channel) + 1, 2);
    lc_check_u64(c, "pages turned before the message that is one byte too long", 1, channel.reader->pages);
}

/* A page's last message leaves 0, 64, 128 … bytes beside the room kept: the reader finds END_OF_PAGE, and in the map. */
static void end_always_has_room(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    uint64_t part = lc_page_size(c) / 8;
    for (uint64_t i = 0; i < 20; i++) {
        while (longest(&channel) > 2 * part) {
            lc_channel_transfer(c, &channel, part, i);
        }
        lc_channel_transfer(c, &channel, longest(&channel) - LC_LINE * i, i);
        lc_channel_transfer(c, &channel, part, i);
    }
    lc_check(c, channel.reader->pages >= 20, "at least 20 pages", "%d", (int)channel.reader->pages);
}

/* ---------------------------------------------------------------- before the commit */

static void nothing_counts_before_commit(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    lc_channel_transfer(c, &channel, 10, 1);
    alloc(c, &channel, 200);
    lc_check_u64(c, "current_msg_id", 1, lc_current_msg_id(channel.reader->map.base));
    lc_expect_no_message(c, channel.reader);
    commit_and_expect(c, &channel, 200, 2);
}

static void second_alloc_refused(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    alloc(c, &channel, 50);
    const json_t *reply;
    enum lc_outcome outcome =
        lc_call_may_refuse(c, channel.sender, &reply, "sender.alloc", "{s:i, s:i}", "length", 60, "timeout_ms", 100);
    lc_check(c, outcome == LC_REFUSED, "a refusal while a message is allocated", "it was allocated");
    commit_and_expect(c, &channel, 50, 9);
    lc_channel_transfer(c, &channel, 60, 10);
}

static void check_filling(struct lc_case *c, const struct lc_channel *channel, uint64_t id) {
    const uint8_t *base = channel->reader->map.base;
    uint64_t slot = channel->reader->offset;
    lc_check_u64(c, "tag of the slot being filled", LC_TAG_UNINITIALIZED, lc_get32(base, slot + LC_MSG_TAG));
    lc_check_u64(c, "message_id of the slot being filled", id, lc_get64(base, slot + LC_MSG_ID));
}

static void slot_while_filled(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    for (uint64_t id = 1; id <= 3; id++) {
        alloc(c, &channel, 77);
        check_filling(c, &channel, id);
        commit_and_expect(c, &channel, 77, id);
        lc_check_u64(c, "tag of the slot behind the newest message", LC_TAG_UNSET,
                     lc_get32(channel.reader->map.base, channel.reader->offset + LC_MSG_TAG));
    }
}

static void used_counts_slots(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    for (uint64_t i = 0; i < 20; i++) {
        lc_channel_transfer(c, &channel, i * 13, i);
        lc_check_u64(c, "size_used", channel.reader->offset - LC_PAGE_HEADER, size_used(&channel));
    }
}

/* ---------------------------------------------------------------- the commit */

/* Reads while the sender writes, and once more when all is written. */
static void complete_when_seen(struct lc_case *c) {
    enum { COUNT = 3000, LENGTH = 200 };
    struct lc_channel channel = lc_channel_open(c);
    uint64_t seed = lc_seed(c) >> 1;
    lc_send_request(c, channel.sender, "sender.send", "{s:i, s:i, s:I, s:i, s:i}", "tag", LC_CHANNEL_TAG, "length",
                    LENGTH, "seed", (json_int_t)seed, "count", COUNT, "timeout_ms", 5000);
    struct lc_message kept[COUNT];
    for (uint64_t i = 0; i < COUNT; i++) {
        lc_next_message(c, channel.reader, &kept[i]);
        lc_check_u64(c, "digest when it was first seen", lc_payload_digest(LENGTH, seed + i),
                     lc_crc(0, kept[i].payload, LENGTH));
    }
    lc_wait_reply(c, channel.sender);
    lc_check_u64(c, "pages turned", 0, channel.reader->pages);
    for (uint64_t i = 0; i < COUNT; i++) {
        lc_check_u64(c, "digest later", lc_payload_digest(LENGTH, seed + i), lc_crc(0, kept[i].payload, LENGTH));
        lc_check_u64(c, "tag later", LC_CHANNEL_TAG, lc_get32(channel.reader->map.base, kept[i].offset + LC_MSG_TAG));
    }
}

static void own_id(struct lc_case *c) {
    static const uint32_t ids[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffffe};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct lc_actor *sender = lc_spawn(c, "sender");
        struct lc_desc desc = lc_open_sender(c, sender, ids[i]);
        struct lc_reader *reader = lc_read_channel(c, sender, &desc);
        lc_send_message(c, sender, LC_CHANNEL_TAG, 33, i);
        lc_expect_message(c, reader, LC_CHANNEL_TAG, ids[i], 0, 33, i);
        lc_check_u64(c, "sender_id in the page header", ids[i], lc_get32(reader->map.base, LC_PAGE_SENDER_ID));
    }
}

/* ---------------------------------------------------------------- cancel and shrink */

static void cancel_and_go_on(struct lc_case *c, uint64_t before) {
    struct lc_channel channel = lc_channel_open(c);
    for (uint64_t i = 0; i < before; i++) {
        lc_channel_transfer(c, &channel, 10, i);
    }
    uint64_t used = size_used(&channel);
    uint64_t slot = channel.reader->offset;
    for (int i = 0; i < 3; i++) {
        alloc(c, &channel, 300 + (uint64_t)i);
        lc_call(c, channel.sender, "sender.cancel", "{}");
        lc_check_u64(c, "size_used after cancelling", used, size_used(&channel));
        lc_expect_no_message(c, channel.reader);
    }
    lc_send_message(c, channel.sender, LC_CHANNEL_TAG, 20, 5);
    struct lc_message message;
    lc_next_message(c, channel.reader, &message);
    lc_check_u64(c, "where the next message stands", slot, message.offset);
    lc_check_u64(c, "its message_id", before + 1, message.id);
    lc_channel_transfer(c, &channel, 30, 6);
}

static void cancel_first(struct lc_case *c) {
    cancel_and_go_on(c, 0);
}

static void cancel_later(struct lc_case *c) {
    cancel_and_go_on(c, 4);
}

/* The page is turned for a message that is then given back. */
static void cancel_on_new_page(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    lc_channel_transfer(c, &channel, 1000, 1);
    alloc(c, &channel, longest(&channel) + 1);
    lc_call(c, channel.sender, "sender.cancel", "{}");
    lc_channel_transfer(c, &channel, 30, 6);
    lc_channel_transfer(c, &channel, 3000, 7);
}

static void shrink(struct lc_case *c) {
    static const uint64_t lengths[][2] = {{1000, 999}, {1000, 0}, {1000, 10}, {64, 63}, {300, 300}, {24, 23}, {25, 24}};
    struct lc_channel channel = lc_channel_open(c);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        alloc(c, &channel, lengths[i][0]);
        lc_call(c, channel.sender, "sender.shrink", "{s:I}", "length", (json_int_t)lengths[i][1]);
        commit_and_expect(c, &channel, lengths[i][1], i);
        lc_check_u64(c, "size_used", channel.reader->offset - LC_PAGE_HEADER, size_used(&channel));
        lc_channel_transfer(c, &channel, 5, i);
    }
}

const struct lc_case_def lc_send_cases[] = {
    {"SEND-1/one-byte-over", "a message one byte too long goes to the next page", "sender", LC_EACH_PROVIDER,
     one_byte_over, 0, false},
    {"SEND-1/room-for-the-end", "END_OF_PAGE has room wherever a page ends", "sender", LC_FIRST_PROVIDER,
     end_always_has_room, 0, false},
    {"SEND-5/fits-exactly", "a message that just fits stays on the page", "sender", LC_EACH_PROVIDER, fits_exactly, 0,
     false},
    {"SEND-2/before-commit", "an allocated message does not count", "sender", LC_FIRST_PROVIDER,
     nothing_counts_before_commit, 0, false},
    {"SEND-2/one-at-a-time", "a second allocation is refused", "sender", LC_FIRST_PROVIDER, second_alloc_refused, 0,
     false},
    {"SEND-8/markers", "UNINITIALIZED while filled, UNSET behind", "sender", LC_FIRST_PROVIDER, slot_while_filled, 0,
     false},
    {"PAGE-6/slots-counted", "size_used counts what was sent", "sender", LC_FIRST_PROVIDER, used_counts_slots, 0,
     false},
    {"SEND-3/complete-when-seen", "3000 messages read while they are written, and again later", "sender",
     LC_EACH_PROVIDER, complete_when_seen, 0, false},
    {"SEND-4/own-id", "messages and page carry the sender's id", "sender", LC_FIRST_PROVIDER, own_id, 0, false},
    {"SEND-6/first", "cancelling a page's first message, three times", "sender", LC_FIRST_PROVIDER, cancel_first, 0,
     false},
    {"SEND-6/later", "cancelling behind other messages", "sender", LC_FIRST_PROVIDER, cancel_later, 0, false},
    {"SEND-6/new-page", "cancelling what a page was turned for", "sender", LC_FIRST_PROVIDER, cancel_on_new_page, 0,
     false},
    {"SEND-7/shrink", "shorter messages, and what stands behind them", "sender", LC_FIRST_PROVIDER, shrink, 0, false},
    {0},
};
