/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Messages that a sender writes: padding at each alignment, tags, flags, ids, lengths (SPEC.md, section 4). */
#include "suite/cases/sections.h"
#include "suite/kit/channel_fixture.h"

enum { TAG = LC_CHANNEL_TAG, SENDER = LC_CHANNEL_SENDER };

static void transfer(struct lc_case *c, struct lc_channel *channel, uint64_t length) {
    lc_channel_transfer(c, channel, length, lc_seed(c) + length);
}

/* ---------------------------------------------------------------- padding */

static void every_length(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    for (uint64_t length = 0; length <= 200; length++) {
        transfer(c, &channel, length);
    }
}

/* The first slot starts at offset 48; all other slots start at multiples of 64. */
static void first_slot(struct lc_case *c) {
    static const uint64_t lengths[] = {0, 1, 39, 40, 41, 103, 104, 105, 1000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct lc_channel channel = lc_channel_open(c);
        transfer(c, &channel, lengths[i]);
        transfer(c, &channel, 8);
    }
}

static void large_lengths(struct lc_case *c) {
    static const uint64_t lengths[] = {4095, 4096, 4097, 65535, 65536, 65537, 300001};
    struct lc_channel channel = lc_channel_open(c);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        transfer(c, &channel, lengths[i]);
    }
}

/* ---------------------------------------------------------------- tags */

static void expect_refused_tag(struct lc_case *c, struct lc_actor *sender, uint32_t tag, uint64_t length) {
    const json_t *reply;
    enum lc_outcome outcome =
        lc_call_may_refuse(c, sender, &reply, "sender.send", "{s:I, s:I, s:I, s:i}", "tag", (json_int_t)tag, "length",
                           (json_int_t)length, "seed", (json_int_t)lc_seed(c), "timeout_ms", 100);
    lc_check(c, outcome == LC_REFUSED, "the sender refuses a reserved tag", "it sent tag 0x%08x", tag);
}

static void expect_refused_tags(struct lc_case *c, const uint32_t *tags, size_t count, uint64_t length) {
    struct lc_channel channel = lc_channel_open(c);
    for (size_t i = 0; i < count; i++) {
        expect_refused_tag(c, channel.sender, tags[i], length);
        lc_expect_no_message(c, channel.reader);
        transfer(c, &channel, 16);
    }
}

static void internal_tags(struct lc_case *c) {
    static const uint32_t tags[] = {LC_TAG_UNSET, LC_TAG_UNINITIALIZED, LC_TAG_END_OF_PAGE, LC_TAG_NEW_SHM_CLIENT};
    expect_refused_tags(c, tags, 4, 0);
    expect_refused_tags(c, tags, 4, LC_EOP_PAYLOAD);
}

static void protocol_tags(struct lc_case *c) {
    static const uint32_t tags[] = {LC_TAG_CLIENT_EXIT, LC_TAG_EXITING, LC_TAG_SLOW_RECEIVER};
    expect_refused_tags(c, tags, 3, 8);
}

static void other_tags(struct lc_case *c) {
    static const uint32_t tags[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, LC_TAG_UNSET + 1, LC_TAG_END_OF_PAGE - 1};
    struct lc_channel channel = lc_channel_open(c);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        lc_send_message(c, channel.sender, tags[i], 5, i);
        lc_expect_message(c, channel.reader, tags[i], SENDER, 0, 5, i);
    }
}

/* ---------------------------------------------------------------- flags */

static void flags_as_given(struct lc_case *c) {
    static const uint32_t flags[] = {0, 1, 2, 3, 4, 7, 8, 0x80000000, 0xffffffff};
    struct lc_channel channel = lc_channel_open(c);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        lc_call(c, channel.sender, "sender.send", "{s:i, s:i, s:i, s:I, s:i}", "tag", TAG, "length", 2048, "seed",
                (int)i, "flags", (json_int_t)flags[i], "timeout_ms", 1000);
        lc_expect_message(c, channel.reader, TAG, SENDER, flags[i], 2048, i);
    }
}

/* The suite writes the flags to the slot that an earlier message could have left there. */
static void stale_flags(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    transfer(c, &channel, 24);
    lc_put32(channel.reader->map.base, channel.reader->offset + LC_MSG_FLAGS, 0xffff);
    lc_call(c, channel.sender, "sender.alloc", "{s:i, s:i}", "length", 100, "timeout_ms", 1000);
    lc_call(c, channel.sender, "sender.commit", "{s:i, s:i}", "tag", TAG, "seed", 5);
    lc_channel_expect(c, &channel, 100, 5);
}

/* ---------------------------------------------------------------- ids and lengths */

static void ids_on_a_page(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    for (uint64_t i = 1; i <= 500; i++) {
        struct lc_message message;
        lc_send_message(c, channel.sender, TAG, i % 7, i);
        lc_next_message(c, channel.reader, &message);
        lc_check_u64(c, "message_id", i, message.id);
        lc_check_u64(c, "current_msg_id", i, lc_current_msg_id(channel.reader->map.base));
    }
}

static void ids_on_each_page(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    uint64_t length = lc_page_size(c) / 4;
    uint64_t page = 0;
    uint64_t id = 0;
    for (uint64_t i = 0; i < 12; i++) {
        struct lc_message message;
        lc_send_message(c, channel.sender, TAG, length, i);
        lc_next_message(c, channel.reader, &message);
        id = channel.reader->pages == page ? id + 1 : 1;
        page = channel.reader->pages;
        lc_check_u64(c, "message_id", id, message.id);
    }
    lc_check(c, page >= 3, "at least 3 page turns for 12 messages of a quarter of a page", "%d", (int)page);
}

static void empty_messages(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    for (int i = 0; i < 50; i++) {
        transfer(c, &channel, 0);
    }
}

static void mixed_lengths(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    uint64_t random = lc_seed(c);
    for (int i = 0; i < 300; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        transfer(c, &channel, random >> 52);
    }
}

const struct lc_case_def lc_message_cases[] = {
    {"MSG-1/every-length", "payloads of 0 to 200 bytes", "sender", LC_EACH_PROVIDER, every_length, 0, false},
    {"MSG-1/first-slot", "the padding of the first slot, and the offset of the second one", "sender", LC_FIRST_PROVIDER,
     first_slot, 0, false},
    {"MSG-1/large", "payload lengths around powers of two", "sender", LC_EACH_PROVIDER, large_lengths, 0, false},
    {"MSG-2/internal-tags", "a sender refuses UNSET, UNINITIALIZED, END_OF_PAGE and NEW_SHM_CLIENT", "sender",
     LC_FIRST_PROVIDER, internal_tags, 0, false},
    {"MSG-2/other-tags", "a sender accepts all other numbers as tags", "sender", LC_FIRST_PROVIDER, other_tags, 0,
     false},
    {"MSG-3/flags", "flags are sent unchanged, and COMPRESSED does not change the payload", "sender", LC_FIRST_PROVIDER,
     flags_as_given, 0, false},
    {"MSG-4/consecutive", "message ids and current_msg_id increase by one", "sender", LC_FIRST_PROVIDER, ids_on_a_page,
     0, false},
    {"MSG-4/each-page", "message ids start at 1 on each page", "sender", LC_FIRST_PROVIDER, ids_on_each_page, 0, false},
    {"MSG-5/empty", "messages without payload", "sender", LC_FIRST_PROVIDER, empty_messages, 0, false},
    {"MSG-5/mixed", "300 messages of random length", "sender", LC_EACH_PROVIDER, mixed_lengths, 0, false},
    {"MSG-6/protocol-tags", "a sender refuses CLIENT_EXIT, EXITING and SLOW_RECEIVER", "sender", LC_FIRST_PROVIDER,
     protocol_tags, 0, false},
    {"MSG-7/flags-set", "an allocated message does not inherit the flags that its slot had before", "sender",
     LC_FIRST_PROVIDER, stale_flags, 0, false},
    {0},
};
