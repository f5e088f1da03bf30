/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The checks of the page that a reader starts on. */
#include "test/oracle_channel.h"

/* Opens the channel's page again by this description and expects a violation. */
static void expect_refused(struct channel *channel, const struct lc_desc *desc, const char *requirement,
                           uint64_t offset) {
    struct lc_reader reader;
    struct lc_message message;
    uint16_t before = joined(&channel->maps[0]);
    assert_int_equal(lc_reader_open(&reader, LC_SYSV, desc, 0, true), -EPROTO);
    assert_string_equal(reader.finding.requirement, requirement);
    assert_int_equal(reader.finding.offset, offset);
    assert_non_null(reader.map.base);
    assert_int_equal(lc_reader_next(&reader, &message), -EINVAL);
    lc_reader_close(&reader);
    assert_int_equal(joined(&channel->maps[0]), before);
    assert_int_equal(left(&channel->maps[0]), 0);
}

static void RECV_6_joined_and_left(void **state) {
    struct channel *channel = *state;
    struct lc_reader reader;
    const struct lc_map *map = &channel->maps[0];
    assert_int_equal(joined(map), 1);
    assert_int_equal(lc_reader_open(&reader, LC_SYSV, &map->desc, 0, true), 0);
    assert_int_equal(joined(map), 2);
    assert_int_equal(left(map), 0);
    lc_reader_close(&reader);
    assert_int_equal(left(map), 1);
    assert_int_equal(lc_reader_open(&reader, LC_SYSV, &map->desc, 0, false), 0);
    assert_int_equal(joined(map), 2);
    lc_reader_close(&reader);
    assert_int_equal(left(map), 2);
    lc_reader_close(&reader);
    assert_int_equal(left(map), 2);
    assert_int_equal(lc_reader_next(&reader, &channel->message), -EINVAL);
}

static void opening_a_missing_map(void **state) {
    (void)state;
    struct lc_reader reader;
    struct lc_desc desc = lc_desc_of(4096, "/libafl_no_such_map");
    assert_int_equal(lc_reader_open(&reader, LC_POSIX, &desc, 0, true), -ENOENT);
    lc_reader_close(&reader);
}

static void PAGE_3_magic(void **state) {
    struct channel *channel = *state;
    channel_put(channel, LC_PAGE_MAGIC, 8, LC_MAGIC_GIVEN_UP);
    expect_refused(channel, &channel->maps[0].desc, "PAGE-3", LC_PAGE_MAGIC);
}

static void PAGE_3_too_small(void **state) {
    struct channel *channel = *state;
    struct lc_map *map = channel_map(channel, 87);
    lc_put64(map->base, LC_PAGE_MAGIC, LC_MAGIC);
    lc_put64(map->base, LC_PAGE_SIZE_TOTAL, 87 - 48);
    lc_put32(map->base, 48 + LC_MSG_TAG, LC_TAG_UNSET);
    expect_refused(channel, &map->desc, "PAGE-3", 0);
}

static void PAGE_4_size_total(void **state) {
    struct channel *channel = *state;
    channel_put(channel, LC_PAGE_SIZE_TOTAL, 8, FIRST_MAP - 47);
    expect_refused(channel, &channel->maps[0].desc, "PAGE-4", LC_PAGE_SIZE_TOTAL);
}

static void ID_2_a_description_with_a_wrong_size(void **state) {
    struct channel *channel = *state;
    struct lc_desc desc = channel->maps[0].desc;
    desc.size--;
    expect_refused(channel, &desc, "ID-2", 0);
}

static void PAGE_1_a_used_first_slot(void **state) {
    struct channel *channel = *state;
    const struct lc_desc *desc = &channel->maps[0].desc;
    channel_put(channel, 48 + LC_MSG_TAG, 4, 0);
    expect_refused(channel, desc, "PAGE-1", 48);
    channel_put(channel, 48 + LC_MSG_TAG, 4, LC_TAG_UNSET);
    channel_put(channel, 48 + LC_MSG_ID, 8, 1);
    expect_refused(channel, desc, "PAGE-1", 48);
    channel_put(channel, 48 + LC_MSG_ID, 8, 0);
    channel_put(channel, LC_PAGE_SIZE_USED, 8, 80);
    expect_refused(channel, desc, "PAGE-1", 48);
}

/* The first message is allocated or was cancelled: the page is valid, but not fresh. */
static void PAGE_1_an_allocated_message(void **state) {
    struct channel *channel = *state;
    struct lc_reader reader;
    lc_writer_prepare(&channel->writer, LC_TAG_UNINITIALIZED, 0, 0, 0);
    assert_int_equal(lc_reader_open(&reader, LC_SYSV, &channel->maps[0].desc, 0, true), 0);
    lc_reader_close(&reader);
    channel_put(channel, 48 + LC_MSG_ID, 8, 2);
    struct lc_desc desc = channel->maps[0].desc;
    assert_int_equal(lc_reader_open(&reader, LC_SYSV, &desc, 0, true), -EPROTO);
    assert_string_equal(reader.finding.requirement, "PAGE-1");
    lc_reader_close(&reader);
    channel_put(channel, 48 + LC_MSG_ID, 8, 1);
    lc_writer_commit(&channel->writer);
    assert_int_equal(lc_reader_open(&reader, LC_SYSV, &desc, 0, true), 0);
    lc_reader_close(&reader);
}

static void expect_not_fresh(struct channel *channel, unsigned field, unsigned bytes, uint64_t value) {
    struct lc_finding finding = {0};
    struct lc_map *map = &channel->maps[0];
    struct lc_writer again;
    lc_writer_start(&again, map, SENDER);
    assert_int_equal(lc_page_check_fresh(map, &finding), 0);
    channel_put(channel, field, bytes, value);
    assert_int_equal(lc_page_check_fresh(map, &finding), -EPROTO);
    assert_non_null(finding.requirement);
}

static void PAGE_1_each_field_of_a_fresh_page(void **state) {
    struct channel *channel = *state;
    expect_not_fresh(channel, LC_PAGE_JOINED, 2, 1);
    expect_not_fresh(channel, LC_PAGE_LEFT, 2, 1);
    expect_not_fresh(channel, LC_PAGE_CURRENT_MSG_ID, 8, 1);
    expect_not_fresh(channel, LC_PAGE_SIZE_USED, 8, 64);
    expect_not_fresh(channel, LC_PAGE_MAGIC, 8, 0);
    expect_not_fresh(channel, LC_PAGE_SIZE_TOTAL, 8, 0);
    expect_not_fresh(channel, 48 + LC_MSG_TAG, 4, 0);
    expect_not_fresh(channel, 48 + LC_MSG_ID, 8, 1);
}

int main(void) {
#define CHANNEL_TEST(name) cmocka_unit_test_setup_teardown(name, channel_setup, channel_teardown)
    const struct CMUnitTest tests[] = {
        CHANNEL_TEST(RECV_6_joined_and_left),
        cmocka_unit_test(opening_a_missing_map),
        CHANNEL_TEST(PAGE_3_magic),
        CHANNEL_TEST(PAGE_3_too_small),
        CHANNEL_TEST(PAGE_4_size_total),
        CHANNEL_TEST(ID_2_a_description_with_a_wrong_size),
        CHANNEL_TEST(PAGE_1_a_used_first_slot),
        CHANNEL_TEST(PAGE_1_an_allocated_message),
        CHANNEL_TEST(PAGE_1_each_field_of_a_fresh_page),
    };
    return cmocka_run_group_tests_name("oracle opening", tests, NULL, NULL);
}
