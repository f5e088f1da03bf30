/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The checks of messages: valid ones pass, and each kind of invalid one violates its requirement. */
#include "test/oracle_channel.h"

static void valid_messages_have_no_finding(void **state) {
    struct channel *channel = *state;
    const uint64_t lengths[] = {0, 1, 24, 40, 25, 88, 1024, 0};
    for (uint64_t i = 0; i < 8; i++) {
        assert_int_equal(lc_reader_next(&channel->reader, &channel->message), 0);
        uint64_t slot = channel_send(channel, lengths[i]);
        expect_message(channel, i + 1, lengths[i]);
        assert_int_equal(channel->message.offset, slot);
        assert_int_equal(channel->message.tag, TAG);
        assert_int_equal(channel->message.sender, SENDER);
        assert_ptr_equal(channel->message.payload, channel->reader.map.base + slot + 40);
        assert_null(channel->reader.finding.requirement);
    }
    assert_int_equal(channel->reader.max_alloc, 40 + 1048);
}

/* Changes one field of the second of two messages and expects a violation at that field. */
static void expect_violation(struct channel *channel, unsigned field, unsigned bytes, uint64_t value,
                             const char *requirement) {
    channel_send(channel, 30);
    expect_message(channel, 1, 30);
    uint64_t slot = lc_writer_prepare(&channel->writer, TAG, 0, 30, 1);
    lc_put32(channel->writer.map->base, slot + LC_MSG_BROKER, 77);
    channel_put(channel, slot + field, bytes, value);
    lc_writer_commit(&channel->writer);
    expect_finding(channel, requirement, slot + field);
}

static void MSG_4_a_skipped_id(void **state) {
    expect_violation(*state, LC_MSG_ID, 8, 3, "MSG-4");
}

static void MSG_4_a_repeated_id(void **state) {
    expect_violation(*state, LC_MSG_ID, 8, 1, "MSG-4");
}

static void MSG_1_64_bytes_too_long(void **state) {
    expect_violation(*state, LC_MSG_PADDED, 8, 88 + 64, "MSG-1");
}

static void MSG_1_not_a_multiple_of_64(void **state) {
    expect_violation(*state, LC_MSG_PADDED, 8, 30, "MSG-1");
}

static void MSG_5_longer_than_padded(void **state) {
    expect_violation(*state, LC_MSG_LEN, 8, 89, "MSG-5");
}

static void MSG_5_beyond_the_map(void **state) {
    expect_violation(*state, LC_MSG_PADDED, 8, FIRST_MAP, "MSG-5");
}

static void MSG_5_one_byte_beyond_the_map(void **state) {
    expect_violation(*state, LC_MSG_PADDED, 8, FIRST_MAP - 128 - 40 + 1, "MSG-5");
}

static void MSG_1_up_to_the_end_of_the_map(void **state) {
    expect_violation(*state, LC_MSG_PADDED, 8, FIRST_MAP - 128 - 40, "MSG-1");
}

static void MSG_5_a_length_that_overflows(void **state) {
    expect_violation(*state, LC_MSG_PADDED, 8, UINT64_MAX - 39, "MSG-5");
}

static void SEND_3_unset(void **state) {
    expect_violation(*state, LC_MSG_TAG, 4, LC_TAG_UNSET, "SEND-3");
}

static void SEND_3_uninitialized(void **state) {
    expect_violation(*state, LC_MSG_TAG, 4, LC_TAG_UNINITIALIZED, "SEND-3");
}

static void MSG_2_new_shm_client(void **state) {
    expect_violation(*state, LC_MSG_TAG, 4, LC_TAG_NEW_SHM_CLIENT, "MSG-2");
}

static void SEND_4_another_sender(void **state) {
    expect_violation(*state, LC_MSG_SENDER, 4, SENDER + 1, "SEND-4");
}

static void RECV_3_exiting_with_a_payload(void **state) {
    struct channel *channel = *state;
    uint64_t slot = lc_writer_send(&channel->writer, LC_TAG_EXITING, 0, 1, 0);
    expect_finding(channel, "RECV-3", slot + LC_MSG_LEN);
}

static void RECV_3_exiting_is_a_message(void **state) {
    struct channel *channel = *state;
    lc_writer_send(&channel->writer, LC_TAG_EXITING, 0, 0, 0);
    expect_message(channel, 1, 0);
    lc_writer_send(&channel->writer, LC_TAG_CLIENT_EXIT, 0, 8, 0);
    expect_message(channel, 2, 8);
}

/* ---------------------------------------------------------------- the page header */

static void SEND_3_current_msg_id_decreases(void **state) {
    struct channel *channel = *state;
    channel_send(channel, 0);
    channel_send(channel, 0);
    expect_message(channel, 1, 0);
    expect_message(channel, 2, 0);
    lc_set_current_msg_id(channel->writer.map->base, 1);
    expect_finding(channel, "SEND-3", LC_PAGE_CURRENT_MSG_ID);
}

static void MSG_4_current_msg_id_ahead(void **state) {
    struct channel *channel = *state;
    uint64_t slot = channel_send(channel, 0) + 80;
    lc_set_current_msg_id(channel->writer.map->base, 2);
    expect_message(channel, 1, 0);
    expect_finding(channel, "MSG-4", slot + LC_MSG_ID);
}

static void PAGE_6_size_used_too_small(void **state) {
    struct channel *channel = *state;
    channel_send(channel, 0);
    channel_put(channel, LC_PAGE_SIZE_USED, 8, 79);
    expect_finding(channel, "PAGE-6", LC_PAGE_SIZE_USED);
    channel_put(channel, LC_PAGE_SIZE_USED, 8, 80 + 64); /* the next message may be allocated */
    expect_message(channel, 1, 0);
}

static void max_alloc_size_too_small(void **state) {
    struct channel *channel = *state;
    channel_send(channel, 0);
    channel_put(channel, LC_PAGE_MAX_ALLOC, 8, 79);
    expect_finding(channel, "EOP-3", LC_PAGE_MAX_ALLOC);
    channel_put(channel, LC_PAGE_MAX_ALLOC, 8, 80);
    expect_message(channel, 1, 0);
    channel_send(channel, 0);
    channel_put(channel, LC_PAGE_MAX_ALLOC, 8, 79); /* enough for this message, not for the previous one */
    expect_finding(channel, "EOP-3", LC_PAGE_MAX_ALLOC);
}

/* After a case has overwritten the header, its fields are not checked. */
static void overwritten_headers_are_ignored(void **state) {
    struct channel *channel = *state;
    channel_send(channel, 0);
    channel_put(channel, LC_PAGE_SIZE_USED, 8, 0);
    channel_put(channel, LC_PAGE_MAX_ALLOC, 8, 0);
    channel_put(channel, LC_PAGE_SENDER_ID, 4, 99);
    channel->reader.ignore_header = true;
    expect_message(channel, 1, 0);
}

/* The slot of the second message may have 4096 − 48 − 80 − 128 bytes; the rest is for END_OF_PAGE. */
static void SEND_1_room_for_end_of_page(void **state) {
    struct channel *channel = *state;
    channel_send(channel, 0);
    expect_message(channel, 1, 0);
    assert_true(lc_writer_fits(&channel->writer, 3800));
    assert_false(lc_writer_fits(&channel->writer, 3801));
    struct lc_writer before = channel->writer;
    channel_send(channel, 3800);
    expect_message(channel, 2, 3800);
    channel->writer = before;
    channel->reader.offset = 128;
    channel->reader.last_id = 1;
    uint64_t slot = channel_send(channel, 3801);
    expect_finding(channel, "SEND-1", slot);
}

/* No END_OF_PAGE follows EXITING, so it may take its room. */
static void EXITING_on_a_full_page(void **state) {
    struct channel *channel = *state;
    channel_send(channel, 0);
    channel_send(channel, 3800);
    expect_message(channel, 1, 0);
    expect_message(channel, 2, 3800);
    assert_false(lc_writer_fits(&channel->writer, 0));
    lc_writer_send(&channel->writer, LC_TAG_EXITING, 0, 0, 0);
    assert_int_equal(lc_reader_next(&channel->reader, &channel->message), 1);
    assert_int_equal(channel->message.tag, LC_TAG_EXITING);
}

static void messages_up_to_and_beyond_the_end_of_the_map(void **state) {
    struct channel *channel = *state;
    uint64_t slot = lc_writer_prepare(&channel->writer, TAG, 0, 4096 - 48 - 40, 0);
    lc_set_current_msg_id(channel->writer.map->base, 2);
    expect_finding(channel, "SEND-1", slot);
    channel->reader.offset = 4096 - 39;
    channel->reader.last_id = 1;
    expect_finding(channel, "MSG-5", LC_PAGE_CURRENT_MSG_ID);
}

static void ID_4_a_truncated_segment(void **state) {
    (void)state;
    struct lc_map map;
    struct lc_writer writer;
    struct lc_reader reader;
    struct lc_message message;
    assert_int_equal(lc_map_create(LC_POSIX, 8192, &map), 0);
    lc_writer_start(&writer, &map, SENDER);
    assert_int_equal(lc_reader_open(&reader, LC_POSIX, &map.desc, 0, true), 0);
    assert_int_equal(lc_map_truncate(&map, 0), 0);
    assert_int_equal(lc_reader_next(&reader, &message), -EPROTO);
    assert_string_equal(reader.finding.requirement, "ID-4");
    FILE *out = fopen("/dev/null", "w");
    lc_page_show(out, &reader.map, reader.finding.offset);
    (void)fclose(out);
    lc_reader_close(&reader);
    lc_map_close(&map);
}

/* ---------------------------------------------------------------- a broker's broadcast */

static void forward(struct channel *channel, uint32_t tag, uint64_t longer) {
    struct lc_writer *writer = &channel->writer;
    uint64_t slot = lc_writer_prepare(writer, tag, 0, 10, 0);
    channel_put(channel, slot + LC_MSG_SENDER, 4, 3);
    channel_put(channel, slot + LC_MSG_PADDED, 8, lc_padded(slot, 10) + longer);
    writer->offset += longer;
    channel_put(channel, LC_PAGE_SIZE_USED, 8, writer->offset - 48);
    channel_put(channel, LC_PAGE_MAX_ALLOC, 8, 1000);
    lc_writer_commit(writer);
}

static void BROKER_7_64_bytes_longer(void **state) {
    struct channel *channel = *state;
    channel->reader.is_broadcast = true;
    forward(channel, TAG, 0);
    forward(channel, TAG, 64);
    forward(channel, TAG, 0);
    for (uint64_t id = 1; id <= 3; id++) {
        expect_message(channel, id, 10);
        assert_int_equal(channel->message.sender, 3);
    }
    forward(channel, TAG, 128);
    expect_finding(channel, "BROKER-7", channel->reader.offset + LC_MSG_PADDED);
}

static void BROKER_7_not_a_multiple_of_64(void **state) {
    struct channel *channel = *state;
    channel->reader.is_broadcast = true;
    forward(channel, TAG, 8);
    expect_finding(channel, "BROKER-7", 48 + LC_MSG_PADDED);
}

static void BROKER_4_reserved_tags(void **state) {
    struct channel *channel = *state;
    channel->reader.is_broadcast = true;
    const uint32_t tags[] = {LC_TAG_EXITING, LC_TAG_CLIENT_EXIT, LC_TAG_NEW_SHM_CLIENT, LC_TAG_SLOW_RECEIVER,
                             LC_TAG_END_OF_PAGE};
    forward(channel, TAG, 0);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        channel_put(channel, 48, 4, tags[i]);
        expect_finding(channel, "BROKER-4", 48);
    }
    lc_writer_send(&channel->writer, LC_TAG_EXITING, 0, 0, 0);
    channel_put(channel, 48, 4, TAG);
    expect_message(channel, 1, 10);
    expect_message(channel, 2, 0);
    assert_int_equal(channel->message.tag, LC_TAG_EXITING);
}

/* ---------------------------------------------------------------- sums */

static void PAGE_6_the_sum_of_the_slots(void **state) {
    struct channel *channel = *state;
    struct lc_map *map = &channel->maps[0];
    struct lc_finding finding = {0};
    assert_int_equal(lc_page_check_used(map, &finding), 0);
    channel_send(channel, 100);
    channel_send(channel, 3);
    assert_int_equal(lc_page_check_used(map, &finding), 0);
    lc_writer_prepare(&channel->writer, TAG, 0, 0, 0);
    assert_int_equal(lc_page_check_used(map, &finding), -EPROTO);
    assert_string_equal(finding.requirement, "PAGE-6");
    lc_writer_commit(&channel->writer);
    lc_writer_end_page(&channel->writer, &map->desc);
    assert_int_equal(lc_page_check_used(map, &finding), 0);
    lc_set_current_msg_id(map->base, 1000000);
    assert_int_equal(lc_page_check_used(map, &finding), -EPROTO);
    assert_string_equal(finding.requirement, "RECV-0");
}

/* A sum that wraps around would place the next slot eight bytes further. */
static void PAGE_6_a_length_that_overflows(void **state) {
    struct channel *channel = *state;
    struct lc_finding finding = {0};
    channel_send(channel, 0);
    channel_put(channel, 48 + LC_MSG_PADDED, 8, UINT64_MAX - 31);
    assert_int_equal(lc_page_check_used(&channel->maps[0], &finding), -EPROTO);
    assert_string_equal(finding.requirement, "RECV-0");
    assert_int_equal(finding.offset, 48);
}

int main(void) {
#define CHANNEL_TEST(name) cmocka_unit_test_setup_teardown(name, channel_setup, channel_teardown)
    const struct CMUnitTest tests[] = {
        CHANNEL_TEST(valid_messages_have_no_finding),
        CHANNEL_TEST(MSG_4_a_skipped_id),
        CHANNEL_TEST(MSG_4_a_repeated_id),
        CHANNEL_TEST(MSG_1_64_bytes_too_long),
        CHANNEL_TEST(MSG_1_not_a_multiple_of_64),
        CHANNEL_TEST(MSG_5_longer_than_padded),
        CHANNEL_TEST(MSG_5_beyond_the_map),
        CHANNEL_TEST(MSG_5_one_byte_beyond_the_map),
        CHANNEL_TEST(MSG_1_up_to_the_end_of_the_map),
        CHANNEL_TEST(MSG_5_a_length_that_overflows),
        CHANNEL_TEST(SEND_3_unset),
        CHANNEL_TEST(SEND_3_uninitialized),
        CHANNEL_TEST(MSG_2_new_shm_client),
        CHANNEL_TEST(SEND_4_another_sender),
        CHANNEL_TEST(RECV_3_exiting_with_a_payload),
        CHANNEL_TEST(RECV_3_exiting_is_a_message),
        CHANNEL_TEST(SEND_3_current_msg_id_decreases),
        CHANNEL_TEST(MSG_4_current_msg_id_ahead),
        CHANNEL_TEST(PAGE_6_size_used_too_small),
        CHANNEL_TEST(max_alloc_size_too_small),
        CHANNEL_TEST(overwritten_headers_are_ignored),
        CHANNEL_TEST(SEND_1_room_for_end_of_page),
        CHANNEL_TEST(EXITING_on_a_full_page),
        CHANNEL_TEST(messages_up_to_and_beyond_the_end_of_the_map),
        cmocka_unit_test(ID_4_a_truncated_segment),
        CHANNEL_TEST(BROKER_7_64_bytes_longer),
        CHANNEL_TEST(BROKER_7_not_a_multiple_of_64),
        CHANNEL_TEST(BROKER_4_reserved_tags),
        CHANNEL_TEST(PAGE_6_the_sum_of_the_slots),
        CHANNEL_TEST(PAGE_6_a_length_that_overflows),
    };
    return cmocka_run_group_tests_name("oracle slots", tests, NULL, NULL);
}
