/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* PAGE: the header of a page, as a sender makes it and as a receiver takes it. */
#include "suite/cases/sections.h"

#include <stddef.h>
#include <string.h>

enum { SENDER_ID = 7, TAG = 0x1234 };

/* ---------------------------------------------------------------- what a sender makes */

static void fresh(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender(c, sender, SENDER_ID);
    struct lc_reader *reader = lc_open_reader(c, sender, &desc, false); /* looks at the header and the first slot */
    const void *page = reader->map.base;
    lc_check_u64(c, "magic", LC_MAGIC, lc_get64(page, LC_PAGE_MAGIC));
    lc_check_u64(c, "sender_id", SENDER_ID, lc_get32(page, LC_PAGE_SENDER_ID));
    lc_check_u64(c, "receivers_joined_count", 0, lc_get16(page, LC_PAGE_JOINED));
    lc_check_u64(c, "receivers_left_count", 0, lc_get16(page, LC_PAGE_LEFT));
    lc_check_u64(c, "current_msg_id", 0, lc_current_msg_id(page));
    lc_check_u64(c, "size_used", 0, lc_get64(page, LC_PAGE_SIZE_USED));
    lc_check_u64(c, "the first slot's message_id", 0, lc_get64(page, LC_PAGE_HEADER + LC_MSG_ID));
    lc_check_u64(c, "the first slot's tag", LC_TAG_UNSET, lc_get32(page, LC_PAGE_HEADER + LC_MSG_TAG));
    lc_stop(c, sender);
}

static void every_id(struct lc_case *c) {
    static const uint32_t ids[] = {0, 1, 0x7FFFFFFF, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct lc_actor *sender = lc_spawn(c, "sender");
        struct lc_desc desc = lc_open_sender(c, sender, ids[i]);
        struct lc_reader *reader = lc_open_reader(c, sender, &desc, false);
        lc_check_u64(c, "sender_id", ids[i], lc_get32(reader->map.base, LC_PAGE_SENDER_ID));
        lc_stop(c, sender);
    }
}

static void first_size(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender(c, sender, SENDER_ID);
    lc_check_u64(c, "a first map of", LC_PAGE_DEFAULT, desc.size);
}

static void check_sizes(struct lc_case *c, struct lc_actor *sender, const struct lc_desc *desc) {
    struct lc_reader *reader = lc_open_reader(c, sender, desc, false);
    lc_check_u64(c, "size_total", desc->size - LC_PAGE_HEADER, lc_get64(reader->map.base, LC_PAGE_SIZE_TOTAL));
    lc_check(c, reader->map.size >= desc->size, "a segment as large as its description", "%zu bytes of %llu",
             reader->map.size, (unsigned long long)desc->size);
}

static void size_total(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender(c, sender, SENDER_ID);
    check_sizes(c, sender, &desc);
}

/* Whether a size is rounded up is the implementation's business; that it is enough, and told, is not. */
static void sizes_asked_for(struct lc_case *c) {
    static const uint64_t sizes[] = {4096, 65536, 100000, 4 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lc_actor *sender = lc_spawn(c, "sender");
        struct lc_desc desc = lc_open_sender_sized(c, sender, SENDER_ID, sizes[i]);
        lc_check(c, desc.size >= sizes[i], "a map as large as was asked for", "%llu bytes, where %llu were wanted",
                 (unsigned long long)desc.size, (unsigned long long)sizes[i]);
        check_sizes(c, sender, &desc);
        lc_stop(c, sender);
    }
}

/* ---------------------------------------------------------------- what a receiver takes */

/* The receiver says no and is as well as before: it opens a good page afterwards. */
static void refuses(struct lc_case *c, const struct lc_desc *bad, struct lc_writer *good) {
    const json_t *reply;
    struct lc_actor *receiver = lc_spawn(c, "receiver");
    enum lc_outcome outcome = lc_call_may_refuse(c, receiver, &reply, "receiver.open", "{s:s, s:o}", "provider",
                                                 lc_provider_name(c), "description", lc_desc_json(bad));
    lc_check(c, outcome == LC_REFUSED, "a refusal", "ok");
    lc_open_receiver(c, receiver, &good->map->desc);
    lc_expect_recv(c, receiver, TAG, SENDER_ID, 0, 100, lc_seed(c));
    lc_stop(c, receiver);
}

static struct lc_writer *good_channel(struct lc_case *c) {
    struct lc_writer *good = lc_new_channel(c, 0, SENDER_ID);
    lc_writer_send(good, TAG, 0, 100, lc_seed(c));
    return good;
}

/* Whatever stands there, the slot behind it is that of a good message. */
static void with_magic(struct lc_case *c, uint64_t magic) {
    struct lc_writer *good = good_channel(c), *bad = good_channel(c);
    lc_put64(bad->map->base, LC_PAGE_MAGIC, magic);
    lc_note(c, "magic 0x%llx", (unsigned long long)magic);
    refuses(c, &bad->map->desc, good);
}

static void other_magic(struct lc_case *c) {
    with_magic(c, 0);
    with_magic(c, LC_MAGIC + 1);
    with_magic(c, __builtin_bswap64(LC_MAGIC));
    with_magic(c, LC_MAGIC & UINT32_MAX);
}

static void given_up(struct lc_case *c) {
    with_magic(c, LC_MAGIC_GIVEN_UP);
}

/* As far as the map goes it is a page: only its size is wrong. */
static void too_small(struct lc_case *c) {
    static const size_t sizes[] = {8, 40, LC_PAGE_HEADER, LC_PAGE_HEADER + LC_MSG_HEADER - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lc_writer *good = good_channel(c);
        struct lc_map *map = lc_new_map(c, sizes[i]);
        uint8_t header[LC_PAGE_HEADER];
        memcpy(header, good->map->base, sizeof header);
        lc_put64(header, LC_PAGE_SIZE_TOTAL, sizes[i] < sizeof header ? 0 : sizes[i] - sizeof header);
        memcpy(map->base, header, sizes[i] < sizeof header ? sizes[i] : sizeof header);
        lc_note(c, "a map of %zu bytes", sizes[i]);
        refuses(c, &map->desc, good);
    }
}

const struct lc_case_def lc_page_cases[] = {
    {"PAGE-1/fresh", "a sender's first page is fresh", "sender", LC_EACH_PROVIDER, fresh, 0, false},
    {"PAGE-1/every-id", "sender ids of all sizes stand in the header", "sender", LC_FIRST_PROVIDER, every_id, 0, false},
    {"PAGE-2/first-map", "the first map is 1 MiB", "sender", LC_EACH_PROVIDER, first_size, 0, false},
    {"PAGE-3/other-magic", "maps that are no page", "receiver", LC_EACH_PROVIDER, other_magic, 0, false},
    {"PAGE-3/given-up", "a page that its sender gave up", "receiver", LC_EACH_PROVIDER, given_up, 0, false},
    {"PAGE-3/too-small", "maps of 8 to 87 bytes", "receiver", LC_EACH_PROVIDER, too_small, 0, false},
    {"PAGE-4/size-total", "size_total is the map less its header", "sender", LC_EACH_PROVIDER, size_total, 0, false},
    {"PAGE-4/sizes-asked-for", "first maps of 4 KiB to 4 MiB", "sender", LC_EACH_PROVIDER, sizes_asked_for, 0, false},
    {0},
};
