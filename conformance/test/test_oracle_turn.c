/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The checks of END_OF_PAGE and of the page that it names. */
#include "test/oracle_channel.h"

#include <unistd.h>

static void EOP_5_maps_joins_leaves(void **state) {
    (void)state;
    for (int provider = 0; provider < LC_PROVIDERS; provider++) {
        struct lc_map maps[2];
        struct lc_writer writer;
        struct lc_reader reader;
        struct lc_message message;
        assert_int_equal(lc_map_create(provider, 4096, &maps[0]), 0);
        assert_int_equal(lc_map_create(provider, 4096, &maps[1]), 0);
        lc_writer_start(&writer, &maps[0], SENDER);
        assert_int_equal(lc_reader_open(&reader, provider, &maps[0].desc, getpid(), true), 0);
        lc_writer_send(&writer, TAG, 0, 10, 0);
        lc_writer_turn_page(&writer, &maps[1]);
        lc_writer_send(&writer, TAG, 0, 20, 0);
        assert_int_equal(lc_reader_next(&reader, &message), 1);
        assert_int_equal(lc_reader_next(&reader, &message), 1);
        assert_int_equal(message.length, 20);
        assert_int_equal(message.id, 1);
        assert_int_equal(reader.pages, 1);
        assert_int_equal(lc_reader_next(&reader, &message), 0);
        assert_int_equal(joined(&maps[0]), 1);
        assert_int_equal(left(&maps[0]), 1);
        assert_int_equal(joined(&maps[1]), 1);
        assert_int_equal(left(&maps[1]), 0);
        lc_reader_close(&reader);
        assert_int_equal(left(&maps[1]), 1);
        lc_map_close(&maps[0]);
        lc_map_close(&maps[1]);
    }
}

static void peeking_does_not_follow_end_of_page(void **state) {
    struct channel *channel = *state;
    struct lc_reader *reader = &channel->reader;
    channel_send(channel, 10);
    lc_writer_turn_page(&channel->writer, channel_map(channel, 4096));
    assert_int_equal(lc_reader_peek(reader, &channel->message), 1);
    assert_int_equal(channel->message.length, 10);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lc_reader_peek(reader, &channel->message), 1);
        assert_int_equal(channel->message.tag, LC_TAG_END_OF_PAGE);
    }
    assert_int_equal(reader->pages, 0);
    assert_int_equal(lc_reader_next(reader, &channel->message), 0);
    assert_int_equal(reader->pages, 1);
}

static void waiting(void **state) {
    struct channel *channel = *state;
    assert_int_equal(lc_reader_wait(&channel->reader, &channel->message, 0), -ETIMEDOUT);
    assert_int_equal(lc_reader_wait(&channel->reader, &channel->message, 15), -ETIMEDOUT);
    channel_send(channel, 3);
    assert_int_equal(lc_reader_wait(&channel->reader, &channel->message, 0), 1);
    channel_send(channel, 3);
    channel_put(channel, 128 + LC_MSG_ID, 8, 9);
    assert_int_equal(lc_reader_wait(&channel->reader, &channel->message, 5000), -EPROTO);
}

/* Ends the page and expects a violation at END_OF_PAGE + 40 + `offset`; the reader must not leave the old page. */
static void expect_violation_at_end(struct channel *channel, const struct lc_desc *desc, const char *requirement,
                                    uint64_t offset) {
    uint64_t slot = lc_writer_end_page(&channel->writer, desc);
    expect_finding(channel, requirement, slot + 40 + offset);
    assert_int_equal(left(&channel->maps[0]), 0);
    assert_int_equal(channel->reader.pages, 0);
}

/* Adds a valid, initialised next page. */
static struct lc_map *next_page(struct channel *channel, size_t size) {
    struct lc_map *map = channel_map(channel, size);
    struct lc_writer writer;
    lc_writer_start(&writer, map, SENDER);
    lc_put64(map->base, LC_PAGE_MAX_ALLOC, channel->writer.max_alloc);
    return map;
}

static void expect_violation_on_next_page(struct channel *channel, unsigned field, unsigned bytes, uint64_t value,
                                          const char *requirement) {
    channel_send(channel, 10);
    expect_message(channel, 1, 10);
    struct lc_map *next = next_page(channel, 4096);
    if (bytes == 4) {
        lc_put32(next->base, field, (uint32_t)value);
    } else {
        lc_put64(next->base, field, value);
    }
    expect_violation_at_end(channel, &next->desc, requirement, 0);
    assert_int_equal(joined(next), 0);
}

static void EOP_3_next_page_without_magic(void **state) {
    expect_violation_on_next_page(*state, LC_PAGE_MAGIC, 8, 0, "EOP-3");
}

static void EOP_3_next_page_of_another_sender(void **state) {
    expect_violation_on_next_page(*state, LC_PAGE_SENDER_ID, 4, 99, "EOP-3");
}

static void EOP_3_max_alloc_size_not_carried(void **state) {
    expect_violation_on_next_page(*state, LC_PAGE_MAX_ALLOC, 8, 79, "EOP-3");
}

static void EOP_3_next_page_not_empty(void **state) {
    expect_violation_on_next_page(*state, 48 + LC_MSG_ID, 8, 5, "EOP-3");
}

static void PAGE_4_next_page(void **state) {
    expect_violation_on_next_page(*state, LC_PAGE_SIZE_TOTAL, 8, 4096, "PAGE-4");
}

static void EOP_3_next_page_missing(void **state) {
    struct lc_desc desc = lc_desc_of(4096, "2147483000");
    expect_violation_at_end(*state, &desc, "EOP-3", 0);
}

static void EOP_3_next_page_too_small(void **state) {
    struct channel *channel = *state;
    expect_violation_at_end(channel, &channel_map(channel, 64)->desc, "EOP-3", 0);
}

static void EOP_1_a_wrong_size(void **state) {
    struct channel *channel = *state;
    struct lc_desc desc = next_page(channel, 4096)->desc;
    desc.size = 8192;
    expect_violation_at_end(channel, &desc, "EOP-1", 0);
}

static void ID_1_an_unterminated_id(void **state) {
    struct channel *channel = *state;
    struct lc_desc desc = next_page(channel, 4096)->desc;
    desc.id[19] = '1';
    expect_violation_at_end(channel, &desc, "ID-1", 8);
}

static void EOP_10_its_own_page(void **state) {
    struct channel *channel = *state;
    expect_violation_at_end(channel, &channel->maps[0].desc, "EOP-10", 8);
}

static void EOP_10_a_ring_of_pages(void **state) {
    struct channel *channel = *state;
    struct lc_map *next = next_page(channel, 4096);
    struct lc_writer writer = channel->writer;
    writer.map = next;
    lc_writer_end_page(&channel->writer, &next->desc);
    lc_writer_end_page(&writer, &channel->maps[0].desc);
    assert_int_equal(lc_reader_next(&channel->reader, &channel->message), -EPROTO);
    assert_string_equal(channel->reader.finding.requirement, "EOP-10");
}

static void EOP_2_lengths(void **state) {
    struct channel *channel = *state;
    uint64_t slot = lc_writer_end_page(&channel->writer, &next_page(channel, 4096)->desc);
    channel_put(channel, slot + LC_MSG_PADDED, 8, 88);
    expect_finding(channel, "EOP-2", slot + LC_MSG_LEN);
    channel_put(channel, slot + LC_MSG_PADDED, 8, 32);
    channel_put(channel, slot + LC_MSG_LEN, 8, 31);
    expect_finding(channel, "EOP-2", slot + LC_MSG_LEN);
}

static void EOP_2_a_message_after_it(void **state) {
    struct channel *channel = *state;
    lc_writer_end_page(&channel->writer, &next_page(channel, 4096)->desc);
    lc_set_current_msg_id(channel->writer.map->base, 2);
    expect_finding(channel, "EOP-2", LC_PAGE_CURRENT_MSG_ID);
}

static void PAGE_6_end_of_page_counts_128(void **state) {
    struct channel *channel = *state;
    lc_writer_end_page(&channel->writer, &next_page(channel, 4096)->desc);
    channel_put(channel, LC_PAGE_SIZE_USED, 8, 72);
    expect_finding(channel, "PAGE-6", LC_PAGE_SIZE_USED);
    channel_put(channel, LC_PAGE_SIZE_USED, 8, 192);
    expect_finding(channel, "PAGE-6", LC_PAGE_SIZE_USED);
}

static void EOP_4_too_small(void **state) {
    struct channel *channel = *state;
    channel_put(channel, LC_PAGE_MAX_ALLOC, 8, 3000);
    channel->writer.max_alloc = 3000;
    expect_violation_at_end(channel, &next_page(channel, 4096)->desc, "EOP-4", 0);
}

static void EOP_4_too_large(void **state) {
    struct channel *channel = *state;
    expect_violation_at_end(channel, &next_page(channel, 8192)->desc, "EOP-4", 0);
}

static void EOP_4_no_such_size(void **state) {
    struct channel *channel = *state;
    channel_put(channel, LC_PAGE_MAX_ALLOC, 8, UINT64_MAX);
    channel->writer.max_alloc = UINT64_MAX;
    expect_violation_at_end(channel, &next_page(channel, 4096)->desc, "EOP-4", 0);
}

/* The first page again, which is smaller than a new one would be, and then a larger one again. */
static void EOP_4_reused_pages(void **state) {
    struct channel *channel = *state;
    struct lc_map *first = &channel->maps[0];
    struct lc_map *second = channel_map(channel, 4096);
    struct lc_map *third = channel_map(channel, 8192);
    lc_writer_turn_page(&channel->writer, second);
    channel->writer.max_alloc = 2000; /* for a message that did not fit: 4176 bytes, rounded up to 8192 */
    channel_put(channel, LC_PAGE_MAX_ALLOC, 8, 2000);
    lc_writer_turn_page(&channel->writer, third);
    assert_int_equal(lc_reader_next(&channel->reader, &channel->message), 0);
    assert_int_equal(channel->reader.pages, 2);
    channel->reader.initial_size = 0;
    channel->reader.max_alloc = 0;
    channel->writer.max_alloc = 100; /* a page of 4 KiB would be enough, but a reused page may be larger */
    channel_put(channel, LC_PAGE_MAX_ALLOC, 8, 100);
    lc_writer_turn_page(&channel->writer, first);
    assert_int_equal(lc_reader_next(&channel->reader, &channel->message), 0);
    assert_int_equal(channel->reader.pages, 3);
    channel->writer.max_alloc = 5000;
    channel_put(channel, LC_PAGE_MAX_ALLOC, 8, 5000);
    uint64_t slot = channel->writer.offset;
    lc_writer_turn_page(&channel->writer, third);
    expect_finding(channel, "EOP-4", slot + 40);
}

static void EOP_12_a_reused_page_is_fresh(void **state) {
    struct channel *channel = *state;
    struct lc_map *first = &channel->maps[0];
    lc_writer_turn_page(&channel->writer, channel_map(channel, 4096));
    assert_int_equal(lc_reader_next(&channel->reader, &channel->message), 0);
    struct lc_map *second = channel->writer.map;
    lc_writer_turn_page(&channel->writer, first);
    lc_put32(first->base, 48 + LC_MSG_TAG, 0x77);
    assert_int_equal(lc_reader_next(&channel->reader, &channel->message), -EPROTO);
    assert_string_equal(channel->reader.finding.requirement, "EOP-12");
    assert_int_equal(left(second), 0);
    lc_put32(first->base, 48 + LC_MSG_TAG, LC_TAG_UNSET);
    assert_int_equal(lc_reader_next(&channel->reader, &channel->message), 0);
}

static void overwritten_headers_are_ignored(void **state) {
    struct channel *channel = *state;
    channel->reader.ignore_header = true;
    struct lc_map *next = next_page(channel, 8192);
    lc_put32(next->base, LC_PAGE_SENDER_ID, 99);
    channel_put(channel, LC_PAGE_MAX_ALLOC, 8, UINT64_MAX);
    lc_writer_end_page(&channel->writer, &next->desc);
    assert_int_equal(lc_reader_next(&channel->reader, &channel->message), 0);
    assert_int_equal(channel->reader.pages, 1);
}

int main(void) {
#define CHANNEL_TEST(name) cmocka_unit_test_setup_teardown(name, channel_setup, channel_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(EOP_5_maps_joins_leaves),
        CHANNEL_TEST(peeking_does_not_follow_end_of_page),
        CHANNEL_TEST(waiting),
        CHANNEL_TEST(EOP_3_next_page_without_magic),
        CHANNEL_TEST(EOP_3_next_page_of_another_sender),
        CHANNEL_TEST(EOP_3_max_alloc_size_not_carried),
        CHANNEL_TEST(EOP_3_next_page_not_empty),
        CHANNEL_TEST(PAGE_4_next_page),
        CHANNEL_TEST(EOP_3_next_page_missing),
        CHANNEL_TEST(EOP_3_next_page_too_small),
        CHANNEL_TEST(EOP_1_a_wrong_size),
        CHANNEL_TEST(ID_1_an_unterminated_id),
        CHANNEL_TEST(EOP_10_its_own_page),
        CHANNEL_TEST(EOP_10_a_ring_of_pages),
        CHANNEL_TEST(EOP_2_lengths),
        CHANNEL_TEST(EOP_2_a_message_after_it),
        CHANNEL_TEST(PAGE_6_end_of_page_counts_128),
        CHANNEL_TEST(EOP_4_too_small),
        CHANNEL_TEST(EOP_4_too_large),
        CHANNEL_TEST(EOP_4_no_such_size),
        CHANNEL_TEST(EOP_4_reused_pages),
        CHANNEL_TEST(EOP_12_a_reused_page_is_fresh),
        CHANNEL_TEST(overwritten_headers_are_ignored),
    };
    return cmocka_run_group_tests_name("oracle turns", tests, NULL, NULL);
}
