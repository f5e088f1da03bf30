/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pages that come round again, and those who come late (SPEC.md, section 7); a header that peers write over. */
#include <string.h>

#include "suite/cases/sections.h"

enum { TAG = 0x4E05E, SENDER = 9 };

/* False when the sender had no room for it in time. */
static bool send_one(struct lc_case *c, struct lc_actor *sender, uint64_t length, uint64_t seed) {
    const json_t *reply;
    return lc_call_may_refuse(c, sender, &reply, "sender.send", "{s:i, s:I, s:I, s:i}", "tag", TAG, "length",
                              (json_int_t)length, "seed", (json_int_t)seed, "timeout_ms", 100) == LC_OK;
}

/* About three messages a page. */
static uint64_t third(const struct lc_case *c) {
    return lc_page_size(c) * 3 / 10;
}

/* ---------------------------------------------------------------- reuse */

static void unread_is_kept(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender_for(c, sender, SENDER, 1);
    struct lc_reader *reader = lc_read_channel(c, sender, &desc);
    for (uint64_t i = 0; i < 9; i++) {
        send_one(c, sender, third(c), i);
    }
    for (uint64_t i = 0; i < 9; i++) {
        lc_expect_message(c, reader, TAG, SENDER, 0, third(c), i);
    }
}

/* One reads on, the other stays on the first page. Everything that was sent is still there for it. */
static void slow_receiver(struct lc_case *c, uint64_t length, uint64_t max) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender_for(c, sender, SENDER, 2);
    struct lc_reader *fast = lc_read_channel(c, sender, &desc);
    struct lc_reader *slow = lc_read_channel(c, sender, &desc);
    uint64_t sent = 0;
    while (sent < max && send_one(c, sender, length, sent)) {
        lc_expect_message(c, fast, TAG, SENDER, 0, length, sent);
        sent++;
    }
    lc_note(c, "%d messages of %d bytes were sent while the slow receiver stood on the first page", (int)sent,
            (int)length);
    for (uint64_t i = 0; i < sent; i++) {
        lc_expect_message(c, slow, TAG, SENDER, 0, length, i);
    }
    lc_check(c, send_one(c, sender, length, sent), "room once the slow receiver has caught up", "a refusal");
    lc_expect_message(c, slow, TAG, SENDER, 0, length, sent);
}

static void slow_receiver_large(struct lc_case *c) {
    slow_receiver(c, third(c), 60);
}

static void slow_receiver_small(struct lc_case *c) {
    slow_receiver(c, lc_page_size(c) / 40, 400);
}

/* One of two has joined and gone on: the page that the other has yet to join is as it was, magic included. */
static void magic_until_all_joined(struct lc_case *c) {
    if (!lc_has_option(c, "receivers")) {
        lc_skip(c, "the option receivers");
    }
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender_for(c, sender, SENDER, 2);
    struct lc_map first;
    int rc = lc_map_open(lc_provider(c), &desc, lc_actor_pid(sender), &first);
    lc_check(c, rc == 0, "a page that can be mapped", "%s", strerror(-rc));
    struct lc_reader *fast = lc_read_channel(c, sender, &desc);
    for (uint64_t i = 0; i < 60 && send_one(c, sender, third(c), i); i++) {
        lc_expect_message(c, fast, TAG, SENDER, 0, third(c), i);
    }
    uint64_t magic = lc_get64(first.base, LC_PAGE_MAGIC);
    uint32_t digest = lc_crc(0, first.base + LC_PAGE_HEADER + LC_MSG_HEADER, (size_t)third(c));
    lc_map_close(&first);
    lc_check_u64(c, "digest of that page's first message", lc_payload_digest((size_t)third(c), 0), digest);
    lc_check_u64(c, "magic of a page that one of two has yet to join", LC_MAGIC, magic);
}

/* One of two has not even come. It starts at the first page, and everything is there for it. */
static void yet_to_come(struct lc_case *c) {
    if (!lc_has_option(c, "receivers")) {
        lc_skip(c, "the option receivers");
    }
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender_for(c, sender, SENDER, 2);
    struct lc_reader *fast = lc_read_channel(c, sender, &desc);
    uint64_t sent = 0;
    for (; sent < 60 && send_one(c, sender, third(c), sent); sent++) {
        lc_expect_message(c, fast, TAG, SENDER, 0, third(c), sent);
    }
    struct lc_reader *late = lc_read_channel(c, sender, &desc);
    for (uint64_t i = 0; i < sent; i++) {
        lc_expect_message(c, late, TAG, SENDER, 0, third(c), i);
    }
}

/* Both readers finish a page, then only one goes on: what the counts of that page say is not enough. */
static void slow_after_a_while(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender_for(c, sender, SENDER, 2);
    struct lc_reader *fast = lc_read_channel(c, sender, &desc);
    struct lc_reader *slow = lc_read_channel(c, sender, &desc);
    uint64_t sent = 0;
    for (; sent < 14 && send_one(c, sender, third(c), sent); sent++) {
        lc_expect_message(c, fast, TAG, SENDER, 0, third(c), sent);
        lc_expect_message(c, slow, TAG, SENDER, 0, third(c), sent);
    }
    uint64_t behind = sent;
    for (; sent < 60 && send_one(c, sender, third(c), sent); sent++) {
        lc_expect_message(c, fast, TAG, SENDER, 0, third(c), sent);
    }
    for (; behind < sent; behind++) {
        lc_expect_message(c, slow, TAG, SENDER, 0, third(c), behind);
    }
}

/* ---------------------------------------------------------------- maps that are seen */

enum { PAGES = 40 };

struct seen {
    struct lc_desc pages[PAGES + 2];
    size_t count;
};

static bool is_new(struct seen *seen, const struct lc_desc *desc) {
    for (size_t i = 0; i < seen->count; i++) {
        if (memcmp(seen->pages[i].id, desc->id, sizeof desc->id) == 0) {
            return false;
        }
    }
    seen->pages[seen->count++] = *desc;
    return true;
}

static void bounded_maps(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender_for(c, sender, SENDER, 1);
    struct lc_reader *reader = lc_read_channel(c, sender, &desc);
    struct seen seen = {0};
    for (uint64_t i = 0; reader->pages < PAGES; i++) {
        lc_send_message(c, sender, TAG, third(c), i);
        lc_expect_message(c, reader, TAG, SENDER, 0, third(c), i);
        (void)is_new(&seen, &reader->map.desc);
    }
    lc_check(c, seen.count <= PAGES / 2, "pages that come round again", "%d maps for %d pages", (int)seen.count, PAGES);
}

static void fresh_again(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender_for(c, sender, SENDER, 1);
    struct lc_reader *reader = lc_read_channel(c, sender, &desc);
    struct seen seen = {0};
    int again = 0;
    uint64_t page = UINT64_MAX;
    for (uint64_t i = 0; reader->pages < PAGES; i++) {
        lc_send_message(c, sender, TAG, third(c), i);
        lc_expect_message(c, reader, TAG, SENDER, 0, third(c), i);
        if (reader->pages == page) {
            continue;
        }
        page = reader->pages;
        again += is_new(&seen, &reader->map.desc) ? 0 : 1;
        lc_check_u64(c, "receivers_joined_count after the only receiver came", 1,
                     lc_get16(reader->map.base, LC_PAGE_JOINED));
        lc_check_u64(c, "receivers_left_count", 0, lc_get16(reader->map.base, LC_PAGE_LEFT));
    }
    if (again == 0) {
        lc_skip(c, "a sender that uses pages again: this one never did in %d pages", PAGES);
    }
}

/* With receivers: 0 nobody knows who is still to come, so no page may change under who keeps it mapped. */
static void unknown_number(struct lc_case *c) {
    enum { KEPT = 12 };
    if (!lc_has_option(c, "receivers")) {
        lc_skip(c, "the option receivers");
    }
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender_for(c, sender, SENDER, 0);
    struct lc_reader *reader = lc_read_channel(c, sender, &desc);
    struct lc_map kept[KEPT];
    size_t count = 0;
    for (uint64_t i = 0; count < KEPT; i++) {
        lc_send_message(c, sender, TAG, third(c), i);
        lc_expect_message(c, reader, TAG, SENDER, 0, third(c), i);
        if (reader->last_id == 1) {
            int rc = lc_map_open(lc_provider(c), &reader->map.desc, lc_actor_pid(sender), &kept[count]);
            lc_check(c, rc == 0, "a page that can be mapped", "%s", strerror(-rc));
            lc_note(c, "page %d begins with message %d", (int)count, (int)i);
            kept[count].desc.size = i;
            count++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const uint8_t *payload = kept[i].base + LC_PAGE_HEADER + LC_MSG_HEADER;
        uint32_t seen = lc_crc(0, payload, (size_t)third(c));
        lc_map_close(&kept[i]);
        lc_check_u64(c, "digest of an old page's first message", lc_payload_digest((size_t)third(c), kept[i].desc.size),
                     seen);
    }
}

/* ---------------------------------------------------------------- late */

static void late_reader_of_kept_pages(struct lc_case *c) {
    if (!lc_has_option(c, "keep_pages")) {
        lc_skip(c, "the option keep_pages");
    }
    struct lc_actor *sender = lc_spawn(c, "sender");
    const json_t *reply = lc_call(c, sender, "sender.open", "{s:s, s:i, s:b}", "provider", lc_provider_name(c),
                                  "sender_id", SENDER, "keep_pages", 1);
    struct lc_desc desc = lc_field_desc(c, reply, "description");
    struct lc_reader *early = lc_read_channel(c, sender, &desc);
    for (uint64_t i = 0; i < 25; i++) {
        lc_send_message(c, sender, TAG, third(c), i);
        lc_expect_message(c, early, TAG, SENDER, 0, third(c), i);
    }
    struct lc_reader *late = lc_read_channel(c, sender, &desc);
    for (uint64_t i = 0; i < 25; i++) {
        lc_expect_message(c, late, TAG, SENDER, 0, third(c), i);
    }
    lc_send_message(c, sender, TAG, 7, 25);
    lc_expect_message(c, late, TAG, SENDER, 0, 7, 25);
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
    struct lc_actor *receiver = lc_spawn(c, "receiver");
    lc_open_receiver(c, receiver, &next->desc);
    for (uint64_t i = 20; i < 30; i++) {
        lc_expect_recv(c, receiver, TAG, SENDER, 0, i, i);
    }
}

/* ---------------------------------------------------------------- a sender's header written over */

struct lie {
    size_t field;
    uint64_t value;
};

static void scribble(struct lc_case *c, const struct lie *lies, size_t count) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender_for(c, sender, SENDER, 1);
    struct lc_reader *reader = lc_read_channel(c, sender, &desc);
    uint64_t initial = reader->map.size;
    for (size_t i = 0; i < count; i++) {
        lc_send_message(c, sender, TAG, 50, 2 * i);
        lc_expect_message(c, reader, TAG, SENDER, 0, 50, 2 * i);
        lc_note(c, "header field at %d set to 0x%llx", (int)lies[i].field, (unsigned long long)lies[i].value);
        lc_put64(reader->map.base, lies[i].field, lies[i].value);
        lc_send_message(c, sender, TAG, 60, 2 * i + 1);
        lc_expect_message(c, reader, TAG, SENDER, 0, 60, 2 * i + 1);
    }
    for (uint64_t i = 0; i < 8; i++) {
        lc_send_message(c, sender, TAG, third(c), i);
        lc_expect_message(c, reader, TAG, SENDER, 0, third(c), i);
        lc_check(c, reader->map.size <= 4 * initial, "pages of a size that the messages ask for", "%llu bytes",
                 (unsigned long long)reader->map.size);
    }
}

static void size_used_lies(struct lc_case *c) {
    static const struct lie lies[] = {{LC_PAGE_SIZE_USED, 0},
                                      {LC_PAGE_SIZE_USED, UINT64_MAX},
                                      {LC_PAGE_SIZE_USED, LC_PAGE_DEFAULT},
                                      {LC_PAGE_SIZE_USED, UINT64_C(1) << 40},
                                      {LC_PAGE_SIZE_USED, UINT64_C(1) << 63}};
    scribble(c, lies, sizeof lies / sizeof lies[0]);
}

static void size_total_lies(struct lc_case *c) {
    static const struct lie lies[] = {{LC_PAGE_SIZE_TOTAL, 0},
                                      {LC_PAGE_SIZE_TOTAL, 1},
                                      {LC_PAGE_SIZE_TOTAL, UINT64_C(1) << 40},
                                      {LC_PAGE_SIZE_TOTAL, UINT64_MAX}};
    scribble(c, lies, sizeof lies / sizeof lies[0]);
}

/* Both at once: room without end, behind the map. */
static void both_lie(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender_for(c, sender, SENDER, 1);
    struct lc_reader *reader = lc_read_channel(c, sender, &desc);
    lc_put64(reader->map.base, LC_PAGE_SIZE_TOTAL, UINT64_C(1) << 40);
    for (uint64_t i = 0; i < 12; i++) {
        lc_send_message(c, sender, TAG, third(c), i);
        lc_expect_message(c, reader, TAG, SENDER, 0, third(c), i);
        lc_put64(reader->map.base, LC_PAGE_SIZE_TOTAL, UINT64_C(1) << 40);
    }
}

static void max_alloc_lies(struct lc_case *c) {
    static const struct lie lies[] = {{LC_PAGE_MAX_ALLOC, UINT64_C(1) << 40},
                                      {LC_PAGE_MAX_ALLOC, UINT64_MAX},
                                      {LC_PAGE_MAX_ALLOC, UINT64_C(1) << 63}};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        scribble(c, &lies[i], 1);
    }
}

static void message_id_lies(struct lc_case *c) {
    static const uint64_t ids[] = {0, 1000, UINT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct lc_actor *sender = lc_spawn(c, "sender");
        struct lc_desc desc = lc_open_sender_for(c, sender, SENDER, 1);
        struct lc_reader *reader = lc_read_channel(c, sender, &desc);
        lc_send_message(c, sender, TAG, 10, 1);
        lc_expect_message(c, reader, TAG, SENDER, 0, 10, 1);
        lc_set_current_msg_id(reader->map.base, ids[i]);
        lc_send_message(c, sender, TAG, 20, 2);
        lc_expect_message(c, reader, TAG, SENDER, 0, 20, 2);
        lc_check_u64(c, "current_msg_id", 2, lc_current_msg_id(reader->map.base));
    }
}

const struct lc_case_def lc_reuse_cases[] = {
    {"EOP-6/unread", "a page that is not read yet is left alone", "sender", LC_EACH_PROVIDER, unread_is_kept, 0, false},
    {"EOP-6/magic", "a page that one of two receivers has yet to join", "sender", LC_EACH_PROVIDER,
     magic_until_all_joined, 0, false},
    {"EOP-8/slow-receiver", "two receivers, one of which stays on the first page", "sender", LC_EACH_PROVIDER,
     slow_receiver_large, 0, false},
    {"EOP-8/slow-receiver-small", "the same with forty messages a page", "sender", LC_FIRST_PROVIDER,
     slow_receiver_small, 0, false},
    {"EOP-8/slow-later", "two receivers, one of which falls behind later", "sender", LC_FIRST_PROVIDER,
     slow_after_a_while, 0, false},
    {"EOP-8/yet-to-come", "one of two expected receivers comes late", "sender", LC_EACH_PROVIDER, yet_to_come, 0,
     false},
    {"EOP-11/bounded", "forty pages take few maps", "sender", LC_EACH_PROVIDER, bounded_maps, 0, false},
    {"EOP-12/fresh-again", "counts and ids of a page that is used again", "sender", LC_EACH_PROVIDER, fresh_again, 0,
     false},
    {"EOP-13/unknown-number", "no page changes when receivers are not counted", "sender", LC_FIRST_PROVIDER,
     unknown_number, 0, false},
    {"EOP-14/kept-pages", "a late reader of a sender that keeps its pages", "sender", LC_EACH_PROVIDER,
     late_reader_of_kept_pages, 0, false},
    {"EOP-14/from-its-page-on", "a receiver that is given the second page", "receiver", LC_EACH_PROVIDER, late_receiver,
     0, false},
    {"PAGE-5/size-used", "size_used written over", "sender", LC_FIRST_PROVIDER, size_used_lies, 0, false},
    {"PAGE-5/size-total", "size_total written over", "sender", LC_FIRST_PROVIDER, size_total_lies, 0, false},
    {"PAGE-5/room-without-end", "a size_total far behind the map", "sender", LC_FIRST_PROVIDER, both_lie, 0, false},
    {"PAGE-5/max-alloc", "max_alloc_size of 2^40 and more", "sender", LC_FIRST_PROVIDER, max_alloc_lies, 0, false},
    {"PAGE-5/message-id", "current_msg_id written over", "sender", LC_FIRST_PROVIDER, message_id_lies, 0, false},
    {0},
};
