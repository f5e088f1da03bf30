/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A receiver on pages that the suite writes (SPEC.md, section 8). */
#include <string.h>

#include "suite/cases/sections.h"

enum { TAG = 0x4EC5, SENDER = 21 };

static struct lc_actor *open_receiver(struct lc_case *c, const struct lc_writer *writer) {
    struct lc_actor *receiver = lc_spawn_receiver(c, &writer->map->desc);
    return receiver;
}

static void transfer(struct lc_case *c, struct lc_writer *writer, struct lc_actor *receiver, uint64_t length,
                     uint64_t seed) {
    lc_writer_send(writer, TAG, 0, length, seed);
    lc_expect_recv(c, receiver, TAG, SENDER, 0, length, seed);
}

/* ---------------------------------------------------------------- messages */

static void nothing_then_one(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_receiver(c, writer);
    for (uint64_t i = 0; i < 5; i++) {
        lc_expect_recv_timeout(c, receiver);
        transfer(c, writer, receiver, i, i);
    }
    lc_expect_recv_timeout(c, receiver);
}

static void not_committed(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_receiver(c, writer);
    transfer(c, writer, receiver, 10, 1);
    lc_writer_prepare(writer, TAG, 0, 20, 2);
    lc_expect_recv_timeout(c, receiver);
    lc_writer_commit(writer);
    lc_expect_recv(c, receiver, TAG, SENDER, 0, 20, 2);
}

static void every_length(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_receiver(c, writer);
    for (uint64_t length = 0; length <= 200; length++) {
        transfer(c, writer, receiver, length, length);
    }
}

static void fields(struct lc_case *c) {
    static const uint32_t values[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffffe};
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_receiver(c, writer);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        writer->sender = values[i];
        lc_writer_send(writer, values[i], values[i], 40, i);
        lc_expect_recv(c, receiver, values[i], values[i], values[i], 40, i);
    }
}

/* The slots of a broker may have more padding than MSG-1 asks for. */
static void longer_slots(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_receiver(c, writer);
    for (uint64_t i = 0; i < 6; i++) {
        uint64_t slot = lc_writer_prepare(writer, TAG, 0, 24 * i, i);
        uint64_t longer = lc_get64(writer->map->base, slot + LC_MSG_PADDED) + LC_LINE * (i % 3 + 1);
        lc_put64(writer->map->base, slot + LC_MSG_PADDED, longer);
        writer->offset = slot + LC_MSG_HEADER + longer;
        lc_writer_commit(writer);
        lc_expect_recv(c, receiver, TAG, SENDER, 0, 24 * i, i);
    }
}

/* ---------------------------------------------------------------- messages of the protocol */

static void page_turns(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_map *maps[6];
    for (size_t i = 0; i < 6; i++) {
        maps[i] = lc_new_map(c, i % 2 == 0 ? LC_PAGE_DEFAULT : 2 * LC_PAGE_DEFAULT);
    }
    struct lc_actor *receiver = open_receiver(c, writer);
    for (size_t i = 0; i < 6; i++) {
        transfer(c, writer, receiver, 100 * i, i);
        lc_writer_turn_page(writer, maps[i]);
        if (i % 3 == 2) {
            lc_expect_recv_timeout(c, receiver);
        }
    }
    transfer(c, writer, receiver, 77, 77);
}

static void pages_without_messages(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_map *maps[10];
    for (size_t i = 0; i < 10; i++) {
        maps[i] = lc_new_map(c, LC_PAGE_DEFAULT);
    }
    struct lc_actor *receiver = open_receiver(c, writer);
    for (size_t i = 0; i < 10; i++) {
        lc_writer_turn_page(writer, maps[i]);
    }
    transfer(c, writer, receiver, 77, 77);
    for (size_t i = 0; i < 9; i++) {
        lc_check_u64(c, "receivers_left_count of a page without messages:", 1, lc_get16(maps[i]->base, LC_PAGE_LEFT));
    }
}

static void exiting(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_receiver(c, writer);
    transfer(c, writer, receiver, 10, 1);
    lc_writer_send(writer, LC_TAG_EXITING, 0, 0, 0);
    lc_expect_recv_exiting(c, receiver, 2000);
    lc_expect_recv_exiting(c, receiver, 2000);
}

static void expect_refused_message(struct lc_case *c, uint32_t tag, uint64_t length) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_receiver(c, writer);
    transfer(c, writer, receiver, 10, 1);
    lc_writer_send(writer, tag, 0, length, 3);
    lc_expect_recv_refused(c, receiver);
}

static void unset(struct lc_case *c) {
    expect_refused_message(c, LC_TAG_UNSET, 0);
    expect_refused_message(c, LC_TAG_UNSET, 100);
}

static void uninitialized(struct lc_case *c) {
    expect_refused_message(c, LC_TAG_UNINITIALIZED, 100);
}

static void exiting_with_payload(struct lc_case *c) {
    expect_refused_message(c, LC_TAG_EXITING, 8);
}

static void expect_refused_end(struct lc_case *c, uint64_t length, uint64_t padded) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_map *next = lc_new_map(c, LC_PAGE_DEFAULT);
    struct lc_writer next_writer;
    lc_writer_start(&next_writer, next, SENDER);
    struct lc_actor *receiver = open_receiver(c, writer);
    transfer(c, writer, receiver, 10, 1);
    uint8_t bytes[LC_EOP_PAYLOAD];
    lc_eop_payload(bytes, &next->desc);
    uint64_t slot = lc_writer_prepare_bytes(writer, LC_TAG_END_OF_PAGE, 0, bytes, sizeof bytes);
    lc_put64(writer->map->base, slot + LC_MSG_LEN, length);
    lc_put64(writer->map->base, slot + LC_MSG_PADDED, padded);
    lc_writer_commit(writer);
    lc_expect_recv_refused(c, receiver);
}

static void short_end(struct lc_case *c) {
    expect_refused_end(c, 0, LC_EOP_PAYLOAD);
    expect_refused_end(c, LC_EOP_PAYLOAD - 1, LC_EOP_PAYLOAD);
    expect_refused_end(c, 0, 0);
}

/* ---------------------------------------------------------------- several receivers */

static void counters(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    for (uint16_t i = 1; i <= 3; i++) {
        struct lc_actor *receiver = open_receiver(c, writer);
        lc_check_u64(c, "receivers_joined_count", i, lc_get16(writer->map->base, LC_PAGE_JOINED));
        lc_call(c, receiver, "receiver.close", "{}");
        lc_check_u64(c, "receivers_left_count", i, lc_get16(writer->map->base, LC_PAGE_LEFT));
    }
}

static void several_receivers(struct lc_case *c) {
    enum { RECEIVERS = 4, MESSAGES = 60 };
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_map *next = lc_new_map(c, LC_PAGE_DEFAULT);
    struct lc_actor *receivers[RECEIVERS];
    for (int r = 0; r < RECEIVERS; r++) {
        receivers[r] = open_receiver(c, writer);
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

/* ---------------------------------------------------------------- the segment */

static void name_removed(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_receiver(c, writer);
    transfer(c, writer, receiver, 10, 1);
    int rc = lc_map_unlink(writer->map);
    if (rc != 0) {
        lc_error(c, "removing the segment: %s", strerror(-rc));
    }
    transfer(c, writer, receiver, 20, 2);
    transfer(c, writer, receiver, 30000, 3);
}

/* The segment is truncated to 4 KiB while the receiver has messages to read after that. It must not crash. */
static void truncated(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_receiver(c, writer);
    transfer(c, writer, receiver, 10, 1);
    lc_writer_send(writer, TAG, 0, 3000, 2);
    lc_writer_send(writer, TAG, 0, 30000, 3);
    int rc = lc_map_truncate(writer->map, 4096);
    if (rc != 0) {
        lc_error(c, "truncating the segment: %s", strerror(-rc));
    }
    (void)lc_call_may_refuse(c, receiver, NULL, "receiver.recv", "{s:i, s:i}", "count", 2, "timeout_ms", 100);
    lc_check_alive(c, receiver);
}

/* ---------------------------------------------------------------- waiting */

static void timeouts(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_receiver(c, writer);
    static const int timeouts_ms[] = {0, 1, 20, 200};
    for (size_t i = 0; i < sizeof timeouts_ms / sizeof timeouts_ms[0]; i++) {
        const json_t *reply = lc_call(c, receiver, "receiver.recv", "{s:i}", "timeout_ms", timeouts_ms[i]);
        const char *end = lc_field_string(c, reply, "end");
        lc_check(c, strcmp(end, "timeout") == 0, "`end` is \"timeout\"", "\"%s\"", end);
    }
    transfer(c, writer, receiver, 5, 5);
}

static void sent_while_waiting(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_actor *receiver = open_receiver(c, writer);
    for (uint64_t i = 0; i < 20; i++) {
        lc_send_request(c, receiver, "receiver.recv", "{s:i}", "timeout_ms", 5000);
        lc_writer_send(writer, TAG, 0, 10, i);
        const json_t *reply = lc_wait_reply(c, receiver);
        lc_check_u64(c, "number of messages:", 1, json_array_size(json_object_get(reply, "messages")));
    }
}

const struct lc_case_def lc_recv_cases[] = {
    {"RECV-1/nothing-yet", "no message, one message, no message …", "receiver", LC_EACH_PROVIDER, nothing_then_one, 0,
     false},
    {"RECV-1/not-committed", "a message is not received before its commit", "receiver", LC_FIRST_PROVIDER,
     not_committed, 0, false},
    {"RECV-1/every-length", "payloads of 0 to 200 bytes", "receiver", LC_EACH_PROVIDER, every_length, 0, false},
    {"RECV-4/fields", "tag, sender and flags are those of the slot", "receiver", LC_FIRST_PROVIDER, fields, 0, false},
    {"RECV-10/longer", "slots with more padding than needed", "receiver", LC_FIRST_PROVIDER, longer_slots, 0, false},
    {"RECV-3/page-turns", "six pages of two sizes", "receiver", LC_EACH_PROVIDER, page_turns, 0, false},
    {"RECV-3/pages-without-messages", "ten pages that have only END_OF_PAGE", "receiver", LC_FIRST_PROVIDER,
     pages_without_messages, 0, false},
    {"RECV-3/exiting", "EXITING ends the channel for all later calls", "receiver", LC_FIRST_PROVIDER, exiting, 0,
     false},
    {"RECV-3/unset", "a committed message with tag UNSET is refused", "receiver", LC_FIRST_PROVIDER, unset, 0, false},
    {"RECV-3/uninitialized", "a committed message with tag UNINITIALIZED is refused", "receiver", LC_FIRST_PROVIDER,
     uninitialized, 0, false},
    {"RECV-3/exiting-with-payload", "EXITING with a payload of 8 bytes is refused", "receiver", LC_FIRST_PROVIDER,
     exiting_with_payload, 0, false},
    {"RECV-3/short-end", "END_OF_PAGE with 0 or 31 bytes is refused", "receiver", LC_FIRST_PROVIDER, short_end, 0,
     false},
    {"RECV-6/counts", "each receiver adds one to the counters of its page", "receiver", LC_EACH_PROVIDER, counters, 0,
     false},
    {"RECV-4/several", "four receivers get all messages in order", "receiver", LC_EACH_PROVIDER, several_receivers, 0,
     false},
    {"RECV-11/name-removed", "the segment's name is removed while the page is read", "receiver", LC_NAMED_PROVIDERS,
     name_removed, 0, false},
    {"RECV-12/cut-off", "the segment is truncated while the page is read", "receiver", LC_POSIX_ONLY, truncated, 0,
     false},
    {"RECV-13/time-is-up", "a receiver returns when its timeout has elapsed", "receiver", LC_FIRST_PROVIDER, timeouts,
     0, false},
    {"RECV-13/wakes-up", "a message is sent while the receiver waits", "receiver", LC_FIRST_PROVIDER,
     sent_while_waiting, 0, false},
    {0},
};
