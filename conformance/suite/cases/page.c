/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Page headers that a sender writes, and those that a receiver accepts (SPEC.md, section 3). */
#include "suite/cases/sections.h"

#include <string.h>

enum { SENDER_ID = 7, TAG = 0x1234 };

/* ---------------------------------------------------------------- written by a sender */

static void fresh(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender(c, sender, SENDER_ID);
    struct lc_reader *reader = lc_open_reader(c, sender, &desc, false);
    const void *page = reader->map.base;
    lc_check_u64(c, "magic", LC_MAGIC, lc_get64(page, LC_PAGE_MAGIC));
    lc_check_u64(c, "sender_id", SENDER_ID, lc_get32(page, LC_PAGE_SENDER_ID));
    lc_check_u64(c, "receivers_joined_count", 0, lc_get16(page, LC_PAGE_JOINED));
    lc_check_u64(c, "receivers_left_count", 0, lc_get16(page, LC_PAGE_LEFT));
    lc_check_u64(c, "current_msg_id", 0, lc_current_msg_id(page));
    lc_check_u64(c, "size_used", 0, lc_get64(page, LC_PAGE_SIZE_USED));
    lc_check_u64(c, "message_id of the first slot", 0, lc_get64(page, LC_PAGE_HEADER + LC_MSG_ID));
    lc_check_u64(c, "tag of the first slot", LC_TAG_UNSET, lc_get32(page, LC_PAGE_HEADER + LC_MSG_TAG));
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
    lc_check_u64(c, "size of the first map:", LC_PAGE_DEFAULT, desc.size);
}

static void check_sizes(struct lc_case *c, struct lc_actor *sender, const struct lc_desc *desc) {
    struct lc_reader *reader = lc_open_reader(c, sender, desc, false);
    lc_check_u64(c, "size_total", desc->size - LC_PAGE_HEADER, lc_get64(reader->map.base, LC_PAGE_SIZE_TOTAL));
    lc_check(c, reader->map.size >= desc->size, "a segment of at least the size in its description",
             "%zu bytes, and %llu in the description", reader->map.size, (unsigned long long)desc->size);
}

static void size_total(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender(c, sender, SENDER_ID);
    check_sizes(c, sender, &desc);
}

/* An implementation may round the size up, if it reports the rounded size. */
static void requested_sizes(struct lc_case *c) {
    static const uint64_t sizes[] = {4096, 65536, 100000, 4 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lc_actor *sender = lc_spawn(c, "sender");
        struct lc_desc desc = lc_open_sender_sized(c, sender, SENDER_ID, sizes[i]);
        lc_check(c, desc.size >= sizes[i], "a map of at least the requested size", "%llu bytes, of %llu requested",
                 (unsigned long long)desc.size, (unsigned long long)sizes[i]);
        check_sizes(c, sender, &desc);
        lc_stop(c, sender);
    }
}

/* ---------------------------------------------------------------- accepted by a receiver */

/* The receiver must refuse the bad page, and must be able to open a good page afterwards. */
static void expect_refusal(struct lc_case *c, const struct lc_desc *bad, struct lc_writer *good) {
    struct lc_actor *receiver = lc_spawn(c, "receiver");
    lc_call_expect_refusal(c, receiver, "receiver.open", "{s:s, s:o}", "provider", lc_provider_name(c), "description",
                           lc_desc_json(bad));
    lc_open_receiver(c, receiver, &good->map->desc);
    lc_expect_recv(c, receiver, TAG, SENDER_ID, 0, 100, lc_seed(c));
    lc_stop(c, receiver);
}

static struct lc_writer *good_channel(struct lc_case *c) {
    struct lc_writer *good = lc_new_channel(c, 0, SENDER_ID);
    lc_writer_send(good, TAG, 0, 100, lc_seed(c));
    return good;
}

/* Only the magic is wrong; the page has a valid message. */
static void expect_magic_refused(struct lc_case *c, uint64_t magic) {
    struct lc_writer *good = good_channel(c), *bad = good_channel(c);
    lc_put64(bad->map->base, LC_PAGE_MAGIC, magic);
    lc_note(c, "magic 0x%llx", (unsigned long long)magic);
    expect_refusal(c, &bad->map->desc, good);
}

static void other_magic(struct lc_case *c) {
    expect_magic_refused(c, 0);
    expect_magic_refused(c, LC_MAGIC + 1);
    expect_magic_refused(c, __builtin_bswap64(LC_MAGIC));
    expect_magic_refused(c, LC_MAGIC & UINT32_MAX);
}

static void retired(struct lc_case *c) {
    expect_magic_refused(c, LC_MAGIC_GIVEN_UP);
}

/* Only the size is wrong; the map contains as much of a valid page header as it has room for. */
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
        expect_refusal(c, &map->desc, good);
    }
}

const struct lc_case_def lc_page_cases[] = {
    {"PAGE-1/fresh", "the header of a sender's first page", "sender", LC_EACH_PROVIDER, fresh, 0, false},
    {"PAGE-1/every-id", "small and large sender ids in the header", "sender", LC_FIRST_PROVIDER, every_id, 0, false},
    {"PAGE-2/first-map", "the first map has 1 MiB", "sender", LC_EACH_PROVIDER, first_size, 0, false},
    {"PAGE-3/other-magic", "a receiver refuses maps with another magic", "receiver", LC_EACH_PROVIDER, other_magic, 0,
     false},
    {"PAGE-3/given-up", "a receiver refuses a page that its sender has retired", "receiver", LC_EACH_PROVIDER, retired,
     0, false},
    {"PAGE-3/too-small", "a receiver refuses maps of 8 to 87 bytes", "receiver", LC_EACH_PROVIDER, too_small, 0, false},
    {"PAGE-4/size-total", "size_total is the size of the map without the header", "sender", LC_EACH_PROVIDER,
     size_total, 0, false},
    {"PAGE-4/sizes-asked-for", "first maps of 4 KiB to 4 MiB", "sender", LC_EACH_PROVIDER, requested_sizes, 0, false},
    {0},
};
