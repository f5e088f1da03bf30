/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* END_OF_PAGE, written by a sender and read by the oracle (SPEC.md, section 6). */
#include <errno.h>
#include <string.h>

#include "suite/cases/sections.h"
#include "suite/kit/channel_fixture.h"

enum { TAG = LC_CHANNEL_TAG, SENDER = LC_CHANNEL_SENDER };

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
    {0},
};
