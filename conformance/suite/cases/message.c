/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Messages as a sender writes them: padding at every alignment, tags, flags, ids, lengths (SPEC.md, section 4). */
#include "suite/cases/sections.h"

enum { TAG = 0x1337, SENDER = 7 };

static struct lc_reader *open_channel(struct lc_case *c, struct lc_actor **sender) {
    *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender(c, *sender, SENDER);
    return lc_read_channel(c, *sender, &desc);
}

static void send_and_expect(struct lc_case *c, struct lc_actor *sender, struct lc_reader *reader, uint64_t length) {
    lc_send_message(c, sender, TAG, length, lc_seed(c) + length);
    lc_expect_message(c, reader, TAG, SENDER, 0, length, lc_seed(c) + length);
}

/* ---------------------------------------------------------------- padding */

static void every_length(struct lc_case *c) {
    struct lc_actor *sender;
    struct lc_reader *reader = open_channel(c, &sender);
    for (uint64_t length = 0; length <= 200; length++) {
        send_and_expect(c, sender, reader, length);
    }
}

/* The first slot stands at 48, where no other one can. */
static void first_slot(struct lc_case *c) {
    static const uint64_t lengths[] = {0, 1, 39, 40, 41, 103, 104, 105, 1000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct lc_actor *sender;
        struct lc_reader *reader = open_channel(c, &sender);
        send_and_expect(c, sender, reader, lengths[i]);
        send_and_expect(c, sender, reader, 8);
    }
}

static void large_lengths(struct lc_case *c) {
    static const uint64_t lengths[] = {4095, 4096, 4097, 65535, 65536, 65537, 300001};
    struct lc_actor *sender;
    struct lc_reader *reader = open_channel(c, &sender);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        send_and_expect(c, sender, reader, lengths[i]);
    }
}

/* ---------------------------------------------------------------- tags */

static void refuse_tag(struct lc_case *c, struct lc_actor *sender, uint32_t tag, uint64_t length) {
    const json_t *reply;
    enum lc_outcome outcome =
        lc_call_may_refuse(c, sender, &reply, "sender.send", "{s:I, s:I, s:I, s:i}", "tag", (json_int_t)tag, "length",
                           (json_int_t)length, "seed", (json_int_t)lc_seed(c), "timeout_ms", 100);
    lc_check(c, outcome == LC_REFUSED, "a refusal", "tag 0x%08x was sent", tag);
}

static void refuse_tags(struct lc_case *c, const uint32_t *tags, size_t count, uint64_t length) {
    struct lc_actor *sender;
    struct lc_reader *reader = open_channel(c, &sender);
    for (size_t i = 0; i < count; i++) {
        refuse_tag(c, sender, tags[i], length);
        lc_expect_no_message(c, reader);
        send_and_expect(c, sender, reader, 16);
    }
}

static void internal_tags(struct lc_case *c) {
    static const uint32_t tags[] = {LC_TAG_UNSET, LC_TAG_UNINITIALIZED, LC_TAG_END_OF_PAGE, LC_TAG_NEW_SHM_CLIENT};
    refuse_tags(c, tags, 4, 0);
    refuse_tags(c, tags, 4, LC_EOP_PAYLOAD);
}

static void protocol_tags(struct lc_case *c) {
    static const uint32_t tags[] = {LC_TAG_CLIENT_EXIT, LC_TAG_EXITING, LC_TAG_SLOW_RECEIVER};
    refuse_tags(c, tags, 3, 8);
}

static void any_other_tag(struct lc_case *c) {
    static const uint32_t tags[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, LC_TAG_UNSET + 1, LC_TAG_END_OF_PAGE - 1};
    struct lc_actor *sender;
    struct lc_reader *reader = open_channel(c, &sender);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        lc_send_message(c, sender, tags[i], 5, i);
        lc_expect_message(c, reader, tags[i], SENDER, 0, 5, i);
    }
}

/* ---------------------------------------------------------------- flags */

static void flags_as_given(struct lc_case *c) {
    static const uint32_t flags[] = {0, 1, 2, 3, 4, 7, 8, 0x80000000, 0xffffffff};
    struct lc_actor *sender;
    struct lc_reader *reader = open_channel(c, &sender);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        lc_call(c, sender, "sender.send", "{s:i, s:i, s:i, s:I, s:i}", "tag", TAG, "length", 2048, "seed", (int)i,
                "flags", (json_int_t)flags[i], "timeout_ms", 1000);
        lc_expect_message(c, reader, TAG, SENDER, flags[i], 2048, i);
    }
}

/* What a slot had before is made plain by writing it there. */
static void flags_not_left_over(struct lc_case *c) {
    struct lc_actor *sender;
    struct lc_reader *reader = open_channel(c, &sender);
    send_and_expect(c, sender, reader, 24);
    lc_put32(reader->map.base, reader->offset + LC_MSG_FLAGS, 0xffff);
    lc_call(c, sender, "sender.alloc", "{s:i, s:i}", "length", 100, "timeout_ms", 1000);
    lc_call(c, sender, "sender.commit", "{s:i, s:i}", "tag", TAG, "seed", 5);
    lc_expect_message(c, reader, TAG, SENDER, 0, 100, 5);
}

/* ---------------------------------------------------------------- ids and lengths */

static void ids_on_a_page(struct lc_case *c) {
    struct lc_actor *sender;
    struct lc_reader *reader = open_channel(c, &sender);
    for (uint64_t i = 1; i <= 500; i++) {
        lc_send_message(c, sender, TAG, i % 7, i);
        struct lc_message message;
        lc_next_message(c, reader, &message);
        lc_check_u64(c, "message_id", i, message.id);
        lc_check_u64(c, "current_msg_id", i, lc_current_msg_id(reader->map.base));
    }
}

static void ids_start_again(struct lc_case *c) {
    struct lc_actor *sender;
    struct lc_reader *reader = open_channel(c, &sender);
    uint64_t length = lc_page_size(c) / 4;
    uint64_t page = 0;
    uint64_t id = 0;
    for (uint64_t i = 0; i < 12; i++) {
        lc_send_message(c, sender, TAG, length, i);
        struct lc_message message;
        lc_next_message(c, reader, &message);
        id = reader->pages == page ? id + 1 : 1;
        page = reader->pages;
        lc_check_u64(c, "message_id", id, message.id);
    }
    lc_check(c, page >= 3, "a new page about every third message", "%d pages", (int)page);
}

static void empty_messages(struct lc_case *c) {
    struct lc_actor *sender;
    struct lc_reader *reader = open_channel(c, &sender);
    for (int i = 0; i < 50; i++) {
        send_and_expect(c, sender, reader, 0);
    }
}

static void mixed_lengths(struct lc_case *c) {
    struct lc_actor *sender;
    struct lc_reader *reader = open_channel(c, &sender);
    uint64_t random = lc_seed(c);
    for (int i = 0; i < 300; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        send_and_expect(c, sender, reader, random >> 52);
    }
}

const struct lc_case_def lc_message_cases[] = {
    {"MSG-1/every-length", "payloads of 0 to 200 bytes", "sender", LC_EACH_PROVIDER, every_length, 0, false},
    {"MSG-1/first-slot", "the first slot's padding, and where the second one stands", "sender", LC_FIRST_PROVIDER,
     first_slot, 0, false},
    {"MSG-1/large", "payloads around powers of two", "sender", LC_EACH_PROVIDER, large_lengths, 0, false},
    {"MSG-2/internal-tags", "UNSET, UNINITIALIZED, END_OF_PAGE, NEW_SHM_CLIENT are refused", "sender",
     LC_FIRST_PROVIDER, internal_tags, 0, false},
    {"MSG-2/other-tags", "every other number is a tag", "sender", LC_FIRST_PROVIDER, any_other_tag, 0, false},
    {"MSG-3/flags", "flags arrive as they were given, COMPRESSED changes no payload", "sender", LC_FIRST_PROVIDER,
     flags_as_given, 0, false},
    {"MSG-4/consecutive", "ids count up, and current_msg_id with them", "sender", LC_FIRST_PROVIDER, ids_on_a_page, 0,
     false},
    {"MSG-4/each-page", "ids start with 1 on each page", "sender", LC_FIRST_PROVIDER, ids_start_again, 0, false},
    {"MSG-5/empty", "messages without payload", "sender", LC_FIRST_PROVIDER, empty_messages, 0, false},
    {"MSG-5/mixed", "300 lengths in no order", "sender", LC_EACH_PROVIDER, mixed_lengths, 0, false},
    {"MSG-6/protocol-tags", "CLIENT_EXIT, EXITING, SLOW_RECEIVER are refused", "sender", LC_FIRST_PROVIDER,
     protocol_tags, 0, false},
    {"MSG-7/flags-set", "flags of an allocated message do not come from the slot", "sender", LC_FIRST_PROVIDER,
     flags_not_left_over, 0, false},
    {0},
};
