/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Sending: room on the page, allocation, commit, cancel, shrink (SPEC.md, section 5). */
#include "suite/cases/sections.h"
#include "suite/kit/channel_fixture.h"

static void alloc(struct lc_case *c, struct lc_channel *channel, uint64_t length) {
    lc_call(c, channel->sender, "sender.alloc", "{s:I, s:i}", "length", (json_int_t)length, "timeout_ms", 1000);
}

static void commit_and_expect(struct lc_case *c, struct lc_channel *channel, uint64_t length, uint64_t seed) {
    lc_call(c, channel->sender, "sender.commit", "{s:i, s:I}", "tag", LC_CHANNEL_TAG, "seed", (json_int_t)seed);
    lc_channel_expect(c, channel, length, seed);
}

static uint64_t size_used(const struct lc_channel *channel) {
    return lc_get64(channel->reader->map.base, LC_PAGE_SIZE_USED);
}

/* ---------------------------------------------------------------- room */

/* Returns the length of the longest payload that fits after the messages read so far. */
static uint64_t longest(const struct lc_channel *channel) {
    return channel->reader->map.size - LC_EOP_ROOM - LC_MSG_HEADER - channel->reader->offset;
}

static void fits_exactly(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    lc_channel_transfer(c, &channel, 1000, 1);
    lc_channel_transfer(c, &channel, longest(&channel), 2);
    lc_check_u64(c, "number of pages turned before the message that fits exactly:", 0, channel.reader->pages);
    lc_channel_transfer(c, &channel, 0, 3);
    lc_check_u64(c, "number of pages turned before the message after it:", 1, channel.reader->pages);
}

static void one_byte_over(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    lc_channel_transfer(c, &channel, 1000, 1);
    lc_channel_transfer(c, &channel, longest(&channel) + 1, 2);
    lc_check_u64(c, "number of pages turned before the message that is one byte too long:", 1, channel.reader->pages);
}

/* The last message of each page leaves 0, 64, 128 … bytes beside the room for END_OF_PAGE. */
static void room_for_end_of_page(struct lc_case *c) {
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

static void invisible_before_commit(struct lc_case *c) {
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
    lc_call_expect_refusal(c, channel.sender, "sender.alloc", "{s:i, s:i}", "length", 60, "timeout_ms", 100);
    commit_and_expect(c, &channel, 50, 9);
    lc_channel_transfer(c, &channel, 60, 10);
}

static void check_allocated_slot(struct lc_case *c, const struct lc_channel *channel, uint64_t id) {
    const uint8_t *base = channel->reader->map.base;
    uint64_t slot = channel->reader->offset;
    lc_check_u64(c, "tag of the allocated slot", LC_TAG_UNINITIALIZED, lc_get32(base, slot + LC_MSG_TAG));
    lc_check_u64(c, "message_id of the allocated slot", id, lc_get64(base, slot + LC_MSG_ID));
}

static void slot_markers(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    for (uint64_t id = 1; id <= 3; id++) {
        alloc(c, &channel, 77);
        check_allocated_slot(c, &channel, id);
        commit_and_expect(c, &channel, 77, id);
        lc_check_u64(c, "tag of the slot after the newest message", LC_TAG_UNSET,
                     lc_get32(channel.reader->map.base, channel.reader->offset + LC_MSG_TAG));
    }
}

static void size_used_counts_slots(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    for (uint64_t i = 0; i < 20; i++) {
        lc_channel_transfer(c, &channel, i * 13, i);
        lc_check_u64(c, "size_used", channel.reader->offset - LC_PAGE_HEADER, size_used(&channel));
    }
}

/* ---------------------------------------------------------------- the commit */

/* Each message is checked when it becomes visible, while the sender writes the next ones, and again at the end. */
static void complete_when_visible(struct lc_case *c) {
    enum { COUNT = 3000, LENGTH = 200 };
    struct lc_channel channel = lc_channel_open(c);
    uint64_t seed = lc_seed(c) >> 1;
    lc_send_request(c, channel.sender, "sender.send", "{s:i, s:i, s:I, s:i, s:i}", "tag", LC_CHANNEL_TAG, "length",
                    LENGTH, "seed", (json_int_t)seed, "count", COUNT, "timeout_ms", 5000);
    struct lc_message kept[COUNT];
    for (uint64_t i = 0; i < COUNT; i++) {
        lc_next_message(c, channel.reader, &kept[i]);
        lc_check_payload(c, "digest when the message became visible", LENGTH, seed + i, kept[i].payload);
    }
    lc_wait_reply(c, channel.sender);
    lc_check_u64(c, "number of pages turned:", 0, channel.reader->pages);
    for (uint64_t i = 0; i < COUNT; i++) {
        lc_check_payload(c, "digest at the end", LENGTH, seed + i, kept[i].payload);
        lc_check_u64(c, "tag at the end", LC_CHANNEL_TAG,
                     lc_get32(channel.reader->map.base, kept[i].offset + LC_MSG_TAG));
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

static void cancel_after(struct lc_case *c, uint64_t before) {
    struct lc_channel channel = lc_channel_open(c);
    for (uint64_t i = 0; i < before; i++) {
        lc_channel_transfer(c, &channel, 10, i);
    }
    uint64_t used = size_used(&channel);
    uint64_t slot = channel.reader->offset;
    for (int i = 0; i < 3; i++) {
        alloc(c, &channel, 300 + (uint64_t)i);
        lc_call(c, channel.sender, "sender.cancel", "{}");
        lc_check_u64(c, "size_used after a cancel", used, size_used(&channel));
        lc_expect_no_message(c, channel.reader);
    }
    lc_send_message(c, channel.sender, LC_CHANNEL_TAG, 20, 5);
    struct lc_message message;
    lc_next_message(c, channel.reader, &message);
    lc_check_u64(c, "offset of the next message", slot, message.offset);
    lc_check_u64(c, "message_id of the next message", before + 1, message.id);
    lc_channel_transfer(c, &channel, 30, 6);
}

static void cancel_first(struct lc_case *c) {
    cancel_after(c, 0);
}

static void cancel_later(struct lc_case *c) {
    cancel_after(c, 4);
}

/* The cancelled message is the one for which the sender turned the page. */
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
    {"SEND-1/one-byte-over", "a message that is one byte too long goes to the next page", "sender", LC_EACH_PROVIDER,
     one_byte_over, 0, false},
    {"SEND-1/room-for-the-end", "END_OF_PAGE has room wherever the last message ends", "sender", LC_FIRST_PROVIDER,
     room_for_end_of_page, 0, false},
    {"SEND-5/fits-exactly", "a message that fits exactly stays on the page", "sender", LC_EACH_PROVIDER, fits_exactly,
     0, false},
    {"SEND-2/before-commit", "an allocated message is not visible", "sender", LC_FIRST_PROVIDER,
     invisible_before_commit, 0, false},
    {"SEND-2/one-at-a-time", "a second allocation is refused", "sender", LC_FIRST_PROVIDER, second_alloc_refused, 0,
     false},
    {"SEND-8/markers", "an allocated slot is UNINITIALIZED, and the slot after the newest message UNSET", "sender",
     LC_FIRST_PROVIDER, slot_markers, 0, false},
    {"PAGE-6/slots-counted", "size_used is the sum of the slots", "sender", LC_FIRST_PROVIDER, size_used_counts_slots,
     0, false},
    {"SEND-3/complete-when-seen", "3000 messages are complete when they become visible, and unchanged later", "sender",
     LC_EACH_PROVIDER, complete_when_visible, 0, false},
    {"SEND-4/own-id", "messages and page have the sender's id", "sender", LC_FIRST_PROVIDER, own_id, 0, false},
    {"SEND-6/first", "the first message of a page is cancelled three times", "sender", LC_FIRST_PROVIDER, cancel_first,
     0, false},
    {"SEND-6/later", "a message after others is cancelled three times", "sender", LC_FIRST_PROVIDER, cancel_later, 0,
     false},
    {"SEND-6/new-page", "the message for which the page was turned is cancelled", "sender", LC_FIRST_PROVIDER,
     cancel_on_new_page, 0, false},
    {"SEND-7/shrink", "shortened messages, and the messages after them", "sender", LC_FIRST_PROVIDER, shrink, 0, false},
    {0},
};
