/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Pages that lie: every field of page header, message header and END_OF_PAGE with every kind of wrong value, at rest
 * and while it is being read. Wanted is an error, and a process that goes on (SPEC.md, sections 2, 3, 6 and 8).
 */
#include <string.h>

#include "suite/cases/sections.h"

enum { TAG = 0x4057, SENDER = 5 };

struct reading {
    struct lc_writer *writer;
    struct lc_actor *receiver;
};

static struct reading start_reading(struct lc_case *c) {
    struct reading reading = {.writer = lc_new_channel(c, 0, SENDER)};
    lc_writer_send(reading.writer, TAG, 0, 100, 1);
    reading.receiver = lc_spawn(c, "receiver");
    lc_open_receiver(c, reading.receiver, &reading.writer->map->desc);
    lc_expect_recv(c, reading.receiver, TAG, SENDER, 0, 100, 1);
    return reading;
}

/* ---------------------------------------------------------------- one field of a message */

/* Wrong values for a 64-bit field: the usual suspects, and what lies around the value that would be right. */
static size_t suspects(uint64_t right, uint64_t room, uint64_t values[16]) {
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

static bool padded_is_right(uint64_t slot, uint64_t length, uint64_t value, uint64_t map_size) {
    uint64_t begin = slot + LC_MSG_HEADER;
    return value >= length && value <= map_size - begin && (begin + value) % LC_LINE == 0;
}

/* Writes `value` over a field of the next message and has it received. */
static void lie(struct lc_case *c, size_t field, uint64_t value, uint64_t slot_wanted) {
    struct reading reading = start_reading(c);
    uint64_t slot = lc_writer_prepare(reading.writer, TAG, 0, 100, 2);
    lc_check_u64(c, "slot", slot_wanted, slot);
    lc_put64(reading.writer->map->base, slot + field, value);
    lc_writer_commit(reading.writer);
    lc_note(c, "field at %d of the second message: 0x%llx", (int)field, (unsigned long long)value);
    lc_expect_recv_refused(c, reading.receiver);
}

#define SECOND_SLOT (LC_PAGE_HEADER + LC_MSG_HEADER + 104) /* behind 100 bytes */

static void padded_lies(struct lc_case *c) {
    uint64_t values[16];
    uint64_t room = LC_PAGE_DEFAULT - SECOND_SLOT - LC_MSG_HEADER;
    size_t count = suspects(lc_padded(SECOND_SLOT, 100), room, values);
    for (size_t i = 0; i < count; i++) {
        bool aligned = (SECOND_SLOT + LC_MSG_HEADER + values[i]) % LC_LINE == 0;
        if (aligned && !padded_is_right(SECOND_SLOT, 100, values[i], LC_PAGE_DEFAULT)) {
            lie(c, LC_MSG_PADDED, values[i], SECOND_SLOT);
        }
    }
    lie(c, LC_MSG_PADDED, 64, SECOND_SLOT); /* shorter than its payload */
    lie(c, LC_MSG_PADDED, LC_PAGE_DEFAULT, SECOND_SLOT);
}

/* Lengths that lead back: to the same header, and to the first message. Neither comes again. */
static void leads_back(struct lc_case *c) {
    lie(c, LC_MSG_PADDED, UINT64_MAX - LC_MSG_HEADER + 1, SECOND_SLOT);
    lie(c, LC_MSG_PADDED, UINT64_MAX - (SECOND_SLOT - LC_PAGE_HEADER + LC_MSG_HEADER) + 1, SECOND_SLOT);
}

static void length_lies(struct lc_case *c) {
    uint64_t values[16];
    uint64_t padded = lc_padded(SECOND_SLOT, 100);
    size_t count = suspects(padded, LC_PAGE_DEFAULT, values);
    for (size_t i = 0; i < count; i++) {
        if (values[i] > padded) {
            lie(c, LC_MSG_LEN, values[i], SECOND_SLOT);
        }
    }
}

static void unaligned_lies(struct lc_case *c) {
    static const int off[] = {-1, 1, 8, 63, 32, 40};
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
        lie(c, LC_MSG_PADDED, lc_padded(SECOND_SLOT, 100) + (uint64_t)(int64_t)off[i], SECOND_SLOT);
    }
}

static void id_lies(struct lc_case *c) {
    static const uint64_t ids[] = {0, 1, 3, UINT64_C(1) << 32 | 2, UINT64_C(1) << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        lie(c, LC_MSG_ID, ids[i], SECOND_SLOT);
    }
}

/* ---------------------------------------------------------------- current_msg_id */

static void ahead(struct lc_case *c) {
    static const uint64_t by[] = {1, 2, 1000, UINT64_C(1) << 32, UINT64_MAX - 1};
    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
        struct reading reading = start_reading(c);
        lc_set_current_msg_id(reading.writer->map->base, 1 + by[i]);
        lc_expect_recv_refused(c, reading.receiver);
    }
}

/* The slot behind the last message is all zeros, and not even marked UNSET. */
static void ahead_of_zeros(struct lc_case *c) {
    struct reading reading = start_reading(c);
    memset(reading.writer->map->base + SECOND_SLOT, 0, LC_MSG_HEADER);
    lc_set_current_msg_id(reading.writer->map->base, 5);
    lc_expect_recv_refused(c, reading.receiver);
}

static void goes_back(struct lc_case *c) {
    struct reading reading = start_reading(c);
    lc_writer_send(reading.writer, TAG, 0, 50, 2);
    lc_expect_recv(c, reading.receiver, TAG, SENDER, 0, 50, 2);
    lc_set_current_msg_id(reading.writer->map->base, 1);
    lc_expect_recv_refused(c, reading.receiver);
}

/* 2^64 − 1 read, 0 left: counting must not wrap into a message. */
static void goes_to_nothing(struct lc_case *c) {
    struct reading reading = start_reading(c);
    lc_set_current_msg_id(reading.writer->map->base, 0);
    const json_t *reply;
    enum lc_outcome outcome =
        lc_call_may_refuse(c, reading.receiver, &reply, "receiver.recv", "{s:i}", "timeout_ms", 50);
    if (outcome == LC_OK) {
        lc_check_u64(c, "messages", 0, json_array_size(json_object_get(reply, "messages")));
    }
    lc_check_alive(c, reading.receiver);
}

static void error_stays(struct lc_case *c) {
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

/* ---------------------------------------------------------------- at the end of the map */

/* The last slot ends with the map; one message more would stand behind it. */
static void up_to_the_end(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 4096, SENDER);
    uint64_t length = 4096 - LC_PAGE_HEADER - LC_MSG_HEADER;
    lc_writer_send(writer, TAG, 0, length, 1);
    struct lc_actor *receiver = lc_spawn(c, "receiver");
    lc_open_receiver(c, receiver, &writer->map->desc);
    lc_expect_recv(c, receiver, TAG, SENDER, 0, length, 1);
    lc_set_current_msg_id(writer->map->base, 2);
    lc_expect_recv_refused(c, receiver);
}

static void header_cut_off(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 4096, SENDER);
    uint64_t length = 4096 - LC_LINE / 2 - LC_PAGE_HEADER - LC_MSG_HEADER;
    uint64_t slot = lc_writer_prepare(writer, TAG, 0, length - 32, 1);
    lc_put64(writer->map->base, slot + LC_MSG_PADDED, length);
    lc_writer_commit(writer);
    struct lc_actor *receiver = lc_spawn(c, "receiver");
    lc_open_receiver(c, receiver, &writer->map->desc);
    lc_expect_recv_refused(c, receiver);
}

/* ---------------------------------------------------------------- END_OF_PAGE */

static void end_lies(struct lc_case *c, struct lc_desc desc) {
    struct reading reading = start_reading(c);
    lc_writer_end_page(reading.writer, &desc);
    lc_note(c, "END_OF_PAGE names %s of %llu bytes", lc_desc_show(&desc), (unsigned long long)desc.size);
    lc_expect_recv_refused(c, reading.receiver);
    lc_expect_recv_refused(c, reading.receiver);
}

static void end_names_nonsense(struct lc_case *c) {
    static const char *const ids[] = {"", "abc", "-1", "12abc", "99999999999999999", "4294967296", "/", "/../x", " 1"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        end_lies(c, lc_desc_of(LC_PAGE_DEFAULT, ids[i]));
    }
    struct lc_desc unterminated = {.size = LC_PAGE_DEFAULT};
    memset(unterminated.id, '1', sizeof unterminated.id);
    end_lies(c, unterminated);
}

/* Ids of a map that is there, with a size that is not the map's. A smaller one need not be refused. */
static void end_claims_more(struct lc_case *c) {
    static const uint64_t sizes[] = {LC_PAGE_DEFAULT + 1, 2 * LC_PAGE_DEFAULT, UINT64_C(1) << 40, UINT64_C(1) << 63,
                                     UINT64_MAX};
    struct lc_map *next = lc_new_map(c, LC_PAGE_DEFAULT);
    struct lc_writer behind;
    lc_writer_start(&behind, next, SENDER);
    lc_writer_send(&behind, TAG, 0, 10, 2);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lc_desc desc = next->desc;
        desc.size = sizes[i];
        end_lies(c, desc);
    }
}

static void end_claims_nothing(struct lc_case *c) {
    static const uint64_t sizes[] = {0, 1, LC_PAGE_HEADER, LC_PAGE_HEADER + LC_MSG_HEADER - 1};
    struct lc_map *next = lc_new_map(c, LC_PAGE_DEFAULT);
    struct lc_writer behind;
    lc_writer_start(&behind, next, SENDER);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lc_desc desc = next->desc;
        desc.size = sizes[i];
        end_lies(c, desc);
    }
}

static void end_names_another_provider(struct lc_case *c) {
    enum lc_provider other = lc_provider(c) == LC_POSIX ? LC_SYSV : LC_POSIX;
    struct lc_map map;
    int rc = lc_map_create(other, LC_PAGE_DEFAULT, &map);
    if (rc != 0) {
        lc_error(c, "a %s map: %s", lc_provider_names[other], strerror(-rc));
    }
    struct lc_writer behind;
    lc_writer_start(&behind, &map, SENDER);
    struct lc_desc desc = map.desc;
    end_lies(c, desc);
    lc_map_close(&map);
}

/* ---------------------------------------------------------------- changed while being read */

struct drained {
    uint64_t messages;
    bool refused;
};

/* Receives until nothing comes or it is refused; whatever came must have been a message that was sent. */
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
            lc_check(c, length <= LC_PAGE_DEFAULT, "a length inside the map", "%llu", (unsigned long long)length);
        }
        result.messages += count;
        if (count == 0) {
            break;
        }
    }
    return result;
}

/*
 * A page full of messages; one after the other, round and round, has its field wrong for an instant. Who reads a field
 * twice meets that instant in between before long.
 */
static void flip(struct lc_case *c, size_t field, size_t bytes, uint64_t wrong) {
    enum { MESSAGES = 3000, ROUNDS = 30 };
    for (int round = 0; round < ROUNDS; round++) {
        struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
        void *fields[MESSAGES];
        for (uint64_t i = 0; i < MESSAGES; i++) {
            fields[i] = writer->map->base + lc_writer_send(writer, TAG, 0, 100, i) + field;
        }
        struct lc_actor *receiver = lc_spawn(c, "receiver");
        lc_open_receiver(c, receiver, &writer->map->desc);
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

const struct lc_case_def lc_hostile_cases[] = {
    {"RECV-2/padded", "buf_len_padded of every wrong kind", "receiver", LC_FIRST_PROVIDER, padded_lies, 60, false},
    {"RECV-2/leads-back", "buf_len_padded that leads back", "receiver", LC_FIRST_PROVIDER, leads_back, 0, false},
    {"RECV-2/length", "buf_len beyond its slot", "receiver", LC_FIRST_PROVIDER, length_lies, 60, false},
    {"RECV-7/unaligned", "slots that end off a multiple of 64", "receiver", LC_FIRST_PROVIDER, unaligned_lies, 0,
     false},
    {"RECV-0/wrong-id", "a slot with another id than the next", "receiver", LC_FIRST_PROVIDER, id_lies, 0, false},
    {"RECV-0/ahead", "current_msg_id promises messages that are not there", "receiver", LC_EACH_PROVIDER, ahead, 0,
     false},
    {"RECV-0/zeros", "current_msg_id promises messages where there are zeros", "receiver", LC_FIRST_PROVIDER,
     ahead_of_zeros, 0, false},
    {"RECV-9/back", "current_msg_id goes back", "receiver", LC_FIRST_PROVIDER, goes_back, 0, false},
    {"RECV-1/to-nothing", "current_msg_id goes back to 0", "receiver", LC_FIRST_PROVIDER, goes_to_nothing, 0, false},
    {"RECV-8/stays", "an error stays, even when the page is mended", "receiver", LC_FIRST_PROVIDER, error_stays, 0,
     false},
    {"RECV-2/up-to-the-end", "a slot that ends with the map, and none behind it", "receiver", LC_EACH_PROVIDER,
     up_to_the_end, 0, false},
    {"RECV-7/last-line-cut", "a slot that ends within the map's last line", "receiver", LC_FIRST_PROVIDER,
     header_cut_off, 0, false},
    {"ID-6/end-names-nonsense", "END_OF_PAGE with ids that cannot be", "receiver", LC_EACH_PROVIDER, end_names_nonsense,
     60, false},
    {"ID-7/end-claims-more", "END_OF_PAGE with a size beyond the segment", "receiver", LC_EACH_PROVIDER,
     end_claims_more, 0, false},
    {"PAGE-3/end-claims-nothing", "END_OF_PAGE with a size too small for a page", "receiver", LC_EACH_PROVIDER,
     end_claims_nothing, 0, false},
    {"ID-13/end-names-another-provider", "END_OF_PAGE with an id of another provider", "receiver", LC_EACH_PROVIDER,
     end_names_another_provider, 0, false},
    {"RECV-5/length-flips", "buf_len changes while it is read", "receiver", LC_FIRST_PROVIDER, length_flips, 60, false},
    {"RECV-5/padded-flips", "buf_len_padded changes while it is read", "receiver", LC_FIRST_PROVIDER, padded_flips, 60,
     false},
    {"RECV-5/tag-flips", "a tag changes while it is read", "receiver", LC_FIRST_PROVIDER, tag_flips, 60, false},
    {0},
};
