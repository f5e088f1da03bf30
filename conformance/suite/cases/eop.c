/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The end of a page, on the sender's and on the receiver's side (SPEC.md, section 6). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "suite/cases/sections.h"
#include "suite/kit/channel_fixture.h"

/* ---------------------------------------------------------------- what the sender writes */

/* Sends two messages that do not fit on one page, and stops before END_OF_PAGE. */
static void come_to_the_end(struct lc_case *c, struct lc_channel *channel, struct lc_message *end) {
    uint64_t length = lc_page_size(c) * 2 / 3;
    lc_send_message(c, channel->sender, LC_CHANNEL_TAG, length, 1);
    lc_expect_message(c, channel->reader, LC_CHANNEL_TAG, LC_CHANNEL_SENDER, 0, length, 1);
    lc_send_message(c, channel->sender, LC_CHANNEL_TAG, length, 2);
    int rc = lc_reader_peek(channel->reader, end);
    if (rc == -EPROTO) {
        lc_fail_page(c, &channel->reader->finding, &channel->reader->map);
    }
    lc_check(c, rc == 1 && end->tag == LC_TAG_END_OF_PAGE, "END_OF_PAGE", "tag 0x%08x (%d)", end->tag, rc);
}

static void payload(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    struct lc_message end;
    come_to_the_end(c, &channel, &end);
    struct lc_desc desc;
    lc_eop_parse(end.payload, &desc);
    struct lc_map next;
    int rc = lc_map_open(lc_provider(c), &desc, lc_actor_pid(channel.sender), &next);
    lc_check(c, rc == 0, "an id that can be opened", "%s: %s", lc_desc_show(&desc), strerror(-rc));
    uint64_t size = next.size;
    lc_map_close(&next);
    lc_check_u64(c, "map_size", size, desc.size);
    const uint8_t *terminator = memchr(desc.id, 0, sizeof desc.id);
    lc_check(c, terminator != NULL, "an id that ends with a NUL", "%s", lc_desc_show(&desc));
    for (const uint8_t *at = terminator; at < desc.id + sizeof desc.id; at++) {
        lc_check(c, *at == 0, "zeros behind the id's NUL", "%s", lc_desc_show(&desc));
    }
}

static void lengths(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    struct lc_message end;
    come_to_the_end(c, &channel, &end);
    lc_check_u64(c, "buf_len", LC_EOP_PAYLOAD, end.length);
    lc_check_u64(c, "buf_len_padded", LC_EOP_PAYLOAD, end.padded);
    lc_check_u64(c, "message_id", 2, end.id);
    lc_check_u64(c, "current_msg_id", 2, lc_current_msg_id(channel.reader->map.base));
}

static void size_used_grows(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    struct lc_message end;
    come_to_the_end(c, &channel, &end);
    lc_check_u64(c, "size_used of a page that has ended", end.offset - LC_PAGE_HEADER + LC_EOP_ROOM,
                 lc_get64(channel.reader->map.base, LC_PAGE_SIZE_USED));
}

/* A first message that is larger than the page leaves it with nothing but END_OF_PAGE. */
static void empty_page(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    uint64_t length = lc_page_size(c) * 3;
    lc_send_message(c, channel.sender, LC_CHANNEL_TAG, length, 1);
    struct lc_message end;
    int rc = lc_reader_peek(channel.reader, &end);
    lc_check(c, rc == 1 && end.tag == LC_TAG_END_OF_PAGE, "END_OF_PAGE", "tag 0x%08x (%d)", end.tag, rc);
    lc_check_u64(c, "its offset", LC_PAGE_HEADER, end.offset);
    lc_check_u64(c, "its message_id", 1, end.id);
    lc_expect_message(c, channel.reader, LC_CHANNEL_TAG, LC_CHANNEL_SENDER, 0, length, 1);
}

static void next_is_ready(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    struct lc_message end;
    come_to_the_end(c, &channel, &end);
    uint64_t max_alloc = lc_get64(channel.reader->map.base, LC_PAGE_MAX_ALLOC);
    struct lc_desc desc;
    lc_eop_parse(end.payload, &desc);
    struct lc_map next;
    int rc = lc_map_open(lc_provider(c), &desc, lc_actor_pid(channel.sender), &next);
    lc_check(c, rc == 0, "a map behind END_OF_PAGE", "%s", strerror(-rc));
    uint64_t magic = lc_get64(next.base, LC_PAGE_MAGIC);
    uint32_t sender = lc_get32(next.base, LC_PAGE_SENDER_ID);
    uint64_t carried = lc_get64(next.base, LC_PAGE_MAX_ALLOC);
    uint64_t total = lc_get64(next.base, LC_PAGE_SIZE_TOTAL);
    uint64_t size = next.size;
    lc_map_close(&next);
    lc_check_u64(c, "magic", LC_MAGIC, magic);
    lc_check_u64(c, "sender_id", LC_CHANNEL_SENDER, sender);
    lc_check(c, carried >= max_alloc, "max_alloc_size carried over", "%d instead of %d", (int)carried, (int)max_alloc);
    lc_check_u64(c, "size_total", size - LC_PAGE_HEADER, total);
}

/* ---------------------------------------------------------------- size */

static void growth(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    uint64_t initial = channel.reader->map.size;
    uint64_t max_alloc = 0;
    uint64_t wanted = initial / 2;
    for (uint64_t i = 0; i < 6; i++) {
        uint64_t slot = LC_MSG_HEADER + lc_padded(channel.reader->offset, wanted);
        bool fits = lc_fits(channel.reader->map.size - LC_PAGE_HEADER, channel.reader->offset - LC_PAGE_HEADER, wanted);
        uint64_t page = channel.reader->pages;
        max_alloc = slot > max_alloc ? slot : max_alloc;
        lc_channel_transfer(c, &channel, wanted, i);
        if (!fits) {
            lc_check_u64(c, "pages turned", page + 1, channel.reader->pages);
            lc_check_u64(c, "the new map's size", lc_next_size(max_alloc, initial), channel.reader->map.size);
        }
        wanted += wanted / 2;
    }
}

static void size_stays(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    uint64_t initial = channel.reader->map.size;
    uint64_t wanted = 1;
    while (wanted < initial) {
        wanted *= 2;
    }
    for (uint64_t i = 0; channel.reader->pages < 3; i++) {
        lc_channel_transfer(c, &channel, initial / 8, i);
        lc_check_u64(c, "the map's size", channel.reader->pages == 0 ? initial : wanted, channel.reader->map.size);
    }
}

static void chain(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    uint64_t length = lc_page_size(c) * 3 / 10;
    for (uint64_t i = 0; channel.reader->pages < 100; i++) {
        lc_channel_transfer(c, &channel, length, i);
    }
}

/* ---------------------------------------------------------------- nobody reads */

static uint64_t send_until_refused(struct lc_case *c, struct lc_actor *sender, uint64_t length, uint64_t max) {
    uint64_t sent = 0;
    while (sent < max) {
        const json_t *reply;
        enum lc_outcome outcome =
            lc_call_may_refuse(c, sender, &reply, "sender.send", "{s:i, s:I, s:I, s:i, s:i}", "tag", LC_CHANNEL_TAG,
                               "length", (json_int_t)length, "seed", (json_int_t)sent, "count", 64, "timeout_ms", 100);
        sent += lc_field_u64(c, reply, "sent");
        if (outcome == LC_REFUSED) {
            return sent;
        }
    }
    lc_fail(c, "a refusal, as nobody reads", "%d messages of %d bytes were taken", (int)sent, (int)length);
}

static void nobody_reads(struct lc_case *c, uint64_t length) {
    struct lc_channel channel = lc_channel_open(c);
    uint64_t max = UINT64_C(768) * 1024 * 1024 / (LC_MSG_HEADER + length + LC_LINE);
    uint64_t sent = send_until_refused(c, channel.sender, length, max);
    lc_note(c, "%d messages of %d bytes were taken", (int)sent, (int)length);
    for (uint64_t i = 0; i < sent; i++) {
        lc_expect_message(c, channel.reader, LC_CHANNEL_TAG, LC_CHANNEL_SENDER, 0, length, i);
    }
    lc_expect_no_message(c, channel.reader);
    lc_channel_transfer(c, &channel, length, sent);
    lc_channel_transfer(c, &channel, length, sent + 1);
}

static void nobody_reads_large(struct lc_case *c) {
    nobody_reads(c, 20000);
}

/* Payloads with which a full page has no room for anything but END_OF_PAGE. */
static void nobody_reads_small(struct lc_case *c) {
    nobody_reads(c, 24);
}

/* ---------------------------------------------------------------- what the receiver does */

struct reading {
    struct lc_actor *receiver;
    struct lc_writer *writer;
    struct lc_map *first;
};

/* A channel of one message that a receiver has read, and maps for what follows made before it started. */
static struct reading start_reading(struct lc_case *c, struct lc_map **next, size_t count) {
    struct reading reading = {.writer = lc_new_channel(c, 0, LC_CHANNEL_SENDER)};
    reading.first = reading.writer->map;
    for (size_t i = 0; i < count; i++) {
        next[i] = lc_new_map(c, LC_PAGE_DEFAULT);
    }
    lc_writer_send(reading.writer, LC_CHANNEL_TAG, 0, 100, 1);
    reading.receiver = lc_spawn(c, "receiver");
    lc_open_receiver(c, reading.receiver, &reading.first->desc);
    lc_expect_recv(c, reading.receiver, LC_CHANNEL_TAG, LC_CHANNEL_SENDER, 0, 100, 1);
    return reading;
}

static void check_counts(struct lc_case *c, const struct lc_map *map, const char *page, uint16_t joined,
                         uint16_t left) {
    lc_note(c, "%s", page);
    lc_check_u64(c, "receivers_joined_count", joined, lc_get16(map->base, LC_PAGE_JOINED));
    lc_check_u64(c, "receivers_left_count", left, lc_get16(map->base, LC_PAGE_LEFT));
}

/* Whether it joined the first page is RECV-6's matter. */
static void check_left(struct lc_case *c, const struct lc_map *first, uint16_t left) {
    lc_check_u64(c, "receivers_left_count of the first page", left, lc_get16(first->base, LC_PAGE_LEFT));
}

static void follows(struct lc_case *c) {
    struct lc_map *next[2];
    struct reading reading = start_reading(c, next, 2);
    check_left(c, reading.first, 0);
    lc_writer_turn_page(reading.writer, next[0]);
    lc_writer_send(reading.writer, LC_CHANNEL_TAG, 0, 50, 2);
    lc_expect_recv(c, reading.receiver, LC_CHANNEL_TAG, LC_CHANNEL_SENDER, 0, 50, 2);
    check_left(c, reading.first, 1);
    check_counts(c, next[0], "the second page", 1, 0);
    lc_writer_turn_page(reading.writer, next[1]);
    lc_writer_send(reading.writer, LC_CHANNEL_TAG, 0, 60, 3);
    lc_expect_recv(c, reading.receiver, LC_CHANNEL_TAG, LC_CHANNEL_SENDER, 0, 60, 3);
    check_counts(c, next[0], "the second page after it ended", 1, 1);
    check_counts(c, next[1], "the third page", 1, 0);
}

static void two_receivers_count(struct lc_case *c) {
    struct lc_map *next[1];
    struct reading reading = start_reading(c, next, 1);
    struct lc_actor *other = lc_spawn(c, "receiver");
    lc_open_receiver(c, other, &reading.first->desc);
    lc_expect_recv(c, other, LC_CHANNEL_TAG, LC_CHANNEL_SENDER, 0, 100, 1);
    lc_writer_turn_page(reading.writer, next[0]);
    lc_writer_send(reading.writer, LC_CHANNEL_TAG, 0, 50, 2);
    lc_expect_recv(c, reading.receiver, LC_CHANNEL_TAG, LC_CHANNEL_SENDER, 0, 50, 2);
    lc_expect_recv(c, other, LC_CHANNEL_TAG, LC_CHANNEL_SENDER, 0, 50, 2);
    check_left(c, reading.first, 2);
    check_counts(c, next[0], "the second page", 2, 0);
}

static void refused_for_good(struct lc_case *c, struct reading *reading) {
    uint16_t left = lc_get16(reading->first->base, LC_PAGE_LEFT);
    lc_check_u64(c, "receivers_left_count after the failure", 0, left);
    lc_expect_recv_refused(c, reading->receiver);
    lc_expect_recv_refused(c, reading->receiver);
}

static void next_is_missing(struct lc_case *c) {
    struct lc_map *next[1];
    struct reading reading = start_reading(c, next, 1);
    struct lc_desc gone = next[0]->desc;
    if (lc_provider(c) == LC_MEMFD) {
        gone = lc_desc_of(LC_PAGE_DEFAULT, "1000000");
    } else {
        lc_map_close(next[0]);
    }
    lc_writer_end_page(reading.writer, &gone);
    lc_expect_recv_refused(c, reading.receiver);
    refused_for_good(c, &reading);
}

/* Whatever is said of the page that cannot be had: what was read before does not come again. */
static void not_again(struct lc_case *c) {
    struct lc_map *none[1];
    struct reading reading = start_reading(c, none, 0);
    char id[LC_ID_BYTES] = "1000000";
    if (lc_provider(c) == LC_POSIX) {
        snprintf(id, sizeof id, "/libafl_%d_0", (int)lc_actor_pid(reading.receiver));
    }
    struct lc_desc gone = lc_desc_of(LC_PAGE_DEFAULT, id);
    lc_writer_end_page(reading.writer, &gone);
    for (int i = 0; i < 3; i++) {
        lc_expect_recv_refused(c, reading.receiver);
    }
}

/* Nothing but END_OF_PAGE, which names the page that it stands on. */
static void nothing_but_itself(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, LC_CHANNEL_SENDER);
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
    refused_for_good(c, &reading);
}

static void next_is_itself(struct lc_case *c) {
    struct lc_map *none[1];
    struct reading reading = start_reading(c, none, 0);
    lc_writer_end_page(reading.writer, &reading.first->desc);
    lc_expect_recv_refused(c, reading.receiver);
}

/* Two pages that name each other and hold nothing else: whatever the answer is, there is one. */
static void ring(struct lc_case *c) {
    struct lc_map *next[2];
    struct reading reading = start_reading(c, next, 2);
    lc_writer_turn_page(reading.writer, next[0]);
    lc_writer_turn_page(reading.writer, next[1]);
    lc_writer_end_page(reading.writer, &next[0]->desc);
    const json_t *reply;
    enum lc_outcome outcome =
        lc_call_may_refuse(c, reading.receiver, &reply, "receiver.recv", "{s:i}", "timeout_ms", 200);
    if (outcome == LC_OK) {
        lc_check(c, strcmp(lc_field_string(c, reply, "end"), "timeout") == 0, "a timeout or an error", "end is %s",
                 lc_field_string(c, reply, "end"));
    }
    lc_check_alive(c, reading.receiver);
}

const struct lc_case_def lc_eop_cases[] = {
    {"EOP-1/payload", "size and id of a map that is there", "sender", LC_EACH_PROVIDER, payload, 0, false},
    {"EOP-2/lengths", "32 bytes, not padded, the page's last id", "sender", LC_EACH_PROVIDER, lengths, 0, false},
    {"PAGE-6/end-counts-128", "size_used of a page that has ended", "sender", LC_FIRST_PROVIDER, size_used_grows, 0,
     false},
    {"EOP-2/empty-page", "a message larger than the first page leaves it empty", "sender", LC_EACH_PROVIDER, empty_page,
     0, false},
    {"EOP-3/ready", "the next page is initialised when it is named", "sender", LC_EACH_PROVIDER, next_is_ready, 0,
     false},
    {"EOP-4/growth", "the next page has room for the largest message", "sender", LC_EACH_PROVIDER, growth, 0, false},
    {"EOP-4/steady", "small messages leave the size as it was", "sender", LC_FIRST_PROVIDER, size_stays, 0, false},
    {"EOP-1/chain", "a hundred pages", "sender", LC_EACH_PROVIDER, chain, 60, false},
    {"EOP-7/large", "a sender that nobody reads tells its caller; nothing is lost", "sender", LC_FIRST_PROVIDER,
     nobody_reads_large, 60, false},
    {"EOP-7/small", "the same with messages that fill a page to its end", "sender", LC_FIRST_PROVIDER,
     nobody_reads_small, 60, false},
    {"EOP-5/counts", "a receiver joins the new page and leaves the old one", "receiver", LC_EACH_PROVIDER, follows, 0,
     false},
    {"EOP-5/two-receivers", "each receiver adds one", "receiver", LC_EACH_PROVIDER, two_receivers_count, 0, false},
    {"EOP-9/missing", "the next page does not exist", "receiver", LC_EACH_PROVIDER, next_is_missing, 0, false},
    {"EOP-9/not-again", "what was read before does not come again", "receiver", LC_EACH_PROVIDER, not_again, 0, false},
    {"EOP-10/nothing-but-itself", "a page with nothing but END_OF_PAGE that names it", "receiver", LC_FIRST_PROVIDER,
     nothing_but_itself, 0, false},
    {"EOP-9/no-page", "the next map is no page", "receiver", LC_EACH_PROVIDER, next_is_no_page, 0, false},
    {"EOP-10/itself", "END_OF_PAGE that names its own page", "receiver", LC_EACH_PROVIDER, next_is_itself, 0, false},
    {"EOP-10/ring", "two pages without messages that name each other", "receiver", LC_NAMED_PROVIDERS, ring, 0, false},
    {0},
};
