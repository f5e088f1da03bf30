/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* END_OF_PAGE, written by a sender and followed by a receiver (SPEC.md, section 6). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "suite/cases/sections.h"
#include "suite/kit/channel_fixture.h"

enum { TAG = LC_CHANNEL_TAG, SENDER = LC_CHANNEL_SENDER };

/* ---------------------------------------------------------------- written by the sender */

/* Reads END_OF_PAGE without following it. */
static void expect_end(struct lc_case *c, struct lc_channel *channel, struct lc_message *end) {
    int rc = lc_reader_peek(channel->reader, end);
    if (rc == -EPROTO) {
        lc_fail_page(c, &channel->reader->finding, &channel->reader->map);
    }
    lc_check(c, rc == 1, "END_OF_PAGE", "no message (%d)", rc);
    lc_check(c, end->tag == LC_TAG_END_OF_PAGE, "END_OF_PAGE", "tag 0x%08x", end->tag);
}

/* Sends two messages that do not fit on one page, and reads up to END_OF_PAGE. */
static struct lc_channel channel_at_end(struct lc_case *c, struct lc_message *end) {
    struct lc_channel channel = lc_channel_open(c);
    uint64_t length = lc_page_size(c) * 2 / 3;
    lc_channel_transfer(c, &channel, length, 1);
    lc_send_message(c, channel.sender, TAG, length, 2);
    expect_end(c, &channel, end);
    return channel;
}

static struct lc_map open_next(struct lc_case *c, struct lc_channel *channel, const struct lc_desc *desc) {
    struct lc_map next;
    int rc = lc_map_open(lc_provider(c), desc, lc_actor_pid(channel->sender), &next);
    lc_check(c, rc == 0, "END_OF_PAGE names a map that can be opened", "%s: %s", lc_desc_show(desc), strerror(-rc));
    return next;
}

static void payload(struct lc_case *c) {
    struct lc_message end;
    struct lc_channel channel = channel_at_end(c, &end);
    struct lc_desc desc;
    lc_eop_parse(end.payload, &desc);
    struct lc_map next = open_next(c, &channel, &desc);
    uint64_t size = next.size;
    lc_map_close(&next);
    lc_check_u64(c, "map_size", size, desc.size);
    lc_check(c, memchr(desc.id, 0, sizeof desc.id) != NULL, "an id that ends with a NUL", "%s", lc_desc_show(&desc));
    lc_check(c, lc_desc_is_terminated(&desc), "zeros after the id's NUL", "%s", lc_desc_show(&desc));
}

static void lengths(struct lc_case *c) {
    struct lc_message end;
    struct lc_channel channel = channel_at_end(c, &end);
    lc_check_u64(c, "buf_len", LC_EOP_PAYLOAD, end.length);
    lc_check_u64(c, "buf_len_padded", LC_EOP_PAYLOAD, end.padded);
    lc_check_u64(c, "message_id", 2, end.id);
    lc_check_u64(c, "current_msg_id", 2, lc_current_msg_id(channel.reader->map.base));
}

static void size_used_at_end(struct lc_case *c) {
    struct lc_message end;
    struct lc_channel channel = channel_at_end(c, &end);
    lc_check_u64(c, "size_used of a page that has ended:", end.offset - LC_PAGE_HEADER + LC_EOP_ROOM,
                 lc_get64(channel.reader->map.base, LC_PAGE_SIZE_USED));
}

/* The first message is larger than the page, which then has nothing but END_OF_PAGE. */
static void empty_page(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    uint64_t length = lc_page_size(c) * 3;
    struct lc_message end;
    lc_send_message(c, channel.sender, TAG, length, 1);
    expect_end(c, &channel, &end);
    lc_check_u64(c, "offset of END_OF_PAGE", LC_PAGE_HEADER, end.offset);
    lc_check_u64(c, "message_id of END_OF_PAGE", 1, end.id);
    lc_channel_expect(c, &channel, length, 1);
}

static void next_is_initialised(struct lc_case *c) {
    struct lc_message end;
    struct lc_channel channel = channel_at_end(c, &end);
    uint64_t max_alloc = lc_get64(channel.reader->map.base, LC_PAGE_MAX_ALLOC);
    struct lc_desc desc;
    lc_eop_parse(end.payload, &desc);
    struct lc_map next = open_next(c, &channel, &desc);
    uint64_t magic = lc_get64(next.base, LC_PAGE_MAGIC);
    uint32_t sender = lc_get32(next.base, LC_PAGE_SENDER_ID);
    uint64_t next_max_alloc = lc_get64(next.base, LC_PAGE_MAX_ALLOC);
    uint64_t total = lc_get64(next.base, LC_PAGE_SIZE_TOTAL);
    uint64_t size = next.size;
    lc_map_close(&next);
    lc_check_u64(c, "magic", LC_MAGIC, magic);
    lc_check_u64(c, "sender_id", SENDER, sender);
    lc_check(c, next_max_alloc >= max_alloc, "max_alloc_size of at least that of the previous page",
             "%d, and %d on the previous page", (int)next_max_alloc, (int)max_alloc);
    lc_check_u64(c, "size_total", size - LC_PAGE_HEADER, total);
}

/* ---------------------------------------------------------------- page sizes */

static void growth(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    struct lc_reader *reader = channel.reader;
    uint64_t initial = reader->map.size;
    uint64_t max_alloc = 0;
    uint64_t length = initial / 2;
    for (uint64_t i = 0; i < 6; i++) {
        uint64_t slot = LC_MSG_HEADER + lc_padded(reader->offset, length);
        bool fits = lc_fits(reader->map.size - LC_PAGE_HEADER, reader->offset - LC_PAGE_HEADER, length);
        uint64_t page = reader->pages;
        max_alloc = slot > max_alloc ? slot : max_alloc;
        lc_channel_transfer(c, &channel, length, i);
        if (!fits) {
            lc_check_u64(c, "number of pages turned:", page + 1, reader->pages);
            lc_check_u64(c, "size of the new map:", lc_next_size(max_alloc, initial), reader->map.size);
        }
        length += length / 2;
    }
}

static void constant_size(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    uint64_t initial = channel.reader->map.size;
    uint64_t rounded = 1;
    while (rounded < initial) {
        rounded *= 2;
    }
    for (uint64_t i = 0; channel.reader->pages < 3; i++) {
        lc_channel_transfer(c, &channel, initial / 8, i);
        lc_check_u64(c, "size of the map:", channel.reader->pages == 0 ? initial : rounded, channel.reader->map.size);
    }
}

static void chain(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    uint64_t length = lc_page_size(c) * 3 / 10;
    for (uint64_t i = 0; channel.reader->pages < 100; i++) {
        lc_channel_transfer(c, &channel, length, i);
    }
}

/* ---------------------------------------------------------------- a receiver that does not read */

static uint64_t send_until_refused(struct lc_case *c, struct lc_actor *sender, uint64_t length, uint64_t max) {
    uint64_t sent = 0;
    while (sent < max) {
        const json_t *reply;
        enum lc_outcome outcome =
            lc_call_may_refuse(c, sender, &reply, "sender.send", "{s:i, s:I, s:I, s:i, s:i}", "tag", TAG, "length",
                               (json_int_t)length, "seed", (json_int_t)sent, "count", 64, "timeout_ms", 100);
        sent += lc_field_u64(c, reply, "sent");
        if (outcome == LC_REFUSED) {
            return sent;
        }
    }
    lc_fail(c, "the sender refuses a message, because no receiver reads", "it sent %d messages of %d bytes", (int)sent,
            (int)length);
}

/* The sender must refuse a message before it has sent 768 MiB. All messages sent before must be there. */
static void send_without_reading(struct lc_case *c, uint64_t length) {
    struct lc_channel channel = lc_channel_open(c);
    uint64_t max = UINT64_C(768) * 1024 * 1024 / (LC_MSG_HEADER + length + LC_LINE);
    uint64_t sent = send_until_refused(c, channel.sender, length, max);
    lc_note(c, "%d messages of %d bytes were sent", (int)sent, (int)length);
    for (uint64_t i = 0; i < sent; i++) {
        lc_channel_expect(c, &channel, length, i);
    }
    lc_expect_no_message(c, channel.reader);
    lc_channel_transfer(c, &channel, length, sent);
    lc_channel_transfer(c, &channel, length, sent + 1);
}

static void large_messages_unread(struct lc_case *c) {
    send_without_reading(c, 20000);
}

/* With these payloads a full page has room for END_OF_PAGE only. */
static void small_messages_unread(struct lc_case *c) {
    send_without_reading(c, 24);
}

/* ---------------------------------------------------------------- followed by the receiver */

struct reading {
    struct lc_actor *receiver;
    struct lc_writer *writer;
    struct lc_map *first;
};

/*
 * A channel with one message that a receiver has read. `next` receives `count` maps for further pages. They are created
 * before the receiver starts, so that it inherits their descriptors.
 */
static struct reading start_reading(struct lc_case *c, struct lc_map **next, size_t count) {
    struct reading reading = {.writer = lc_new_channel(c, 0, SENDER)};
    reading.first = reading.writer->map;
    for (size_t i = 0; i < count; i++) {
        next[i] = lc_new_map(c, LC_PAGE_DEFAULT);
    }
    lc_writer_send(reading.writer, TAG, 0, 100, 1);
    reading.receiver = lc_spawn(c, "receiver");
    lc_open_receiver(c, reading.receiver, &reading.first->desc);
    lc_expect_recv(c, reading.receiver, TAG, SENDER, 0, 100, 1);
    return reading;
}

static void check_counts(struct lc_case *c, const struct lc_map *map, const char *page, uint16_t joined,
                         uint16_t left) {
    lc_note(c, "counters of %s", page);
    lc_check_u64(c, "receivers_joined_count", joined, lc_get16(map->base, LC_PAGE_JOINED));
    lc_check_u64(c, "receivers_left_count", left, lc_get16(map->base, LC_PAGE_LEFT));
}

/* RECV-6 tests whether the receiver joins the first page. */
static void check_left(struct lc_case *c, const struct lc_map *first, uint16_t left) {
    lc_check_u64(c, "receivers_left_count of the first page:", left, lc_get16(first->base, LC_PAGE_LEFT));
}

static void counters(struct lc_case *c) {
    struct lc_map *next[2];
    struct reading reading = start_reading(c, next, 2);
    check_left(c, reading.first, 0);
    lc_writer_turn_page(reading.writer, next[0]);
    lc_writer_send(reading.writer, TAG, 0, 50, 2);
    lc_expect_recv(c, reading.receiver, TAG, SENDER, 0, 50, 2);
    check_left(c, reading.first, 1);
    check_counts(c, next[0], "the second page", 1, 0);
    lc_writer_turn_page(reading.writer, next[1]);
    lc_writer_send(reading.writer, TAG, 0, 60, 3);
    lc_expect_recv(c, reading.receiver, TAG, SENDER, 0, 60, 3);
    check_counts(c, next[0], "the second page after its end", 1, 1);
    check_counts(c, next[1], "the third page", 1, 0);
}

static void counters_of_two_receivers(struct lc_case *c) {
    struct lc_map *next[1];
    struct reading reading = start_reading(c, next, 1);
    struct lc_actor *other = lc_spawn(c, "receiver");
    lc_open_receiver(c, other, &reading.first->desc);
    lc_expect_recv(c, other, TAG, SENDER, 0, 100, 1);
    lc_writer_turn_page(reading.writer, next[0]);
    lc_writer_send(reading.writer, TAG, 0, 50, 2);
    lc_expect_recv(c, reading.receiver, TAG, SENDER, 0, 50, 2);
    lc_expect_recv(c, other, TAG, SENDER, 0, 50, 2);
    check_left(c, reading.first, 2);
    check_counts(c, next[0], "the second page", 2, 0);
}

/* ---------------------------------------------------------------- refused by the receiver */

/* The receiver refuses all further calls, and has not left the first page. */
static void check_still_refused(struct lc_case *c, struct reading *reading) {
    lc_check_u64(c, "receivers_left_count after the error:", 0, lc_get16(reading->first->base, LC_PAGE_LEFT));
    lc_expect_recv_refused(c, reading->receiver);
    lc_expect_recv_refused(c, reading->receiver);
}

static void next_is_missing(struct lc_case *c) {
    struct lc_map *next[1];
    struct reading reading = start_reading(c, next, 1);
    struct lc_desc missing = next[0]->desc;
    if (lc_provider(c) == LC_MEMFD) {
        missing = lc_desc_of(LC_PAGE_DEFAULT, "1000000");
    } else {
        lc_map_close(next[0]);
    }
    lc_writer_end_page(reading.writer, &missing);
    lc_expect_recv_refused(c, reading.receiver);
    check_still_refused(c, &reading);
}

/* The receiver must not return messages of the old page again. */
static void not_read_again(struct lc_case *c) {
    struct lc_map *none[1];
    struct reading reading = start_reading(c, none, 0);
    char id[LC_ID_BYTES] = "1000000";
    if (lc_provider(c) == LC_POSIX) {
        snprintf(id, sizeof id, "/libafl_%d_0", (int)lc_actor_pid(reading.receiver));
    }
    struct lc_desc missing = lc_desc_of(LC_PAGE_DEFAULT, id);
    lc_writer_end_page(reading.writer, &missing);
    for (int i = 0; i < 3; i++) {
        lc_expect_recv_refused(c, reading.receiver);
    }
}

/* The page has only END_OF_PAGE, which names the same page. */
static void empty_page_names_itself(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    lc_writer_end_page(writer, &writer->map->desc);
    struct lc_actor *receiver = lc_spawn(c, "receiver");
    lc_open_receiver(c, receiver, &writer->map->desc);
    lc_expect_recv_refused(c, receiver);
}

static void next_is_no_page(struct lc_case *c) {
    struct lc_map *next[1];
    struct reading reading = start_reading(c, next, 1);
    lc_writer_end_page(reading.writer, &next[0]->desc);
    lc_expect_recv_refused(c, reading.receiver);
    check_still_refused(c, &reading);
}

static void next_is_itself(struct lc_case *c) {
    struct lc_map *none[1];
    struct reading reading = start_reading(c, none, 0);
    lc_writer_end_page(reading.writer, &reading.first->desc);
    lc_expect_recv_refused(c, reading.receiver);
}

/* Two pages without messages name each other. The receiver must return, with an error or a timeout. */
static void ring(struct lc_case *c) {
    struct lc_map *next[2];
    struct reading reading = start_reading(c, next, 2);
    lc_writer_turn_page(reading.writer, next[0]);
    lc_writer_turn_page(reading.writer, next[1]);
    lc_writer_end_page(reading.writer, &next[0]->desc);
    const json_t *reply;
    if (lc_call_may_refuse(c, reading.receiver, &reply, "receiver.recv", "{s:i}", "timeout_ms", 200) == LC_OK) {
        const char *end = lc_field_string(c, reply, "end");
        lc_check(c, strcmp(end, "timeout") == 0, "a timeout or an error", "`end` is \"%s\"", end);
    }
    lc_check_alive(c, reading.receiver);
}

const struct lc_case_def lc_eop_cases[] = {
    {"EOP-1/payload", "END_OF_PAGE has the size and the id of an existing map", "sender", LC_EACH_PROVIDER, payload, 0,
     false},
    {"EOP-2/lengths", "END_OF_PAGE has 32 bytes without padding, and the last id of its page", "sender",
     LC_EACH_PROVIDER, lengths, 0, false},
    {"PAGE-6/end-counts-128", "END_OF_PAGE adds 128 to size_used", "sender", LC_FIRST_PROVIDER, size_used_at_end, 0,
     false},
    {"EOP-2/empty-page", "a message larger than the first page leaves that page empty", "sender", LC_EACH_PROVIDER,
     empty_page, 0, false},
    {"EOP-3/ready", "the next page is initialised before END_OF_PAGE names it", "sender", LC_EACH_PROVIDER,
     next_is_initialised, 0, false},
    {"EOP-4/growth", "the next page has room for the largest message", "sender", LC_EACH_PROVIDER, growth, 0, false},
    {"EOP-4/steady", "small messages do not change the size of pages", "sender", LC_FIRST_PROVIDER, constant_size, 0,
     false},
    {"EOP-1/chain", "a chain of 100 pages", "sender", LC_EACH_PROVIDER, chain, 60, false},
    {"EOP-7/large", "a sender whose receiver does not read refuses a message, and loses none", "sender",
     LC_FIRST_PROVIDER, large_messages_unread, 60, false},
    {"EOP-7/small", "the same with messages that fill the pages completely", "sender", LC_FIRST_PROVIDER,
     small_messages_unread, 60, false},
    {"EOP-5/counts", "a receiver joins the new page and leaves the old one", "receiver", LC_EACH_PROVIDER, counters, 0,
     false},
    {"EOP-5/two-receivers", "each of two receivers adds one to the counters", "receiver", LC_EACH_PROVIDER,
     counters_of_two_receivers, 0, false},
    {"EOP-9/missing", "a receiver refuses END_OF_PAGE whose map does not exist", "receiver", LC_EACH_PROVIDER,
     next_is_missing, 0, false},
    {"EOP-9/not-again", "after that error it does not return old messages again", "receiver", LC_EACH_PROVIDER,
     not_read_again, 0, false},
    {"EOP-10/nothing-but-itself", "a receiver refuses an empty page that names itself", "receiver", LC_FIRST_PROVIDER,
     empty_page_names_itself, 0, false},
    {"EOP-9/no-page", "a receiver refuses END_OF_PAGE whose map is not a page", "receiver", LC_EACH_PROVIDER,
     next_is_no_page, 0, false},
    {"EOP-10/itself", "a receiver refuses END_OF_PAGE that names its own page", "receiver", LC_EACH_PROVIDER,
     next_is_itself, 0, false},
    {"EOP-10/ring", "two pages without messages name each other", "receiver", LC_NAMED_PROVIDERS, ring, 0, false},
    {0},
};
