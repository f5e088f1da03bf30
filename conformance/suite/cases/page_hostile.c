/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Invalid pages: each field of a message header and of END_OF_PAGE gets wrong values, before and while it is read. The
 * receiver must return an error and continue to run (SPEC.md, sections 2, 3, 6 and 8).
 */
#include <string.h>

#include "suite/cases/sections.h"

enum { TAG = 0x4057, SENDER = 5 };

struct reading {
    struct lc_writer *writer;
    struct lc_actor *receiver;
};

/* A channel with one message that a receiver has read. */
static struct reading start_reading(struct lc_case *c) {
    struct reading reading = {.writer = lc_new_channel(c, 0, SENDER)};
    lc_writer_send(reading.writer, TAG, 0, 100, 1);
    reading.receiver = lc_spawn_receiver(c, &reading.writer->map->desc);
    lc_expect_recv(c, reading.receiver, TAG, SENDER, 0, 100, 1);
    return reading;
}

/* ---------------------------------------------------------------- one field of a message */

/* Fills `values` with extreme values for a 64-bit field, and with values around the right one. Returns how many. */
static size_t wrong_values(uint64_t right, uint64_t room, uint64_t values[16]) {
    const uint64_t all[] = {0,
                            1,
                            right - 1,
                            right + 1,
                            right + 63,
                            right + 64,
                            room,
                            room + 1,
                            room + 64,
                            UINT64_C(64) << 20,
                            UINT64_C(1) << 31,
                            UINT64_C(1) << 32,
                            UINT64_C(1) << 63,
                            (UINT64_C(1) << 63) - 1,
                            UINT64_MAX - 119,
                            UINT64_MAX};
    memcpy(values, all, sizeof all);
    return sizeof all / sizeof all[0];
}

static bool is_valid_padding(uint64_t slot, uint64_t length, uint64_t value, uint64_t map_size) {
    uint64_t begin = slot + LC_MSG_HEADER;
    return value >= length && value <= map_size - begin && (begin + value) % LC_LINE == 0;
}

#define SECOND_SLOT (LC_PAGE_HEADER + LC_MSG_HEADER + 104) /* after a message of 100 bytes */

/* Fails unless the receiver refuses a second message with this value in the field. */
static void expect_refused_value(struct lc_case *c, size_t field, uint64_t value) {
    struct reading reading = start_reading(c);
    uint64_t slot = lc_writer_prepare(reading.writer, TAG, 0, 100, 2);
    lc_check_u64(c, "offset of the second slot", SECOND_SLOT, slot);
    lc_put64(reading.writer->map->base, slot + field, value);
    lc_writer_commit(reading.writer);
    lc_note(c, "the field at %d of the second message is 0x%llx", (int)field, (unsigned long long)value);
    lc_expect_recv_refused(c, reading.receiver);
}

static void wrong_padding(struct lc_case *c) {
    uint64_t values[16];
    uint64_t room = LC_PAGE_DEFAULT - SECOND_SLOT - LC_MSG_HEADER;
    size_t count = wrong_values(lc_padded(SECOND_SLOT, 100), room, values);
    for (size_t i = 0; i < count; i++) {
        bool aligned = (SECOND_SLOT + LC_MSG_HEADER + values[i]) % LC_LINE == 0;
        if (aligned && !is_valid_padding(SECOND_SLOT, 100, values[i], LC_PAGE_DEFAULT)) {
            expect_refused_value(c, LC_MSG_PADDED, values[i]);
        }
    }
    expect_refused_value(c, LC_MSG_PADDED, 64); /* shorter than the payload */
    expect_refused_value(c, LC_MSG_PADDED, LC_PAGE_DEFAULT);
}

/* The next slot would be the same one, or the first one. The receiver must return neither message again. */
static void wrapping_padding(struct lc_case *c) {
    expect_refused_value(c, LC_MSG_PADDED, UINT64_MAX - LC_MSG_HEADER + 1);
    expect_refused_value(c, LC_MSG_PADDED, UINT64_MAX - (SECOND_SLOT - LC_PAGE_HEADER + LC_MSG_HEADER) + 1);
}

static void wrong_length(struct lc_case *c) {
    uint64_t values[16];
    uint64_t padded = lc_padded(SECOND_SLOT, 100);
    size_t count = wrong_values(padded, LC_PAGE_DEFAULT, values);
    for (size_t i = 0; i < count; i++) {
        if (values[i] > padded) {
            expect_refused_value(c, LC_MSG_LEN, values[i]);
        }
    }
}

static void unaligned_padding(struct lc_case *c) {
    static const int deltas[] = {-1, 1, 8, 63, 32, 40};
    for (size_t i = 0; i < sizeof deltas / sizeof deltas[0]; i++) {
        expect_refused_value(c, LC_MSG_PADDED, lc_padded(SECOND_SLOT, 100) + (uint64_t)(int64_t)deltas[i]);
    }
}

static void wrong_id(struct lc_case *c) {
    static const uint64_t ids[] = {0, 1, 3, UINT64_C(1) << 32 | 2, UINT64_C(1) << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        expect_refused_value(c, LC_MSG_ID, ids[i]);
    }
}

/* ---------------------------------------------------------------- current_msg_id */

static void id_too_large(struct lc_case *c) {
    static const uint64_t by[] = {1, 2, 1000, UINT64_C(1) << 32, UINT64_MAX - 1};
    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
        struct reading reading = start_reading(c);
        lc_set_current_msg_id(reading.writer->map->base, 1 + by[i]);
        lc_expect_recv_refused(c, reading.receiver);
    }
}

/* The slot after the last message is zero, and not marked UNSET. */
static void id_of_zeros(struct lc_case *c) {
    struct reading reading = start_reading(c);
    memset(reading.writer->map->base + SECOND_SLOT, 0, LC_MSG_HEADER);
    lc_set_current_msg_id(reading.writer->map->base, 5);
    lc_expect_recv_refused(c, reading.receiver);
}

static void id_decreases(struct lc_case *c) {
    struct reading reading = start_reading(c);
    lc_writer_send(reading.writer, TAG, 0, 50, 2);
    lc_expect_recv(c, reading.receiver, TAG, SENDER, 0, 50, 2);
    lc_set_current_msg_id(reading.writer->map->base, 1);
    lc_expect_recv_refused(c, reading.receiver);
}

/* One message was read, and current_msg_id is 0: the difference must not wrap around. */
static void id_decreases_to_zero(struct lc_case *c) {
    struct reading reading = start_reading(c);
    lc_set_current_msg_id(reading.writer->map->base, 0);
    const json_t *reply;
    if (lc_call_may_refuse(c, reading.receiver, &reply, "receiver.recv", "{s:i}", "timeout_ms", 50) == LC_OK) {
        lc_check_u64(c, "number of messages:", 0, json_array_size(json_object_get(reply, "messages")));
    }
    lc_check_alive(c, reading.receiver);
}

static void error_is_permanent(struct lc_case *c) {
    struct reading reading = start_reading(c);
    uint64_t slot = lc_writer_prepare(reading.writer, TAG, 0, 100, 2);
    lc_put64(reading.writer->map->base, slot + LC_MSG_LEN, UINT64_MAX);
    lc_writer_commit(reading.writer);
    lc_expect_recv_refused(c, reading.receiver);
    lc_put64(reading.writer->map->base, slot + LC_MSG_LEN, 100);
    lc_writer_send(reading.writer, TAG, 0, 10, 3);
    lc_expect_recv_refused(c, reading.receiver);
    lc_expect_recv_refused(c, reading.receiver);
}

/* ---------------------------------------------------------------- the end of the map */

/* The slot ends with the map, and current_msg_id declares a second message. */
static void message_beyond_the_map(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 4096, SENDER);
    uint64_t length = 4096 - LC_PAGE_HEADER - LC_MSG_HEADER;
    lc_writer_send(writer, TAG, 0, length, 1);
    struct lc_actor *receiver = lc_spawn_receiver(c, &writer->map->desc);
    lc_expect_recv(c, receiver, TAG, SENDER, 0, length, 1);
    lc_set_current_msg_id(writer->map->base, 2);
    lc_expect_recv_refused(c, receiver);
}

static void unaligned_end_of_slot(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 4096, SENDER);
    uint64_t length = 4096 - LC_LINE / 2 - LC_PAGE_HEADER - LC_MSG_HEADER;
    uint64_t slot = lc_writer_prepare(writer, TAG, 0, length - 32, 1);
    lc_put64(writer->map->base, slot + LC_MSG_PADDED, length);
    lc_writer_commit(writer);
    struct lc_actor *receiver = lc_spawn_receiver(c, &writer->map->desc);
    lc_expect_recv_refused(c, receiver);
}

/* ---------------------------------------------------------------- END_OF_PAGE */

static void expect_refused_end(struct lc_case *c, struct lc_desc desc) {
    struct reading reading = start_reading(c);
    lc_writer_end_page(reading.writer, &desc);
    lc_note(c, "END_OF_PAGE names %s of %llu bytes", lc_desc_show(&desc), (unsigned long long)desc.size);
    lc_expect_recv_refused(c, reading.receiver);
    lc_expect_recv_refused(c, reading.receiver);
}

static void end_invalid_ids(struct lc_case *c) {
    static const char *const ids[] = {"", "abc", "-1", "12abc", "99999999999999999", "4294967296", "/", "/../x", " 1"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        expect_refused_end(c, lc_desc_of(LC_PAGE_DEFAULT, ids[i]));
    }
    struct lc_desc unterminated = {.size = LC_PAGE_DEFAULT};
    memset(unterminated.id, '1', sizeof unterminated.id);
    expect_refused_end(c, unterminated);
}

/* Ends the page with the id of a valid next page and each of these sizes. */
static void expect_refused_sizes(struct lc_case *c, const uint64_t *sizes, size_t count) {
    struct lc_map *next = lc_new_map(c, LC_PAGE_DEFAULT);
    struct lc_writer writer;
    lc_writer_start(&writer, next, SENDER);
    lc_writer_send(&writer, TAG, 0, 10, 2);
    for (size_t i = 0; i < count; i++) {
        struct lc_desc desc = next->desc;
        desc.size = sizes[i];
        expect_refused_end(c, desc);
    }
}

/* A size that is smaller than the map's need not be refused, as long as it has room for a page. */
static void end_claims_more(struct lc_case *c) {
    static const uint64_t sizes[] = {LC_PAGE_DEFAULT + 1, 2 * LC_PAGE_DEFAULT, UINT64_C(1) << 40, UINT64_C(1) << 63,
                                     UINT64_MAX};
    expect_refused_sizes(c, sizes, sizeof sizes / sizeof sizes[0]);
}

static void end_claims_too_little(struct lc_case *c) {
    static const uint64_t sizes[] = {0, 1, LC_PAGE_HEADER, LC_PAGE_HEADER + LC_MSG_HEADER - 1};
    expect_refused_sizes(c, sizes, sizeof sizes / sizeof sizes[0]);
}

static void end_names_another_provider(struct lc_case *c) {
    enum lc_provider other = lc_provider(c) == LC_POSIX ? LC_SYSV : LC_POSIX;
    struct lc_map map;
    int rc = lc_map_create(other, LC_PAGE_DEFAULT, &map);
    if (rc != 0) {
        lc_error(c, "creating a %s map: %s", lc_provider_names[other], strerror(-rc));
    }
    struct lc_writer writer;
    lc_writer_start(&writer, &map, SENDER);
    struct lc_desc desc = map.desc;
    expect_refused_end(c, desc);
    lc_map_close(&map);
}

/* ---------------------------------------------------------------- fields that change while they are read */

struct drained {
    uint64_t messages;
    bool refused;
};

/* Receives until there is no message, or an error. Each message must have a length that fits the map. */
static struct drained drain(struct lc_case *c, struct lc_actor *receiver, uint64_t max) {
    struct drained result = {0};
    while (result.messages < max && !result.refused) {
        const json_t *reply;
        enum lc_outcome outcome =
            lc_call_may_refuse(c, receiver, &reply, "receiver.recv", "{s:i, s:i}", "timeout_ms", 0, "count", 64);
        result.refused = outcome == LC_REFUSED;
        size_t count = json_array_size(json_object_get(reply, "messages"));
        for (size_t i = 0; i < count; i++) {
            const json_t *message = json_array_get(json_object_get(reply, "messages"), i);
            uint64_t length = lc_field_u64(c, message, "length");
            lc_check(c, length <= LC_PAGE_DEFAULT, "a length that fits the map", "%llu", (unsigned long long)length);
        }
        result.messages += count;
        if (count == 0) {
            break;
        }
    }
    return result;
}

/*
 * A page full of messages. A thread gives the field of one message after the other a wrong value for an instant, so
 * that a receiver which reads a field twice soon gets two different values.
 */
static void flip(struct lc_case *c, size_t field, size_t bytes, uint64_t wrong) {
    enum { MESSAGES = 3000, ROUNDS = 30 };
    for (int round = 0; round < ROUNDS; round++) {
        struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
        void *fields[MESSAGES];
        for (uint64_t i = 0; i < MESSAGES; i++) {
            fields[i] = writer->map->base + lc_writer_send(writer, TAG, 0, 100, i) + field;
        }
        struct lc_actor *receiver = lc_spawn_receiver(c, &writer->map->desc);
        struct lc_flip *flipping = lc_flip_start(c, fields, MESSAGES, bytes, wrong);
        struct drained drained = drain(c, receiver, MESSAGES);
        lc_flip_stop(flipping);
        lc_check(c, drained.refused || drained.messages == MESSAGES, "an error, or all 3000 messages",
                 "%d messages and no error", (int)drained.messages);
        lc_check_alive(c, receiver);
        lc_stop(c, receiver);
    }
}

static void length_flips(struct lc_case *c) {
    flip(c, LC_MSG_LEN, 8, UINT64_MAX);
    flip(c, LC_MSG_LEN, 8, UINT64_C(64) << 20);
}

static void padded_flips(struct lc_case *c) {
    flip(c, LC_MSG_PADDED, 8, UINT64_MAX - 119);
    flip(c, LC_MSG_PADDED, 8, UINT64_C(64) << 20);
}

static void tag_flips(struct lc_case *c) {
    flip(c, LC_MSG_TAG, 4, LC_TAG_END_OF_PAGE);
    flip(c, LC_MSG_TAG, 4, LC_TAG_UNSET);
}

const struct lc_case_def lc_page_hostile_cases[] = {
    {"RECV-2/padded", "wrong values of buf_len_padded are refused", "receiver", LC_FIRST_PROVIDER, wrong_padding, 60,
     false},
    {"RECV-2/leads-back", "buf_len_padded that wraps around to an earlier slot is refused", "receiver",
     LC_FIRST_PROVIDER, wrapping_padding, 0, false},
    {"RECV-2/length", "buf_len larger than buf_len_padded is refused", "receiver", LC_FIRST_PROVIDER, wrong_length, 60,
     false},
    {"RECV-7/unaligned", "slots that do not end at a multiple of 64 are refused", "receiver", LC_FIRST_PROVIDER,
     unaligned_padding, 0, false},
    {"RECV-0/wrong-id", "slots with another message id than the next one are refused", "receiver", LC_FIRST_PROVIDER,
     wrong_id, 0, false},
    {"RECV-0/ahead", "current_msg_id includes messages that do not exist", "receiver", LC_EACH_PROVIDER, id_too_large,
     0, false},
    {"RECV-0/zeros", "current_msg_id includes a slot that is zero", "receiver", LC_FIRST_PROVIDER, id_of_zeros, 0,
     false},
    {"RECV-9/back", "current_msg_id decreases", "receiver", LC_FIRST_PROVIDER, id_decreases, 0, false},
    {"RECV-1/to-nothing", "current_msg_id decreases to 0", "receiver", LC_FIRST_PROVIDER, id_decreases_to_zero, 0,
     false},
    {"RECV-8/stays", "an error is permanent, even if the page becomes valid again", "receiver", LC_FIRST_PROVIDER,
     error_is_permanent, 0, false},
    {"RECV-2/up-to-the-end", "a message after a slot that ends with the map", "receiver", LC_EACH_PROVIDER,
     message_beyond_the_map, 0, false},
    {"RECV-7/last-line-cut", "a slot that ends within the last 64 bytes of the map is refused", "receiver",
     LC_FIRST_PROVIDER, unaligned_end_of_slot, 0, false},
    {"ID-6/end-names-nonsense", "END_OF_PAGE with an invalid id is refused", "receiver", LC_EACH_PROVIDER,
     end_invalid_ids, 60, false},
    {"ID-7/end-claims-more", "END_OF_PAGE with a size larger than the segment is refused", "receiver", LC_EACH_PROVIDER,
     end_claims_more, 0, false},
    {"PAGE-3/end-claims-nothing", "END_OF_PAGE with a size too small for a page is refused", "receiver",
     LC_EACH_PROVIDER, end_claims_too_little, 0, false},
    {"ID-13/end-names-another-provider", "END_OF_PAGE with an id of another provider is refused", "receiver",
     LC_EACH_PROVIDER, end_names_another_provider, 0, false},
    {"RECV-5/length-flips", "buf_len changes while it is read", "receiver", LC_FIRST_PROVIDER, length_flips, 60, false},
    {"RECV-5/padded-flips", "buf_len_padded changes while it is read", "receiver", LC_FIRST_PROVIDER, padded_flips, 60,
     false},
    {"RECV-5/tag-flips", "a tag changes while it is read", "receiver", LC_FIRST_PROVIDER, tag_flips, 60, false},
    {0},
};
