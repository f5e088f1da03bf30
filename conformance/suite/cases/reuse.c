/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reused pages and late receivers (SPEC.md, section 7), and page headers that a peer overwrites. */
#include <string.h>

#include "suite/cases/sections.h"
#include "suite/kit/channel_fixture.h"

enum { TAG = LC_CHANNEL_TAG, SENDER = LC_CHANNEL_SENDER };

/* Returns a length of which three messages fit on a page. */
static uint64_t third(const struct lc_case *c) {
    return lc_page_size(c) * 3 / 10;
}

/* Opens another reader from the first page on. */
static struct lc_reader *read_from_start(struct lc_case *c, const struct lc_channel *channel) {
    return lc_read_channel(c, channel->sender, &channel->desc);
}

static void expect(struct lc_case *c, struct lc_reader *reader, uint64_t length, uint64_t seed) {
    lc_expect_message(c, reader, TAG, SENDER, 0, length, seed);
}

/* Sends and reads up to `max` messages; stops when the sender has no room. Returns how many were sent. */
static uint64_t transfer_some(struct lc_case *c, struct lc_channel *channel, uint64_t length, uint64_t from,
                              uint64_t max) {
    uint64_t sent = from;
    while (sent < max && lc_channel_try_send(c, channel, length, sent)) {
        lc_channel_expect(c, channel, length, sent);
        sent++;
    }
    return sent;
}

/* ---------------------------------------------------------------- reuse */

static void unread_pages_are_kept(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open_for(c, 1);
    for (uint64_t i = 0; i < 9; i++) {
        (void)lc_channel_try_send(c, &channel, third(c), i);
    }
    for (uint64_t i = 0; i < 9; i++) {
        lc_channel_expect(c, &channel, third(c), i);
    }
}

/* One of two receivers reads, and the other stays on the first page. The other one must get all messages later. */
static void slow_receiver(struct lc_case *c, uint64_t length, uint64_t max) {
    struct lc_channel channel = lc_channel_open_for(c, 2);
    struct lc_reader *slow = read_from_start(c, &channel);
    uint64_t sent = transfer_some(c, &channel, length, 0, max);
    lc_note(c, "%d messages of %d bytes were sent while the slow receiver was on the first page", (int)sent,
            (int)length);
    for (uint64_t i = 0; i < sent; i++) {
        expect(c, slow, length, i);
    }
    lc_check(c, lc_channel_try_send(c, &channel, length, sent),
             "the sender has room after the slow receiver has read all messages", "refused");
    expect(c, slow, length, sent);
}

static void slow_receiver_large(struct lc_case *c) {
    slow_receiver(c, third(c), 60);
}

static void slow_receiver_small(struct lc_case *c) {
    slow_receiver(c, lc_page_size(c) / 40, 400);
}

/* One of two receivers has left the first page. The other one has yet to join it, so the page must not change. */
static void magic_until_all_joined(struct lc_case *c) {
    lc_require_option(c, "receivers");
    struct lc_channel channel = lc_channel_open_for(c, 2);
    struct lc_map first;
    int rc = lc_map_open(lc_provider(c), &channel.desc, lc_actor_pid(channel.sender), &first);
    lc_check(c, rc == 0, "the first page can be opened", "%s", strerror(-rc));
    (void)transfer_some(c, &channel, third(c), 0, 60);
    uint64_t magic = lc_get64(first.base, LC_PAGE_MAGIC);
    uint32_t digest = lc_crc(0, first.base + LC_PAGE_HEADER + LC_MSG_HEADER, (size_t)third(c));
    lc_map_close(&first);
    lc_check_u64(c, "digest of the first message of that page:", lc_payload_digest((size_t)third(c), 0), digest);
    lc_check_u64(c, "magic of a page that one of two receivers has yet to join:", LC_MAGIC, magic);
}

/* One of two receivers joins late, at the first page, and must get all messages. */
static void joins_late(struct lc_case *c) {
    lc_require_option(c, "receivers");
    struct lc_channel channel = lc_channel_open_for(c, 2);
    uint64_t sent = transfer_some(c, &channel, third(c), 0, 60);
    struct lc_reader *late = read_from_start(c, &channel);
    for (uint64_t i = 0; i < sent; i++) {
        expect(c, late, third(c), i);
    }
}

/* Both receivers leave some pages before one of them stops. The counters of one page are not enough to detect that. */
static void slow_later(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open_for(c, 2);
    struct lc_reader *slow = read_from_start(c, &channel);
    uint64_t sent = 0;
    for (; sent < 14 && lc_channel_try_send(c, &channel, third(c), sent); sent++) {
        lc_channel_expect(c, &channel, third(c), sent);
        expect(c, slow, third(c), sent);
    }
    uint64_t read = sent;
    sent = transfer_some(c, &channel, third(c), sent, 60);
    for (; read < sent; read++) {
        expect(c, slow, third(c), read);
    }
}

/* ---------------------------------------------------------------- the maps of a channel */

enum { PAGES = 40 };

struct seen {
    struct lc_desc pages[PAGES + 2];
    size_t count;
};

/* Adds a map; returns false if it was seen before. */
static bool add_map(struct seen *seen, const struct lc_desc *desc) {
    for (size_t i = 0; i < seen->count; i++) {
        if (memcmp(seen->pages[i].id, desc->id, sizeof desc->id) == 0) {
            return false;
        }
    }
    seen->pages[seen->count++] = *desc;
    return true;
}

static void bounded_maps(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open_for(c, 1);
    struct seen seen = {0};
    for (uint64_t i = 0; channel.reader->pages < PAGES; i++) {
        lc_channel_transfer(c, &channel, third(c), i);
        (void)add_map(&seen, &channel.reader->map.desc);
    }
    lc_check(c, seen.count <= PAGES / 2, "the sender reuses pages", "%d maps for %d pages", (int)seen.count, PAGES);
}

static void reused_page_is_fresh(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open_for(c, 1);
    const struct lc_reader *reader = channel.reader;
    struct seen seen = {0};
    int reused = 0;
    uint64_t page = UINT64_MAX;
    for (uint64_t i = 0; reader->pages < PAGES; i++) {
        lc_channel_transfer(c, &channel, third(c), i);
        if (reader->pages == page) {
            continue;
        }
        page = reader->pages;
        reused += add_map(&seen, &reader->map.desc) ? 0 : 1;
        lc_check_u64(c, "receivers_joined_count after the only receiver has joined:", 1,
                     lc_get16(reader->map.base, LC_PAGE_JOINED));
        lc_check_u64(c, "receivers_left_count", 0, lc_get16(reader->map.base, LC_PAGE_LEFT));
    }
    if (reused == 0) {
        lc_skip(c, "a sender that reuses pages; this one has not in %d pages", PAGES);
    }
}

/* A page that a late receiver may still join, with the number of the first message on it. */
struct kept {
    struct lc_map map;
    uint64_t seed;
};

/* With an unknown number of receivers a sender must not change a page, because some receiver may have it mapped. */
static void unknown_number(struct lc_case *c) {
    enum { KEPT = 12 };
    lc_require_option(c, "receivers");
    struct lc_channel channel = lc_channel_open_for(c, 0);
    struct kept kept[KEPT];
    size_t count = 0;
    for (uint64_t i = 0; count < KEPT; i++) {
        lc_channel_transfer(c, &channel, third(c), i);
        if (channel.reader->last_id == 1) {
            int rc =
                lc_map_open(lc_provider(c), &channel.reader->map.desc, lc_actor_pid(channel.sender), &kept[count].map);
            lc_check(c, rc == 0, "the page can be opened", "%s", strerror(-rc));
            lc_note(c, "page %d starts with message %d", (int)count, (int)i);
            kept[count++].seed = i;
        }
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t digest = lc_crc(0, kept[i].map.base + LC_PAGE_HEADER + LC_MSG_HEADER, (size_t)third(c));
        lc_map_close(&kept[i].map);
        lc_check_u64(c,
                     "digest of the first message of an old page:", lc_payload_digest((size_t)third(c), kept[i].seed),
                     digest);
    }
}

/* ---------------------------------------------------------------- late receivers */

static void late_reader_of_kept_pages(struct lc_case *c) {
    lc_require_option(c, "keep_pages");
    struct lc_channel channel = {.sender = lc_spawn(c, "sender")};
    const json_t *reply = lc_call(c, channel.sender, "sender.open", "{s:s, s:i, s:b}", "provider", lc_provider_name(c),
                                  "sender_id", SENDER, "keep_pages", 1);
    channel.desc = lc_field_desc(c, reply, "description");
    channel.reader = read_from_start(c, &channel);
    for (uint64_t i = 0; i < 25; i++) {
        lc_channel_transfer(c, &channel, third(c), i);
    }
    struct lc_reader *late = read_from_start(c, &channel);
    for (uint64_t i = 0; i < 25; i++) {
        expect(c, late, third(c), i);
    }
    lc_send_message(c, channel.sender, TAG, 7, 25);
    expect(c, late, 7, 25);
}

static void late_receiver(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_map *next = lc_new_map(c, LC_PAGE_DEFAULT);
    for (uint64_t i = 0; i < 30; i++) {
        if (i == 20) {
            lc_writer_turn_page(writer, next);
        }
        lc_writer_send(writer, TAG, 0, i, i);
    }
    struct lc_actor *receiver = lc_spawn_receiver(c, &next->desc);
    for (uint64_t i = 20; i < 30; i++) {
        lc_expect_recv(c, receiver, TAG, SENDER, 0, i, i);
    }
}

/* ---------------------------------------------------------------- overwritten page headers */

struct value {
    size_t field;
    uint64_t value;
};

/* Overwrites each field between two messages. The sender must not use the values. */
static void overwrite(struct lc_case *c, const struct value *values, size_t count) {
    struct lc_channel channel = lc_channel_open_for(c, 1);
    struct lc_map *map = &channel.reader->map;
    uint64_t initial = map->size;
    for (size_t i = 0; i < count; i++) {
        lc_channel_transfer(c, &channel, 50, 2 * i);
        lc_note(c, "overwrote the header field at %d with 0x%llx", (int)values[i].field,
                (unsigned long long)values[i].value);
        lc_put64(map->base, values[i].field, values[i].value);
        lc_channel_transfer(c, &channel, 60, 2 * i + 1);
    }
    for (uint64_t i = 0; i < 8; i++) {
        lc_channel_transfer(c, &channel, third(c), i);
        lc_check(c, map->size <= 4 * initial, "pages of at most four times the size of the first one", "%llu bytes",
                 (unsigned long long)map->size);
    }
}

static void overwritten_size_used(struct lc_case *c) {
    static const struct value values[] = {{LC_PAGE_SIZE_USED, 0},
                                          {LC_PAGE_SIZE_USED, UINT64_MAX},
                                          {LC_PAGE_SIZE_USED, LC_PAGE_DEFAULT},
                                          {LC_PAGE_SIZE_USED, UINT64_C(1) << 40},
                                          {LC_PAGE_SIZE_USED, UINT64_C(1) << 63}};
    overwrite(c, values, sizeof values / sizeof values[0]);
}

static void overwritten_size_total(struct lc_case *c) {
    static const struct value values[] = {{LC_PAGE_SIZE_TOTAL, 0},
                                          {LC_PAGE_SIZE_TOTAL, 1},
                                          {LC_PAGE_SIZE_TOTAL, UINT64_C(1) << 40},
                                          {LC_PAGE_SIZE_TOTAL, UINT64_MAX}};
    overwrite(c, values, sizeof values / sizeof values[0]);
}

/* With this size_total each message would fit on the page, also beyond the end of the map. */
static void unlimited_size_total(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open_for(c, 1);
    lc_put64(channel.reader->map.base, LC_PAGE_SIZE_TOTAL, UINT64_C(1) << 40);
    for (uint64_t i = 0; i < 12; i++) {
        lc_channel_transfer(c, &channel, third(c), i);
        lc_put64(channel.reader->map.base, LC_PAGE_SIZE_TOTAL, UINT64_C(1) << 40);
    }
}

static void overwritten_max_alloc(struct lc_case *c) {
    static const struct value values[] = {{LC_PAGE_MAX_ALLOC, UINT64_C(1) << 40},
                                          {LC_PAGE_MAX_ALLOC, UINT64_MAX},
                                          {LC_PAGE_MAX_ALLOC, UINT64_C(1) << 63}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        overwrite(c, &values[i], 1);
    }
}

static void overwritten_current_msg_id(struct lc_case *c) {
    static const uint64_t ids[] = {0, 1000, UINT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct lc_channel channel = lc_channel_open_for(c, 1);
        lc_channel_transfer(c, &channel, 10, 1);
        lc_set_current_msg_id(channel.reader->map.base, ids[i]);
        lc_channel_transfer(c, &channel, 20, 2);
        lc_check_u64(c, "current_msg_id", 2, lc_current_msg_id(channel.reader->map.base));
    }
}

const struct lc_case_def lc_reuse_cases[] = {
    {"EOP-6/unread", "a page is not reused before its receiver has read it", "sender", LC_EACH_PROVIDER,
     unread_pages_are_kept, 0, false},
    {"EOP-6/magic", "a page does not change before the second of two receivers has joined it", "sender",
     LC_EACH_PROVIDER, magic_until_all_joined, 0, false},
    {"EOP-8/slow-receiver", "one of two receivers stays on the first page", "sender", LC_EACH_PROVIDER,
     slow_receiver_large, 0, false},
    {"EOP-8/slow-receiver-small", "the same with 40 messages per page", "sender", LC_FIRST_PROVIDER,
     slow_receiver_small, 0, false},
    {"EOP-8/slow-later", "one of two receivers stops reading after some pages", "sender", LC_FIRST_PROVIDER, slow_later,
     0, false},
    {"EOP-8/yet-to-come", "one of two expected receivers joins late", "sender", LC_EACH_PROVIDER, joins_late, 0, false},
    {"EOP-11/bounded", "40 pages need at most 20 maps", "sender", LC_EACH_PROVIDER, bounded_maps, 0, false},
    {"EOP-12/fresh-again", "the counters and message ids of a reused page", "sender", LC_EACH_PROVIDER,
     reused_page_is_fresh, 0, false},
    {"EOP-13/unknown-number", "with an unknown number of receivers no page changes", "sender", LC_FIRST_PROVIDER,
     unknown_number, 0, false},
    {"EOP-14/kept-pages", "a late reader gets all messages of a sender that keeps its pages", "sender",
     LC_EACH_PROVIDER, late_reader_of_kept_pages, 0, false},
    {"EOP-14/from-its-page-on", "a receiver that opens the second page starts there", "receiver", LC_EACH_PROVIDER,
     late_receiver, 0, false},
    {"PAGE-5/size-used", "size_used is overwritten", "sender", LC_FIRST_PROVIDER, overwritten_size_used, 0, false},
    {"PAGE-5/size-total", "size_total is overwritten", "sender", LC_FIRST_PROVIDER, overwritten_size_total, 0, false},
    {"PAGE-5/room-without-end", "size_total is overwritten with a value far larger than the map", "sender",
     LC_FIRST_PROVIDER, unlimited_size_total, 0, false},
    {"PAGE-5/max-alloc", "max_alloc_size is overwritten with 2^40 and more", "sender", LC_FIRST_PROVIDER,
     overwritten_max_alloc, 0, false},
    {"PAGE-5/message-id", "current_msg_id is overwritten", "sender", LC_FIRST_PROVIDER, overwritten_current_msg_id, 0,
     false},
    {0},
};
