/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A receiver on pages that the suite writes: what it returns, and when (SPEC.md, section 8). */
#include <string.h>

#include "suite/cases/sections.h"

enum { TAG = 0x4EC5, SENDER = 21 };

static struct lc_actor *open_on(struct lc_case *c, const struct lc_writer *writer) {
    struct lc_actor *receiver = lc_spawn(c, "receiver");
    lc_open_receiver(c, receiver, &writer->map->desc);
    return receiver;
}

static void send_and_expect(struct lc_case *c, struct lc_writer *writer, struct lc_actor *receiver, uint64_t length,
                            uint64_t seed) {
    lc_writer_send(writer, TAG, 0, length, seed);
    lc_expect_recv(c, receiver, TAG, SENDER, 0, length, seed);
}

/* ---------------------------------------------------------------- messages */

static void nothing_then_something(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_on(c, writer);
    for (uint64_t i = 0; i < 5; i++) {
        lc_expect_recv_timeout(c, receiver);
        send_and_expect(c, writer, receiver, i, i);
    }
    lc_expect_recv_timeout(c, receiver);
}

static void prepared_is_not_there(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_on(c, writer);
    send_and_expect(c, writer, receiver, 10, 1);
    lc_writer_prepare(writer, TAG, 0, 20, 2);
    lc_expect_recv_timeout(c, receiver);
    lc_writer_commit(writer);
    lc_expect_recv(c, receiver, TAG, SENDER, 0, 20, 2);
}

static void every_length(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_on(c, writer);
    for (uint64_t length = 0; length <= 200; length++) {
        send_and_expect(c, writer, receiver, length, length);
    }
}

static void fields(struct lc_case *c) {
    static const uint32_t values[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffffe};
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_on(c, writer);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        writer->sender = values[i];
        lc_writer_send(writer, values[i], values[i], 40, i);
        lc_expect_recv(c, receiver, values[i], values[i], values[i], 40, i);
    }
}

/* A broker's slots can be longer than they have to be. */
static void longer_slots(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_on(c, writer);
    for (uint64_t i = 0; i < 6; i++) {
        uint64_t slot = lc_writer_prepare(writer, TAG, 0, 24 * i, i);
        uint64_t longer = lc_get64(writer->map->base, slot + LC_MSG_PADDED) + LC_LINE * (i % 3 + 1);
        lc_put64(writer->map->base, slot + LC_MSG_PADDED, longer);
        writer->offset = slot + LC_MSG_HEADER + longer;
        lc_writer_commit(writer);
        lc_expect_recv(c, receiver, TAG, SENDER, 0, 24 * i, i);
    }
}

/* ---------------------------------------------------------------- special messages */

static void page_turns(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_map *maps[6];
    for (size_t i = 0; i < 6; i++) {
        maps[i] = lc_new_map(c, i % 2 == 0 ? LC_PAGE_DEFAULT : 2 * LC_PAGE_DEFAULT);
    }
    struct lc_actor *receiver = open_on(c, writer);
    for (size_t i = 0; i < 6; i++) {
        send_and_expect(c, writer, receiver, 100 * i, i);
        lc_writer_turn_page(writer, maps[i]);
        if (i % 3 == 2) {
            lc_expect_recv_timeout(c, receiver);
        }
    }
    send_and_expect(c, writer, receiver, 77, 77);
}

static void pages_without_messages(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_map *maps[10];
    for (size_t i = 0; i < 10; i++) {
        maps[i] = lc_new_map(c, LC_PAGE_DEFAULT);
    }
    struct lc_actor *receiver = open_on(c, writer);
    for (size_t i = 0; i < 10; i++) {
        lc_writer_turn_page(writer, maps[i]);
    }
    send_and_expect(c, writer, receiver, 77, 77);
    for (size_t i = 0; i < 9; i++) {
        lc_check_u64(c, "receivers_left_count of a page without messages", 1, lc_get16(maps[i]->base, LC_PAGE_LEFT));
    }
}

static void exiting_ends(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_on(c, writer);
    send_and_expect(c, writer, receiver, 10, 1);
    lc_writer_send(writer, LC_TAG_EXITING, 0, 0, 0);
    for (int i = 0; i < 2; i++) {
        const json_t *reply = lc_call(c, receiver, "receiver.recv", "{s:i}", "timeout_ms", 2000);
        lc_check(c, strcmp(lc_field_string(c, reply, "end"), "exiting") == 0, "the channel's end", "%s",
                 lc_field_string(c, reply, "end"));
        lc_check_u64(c, "messages", 0, json_array_size(json_object_get(reply, "messages")));
    }
}

static void marked_slot(struct lc_case *c, uint32_t tag, uint64_t length) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_on(c, writer);
    send_and_expect(c, writer, receiver, 10, 1);
    lc_writer_send(writer, tag, 0, length, 3);
    lc_expect_recv_refused(c, receiver);
}

static void unset_is_corruption(struct lc_case *c) {
    marked_slot(c, LC_TAG_UNSET, 0);
    marked_slot(c, LC_TAG_UNSET, 100);
}

static void uninitialized_is_corruption(struct lc_case *c) {
    marked_slot(c, LC_TAG_UNINITIALIZED, 100);
}

static void exiting_with_payload(struct lc_case *c) {
    marked_slot(c, LC_TAG_EXITING, 8);
}

static void short_end(struct lc_case *c, uint64_t length, uint64_t padded) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_map *next = lc_new_map(c, LC_PAGE_DEFAULT);
    struct lc_writer behind;
    lc_writer_start(&behind, next, SENDER);
    struct lc_actor *receiver = open_on(c, writer);
    send_and_expect(c, writer, receiver, 10, 1);
    uint8_t bytes[LC_EOP_PAYLOAD];
    lc_eop_payload(bytes, &next->desc);
    uint64_t slot = lc_writer_prepare_bytes(writer, LC_TAG_END_OF_PAGE, 0, bytes, sizeof bytes);
    lc_put64(writer->map->base, slot + LC_MSG_LEN, length);
    lc_put64(writer->map->base, slot + LC_MSG_PADDED, padded);
    lc_writer_commit(writer);
    lc_expect_recv_refused(c, receiver);
}

static void end_without_payload(struct lc_case *c) {
    short_end(c, 0, LC_EOP_PAYLOAD);
    short_end(c, LC_EOP_PAYLOAD - 1, LC_EOP_PAYLOAD);
    short_end(c, 0, 0);
}

/* ---------------------------------------------------------------- counts */

static void joins_and_leaves(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    for (uint16_t i = 1; i <= 3; i++) {
        struct lc_actor *receiver = open_on(c, writer);
        lc_check_u64(c, "receivers_joined_count", i, lc_get16(writer->map->base, LC_PAGE_JOINED));
        lc_call(c, receiver, "receiver.close", "{}");
        lc_check_u64(c, "receivers_left_count", i, lc_get16(writer->map->base, LC_PAGE_LEFT));
    }
}

/* ---------------------------------------------------------------- several, late, and alone */

static void several_receivers(struct lc_case *c) {
    enum { RECEIVERS = 4, MESSAGES = 60 };
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_map *next = lc_new_map(c, LC_PAGE_DEFAULT);
    struct lc_actor *receivers[RECEIVERS];
    for (int r = 0; r < RECEIVERS; r++) {
        receivers[r] = open_on(c, writer);
    }
    for (uint64_t i = 0; i < MESSAGES; i++) {
        if (i == MESSAGES / 2) {
            lc_writer_turn_page(writer, next);
        }
        lc_writer_send(writer, TAG, 0, i, i);
    }
    for (uint64_t i = 0; i < MESSAGES; i++) {
        for (uint64_t r = 0; r < RECEIVERS; r++) {
            lc_expect_recv(c, receivers[(r + i) % RECEIVERS], TAG, SENDER, 0, i, i);
        }
    }
}

static void name_removed(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_on(c, writer);
    send_and_expect(c, writer, receiver, 10, 1);
    int rc = lc_map_unlink(writer->map);
    if (rc != 0) {
        lc_error(c, "removing the segment: %s", strerror(-rc));
    }
    send_and_expect(c, writer, receiver, 20, 2);
    send_and_expect(c, writer, receiver, 30000, 3);
}

/* Cut off behind its first 4 KiB, under a receiver that has more to read. A clean error is what a user would want. */
static void cut_off_under_it(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_on(c, writer);
    send_and_expect(c, writer, receiver, 10, 1);
    lc_writer_send(writer, TAG, 0, 3000, 2);
    lc_writer_send(writer, TAG, 0, 30000, 3);
    int rc = lc_map_truncate(writer->map, 4096);
    if (rc != 0) {
        lc_error(c, "cutting the segment off: %s", strerror(-rc));
    }
    const json_t *reply;
    lc_call_may_refuse(c, receiver, &reply, "receiver.recv", "{s:i, s:i}", "count", 2, "timeout_ms", 100);
    lc_check_alive(c, receiver);
}

static void time_is_up(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_on(c, writer);
    static const int waits[] = {0, 1, 20, 200};
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        const json_t *reply = lc_call(c, receiver, "receiver.recv", "{s:i}", "timeout_ms", waits[i]);
        lc_check(c, strcmp(lc_field_string(c, reply, "end"), "timeout") == 0, "end: timeout", "%s",
                 lc_field_string(c, reply, "end"));
    }
    send_and_expect(c, writer, receiver, 5, 5);
}

static void wakes_up(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_on(c, writer);
    for (uint64_t i = 0; i < 20; i++) {
        lc_send_request(c, receiver, "receiver.recv", "{s:i}", "timeout_ms", 5000);
        lc_writer_send(writer, TAG, 0, 10, i);
        const json_t *reply = lc_wait_reply(c, receiver);
        lc_check_u64(c, "messages", 1, json_array_size(json_object_get(reply, "messages")));
    }
}

const struct lc_case_def lc_recv_cases[] = {
    {"RECV-1/nothing-yet", "nothing, one message, nothing …", "receiver", LC_EACH_PROVIDER, nothing_then_something, 0,
     false},
    {"RECV-1/not-committed", "what is written and not committed is not there", "receiver", LC_FIRST_PROVIDER,
     prepared_is_not_there, 0, false},
    {"RECV-1/every-length", "payloads of 0 to 200 bytes", "receiver", LC_EACH_PROVIDER, every_length, 0, false},
    {"RECV-4/fields", "tag, sender and flags as they stand in the slot", "receiver", LC_FIRST_PROVIDER, fields, 0,
     false},
    {"RECV-10/longer", "slots with more padding than they need", "receiver", LC_FIRST_PROVIDER, longer_slots, 0, false},
    {"RECV-3/page-turns", "six pages of two sizes", "receiver", LC_EACH_PROVIDER, page_turns, 0, false},
    {"RECV-3/pages-without-messages", "ten pages of nothing but END_OF_PAGE", "receiver", LC_FIRST_PROVIDER,
     pages_without_messages, 0, false},
    {"RECV-3/exiting", "EXITING ends the channel, for good", "receiver", LC_FIRST_PROVIDER, exiting_ends, 0, false},
    {"RECV-3/unset", "UNSET where a message should be", "receiver", LC_FIRST_PROVIDER, unset_is_corruption, 0, false},
    {"RECV-3/uninitialized", "a message committed while it was being filled", "receiver", LC_FIRST_PROVIDER,
     uninitialized_is_corruption, 0, false},
    {"RECV-3/exiting-with-payload", "EXITING with 8 bytes", "receiver", LC_FIRST_PROVIDER, exiting_with_payload, 0,
     false},
    {"RECV-3/short-end", "END_OF_PAGE of 0 and of 31 bytes", "receiver", LC_FIRST_PROVIDER, end_without_payload, 0,
     false},
    {"RECV-6/counts", "one more joined, one more left, for each receiver", "receiver", LC_EACH_PROVIDER,
     joins_and_leaves, 0, false},
    {"RECV-4/several", "four receivers get everything in order", "receiver", LC_EACH_PROVIDER, several_receivers, 0,
     false},
    {"RECV-11/name-removed", "the segment's name goes while it is read", "receiver", LC_NAMED_PROVIDERS, name_removed,
     0, false},
    {"RECV-12/cut-off", "the segment is cut off while it is read", "receiver", LC_POSIX_ONLY, cut_off_under_it, 0,
     false},
    {"RECV-13/time-is-up", "waiting ends", "receiver", LC_FIRST_PROVIDER, time_is_up, 0, false},
    {"RECV-13/wakes-up", "a message that comes while it waits", "receiver", LC_FIRST_PROVIDER, wakes_up, 0, false},
    {0},
};
