/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The oracle's arithmetic, the bytes that its writer produces, and the dump of a page. */
#include "test/oracle_channel.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oracle/payload.h"
#include "test/oracle_process.h"

#define MIB ((uint64_t)1 << 20)

/* ---------------------------------------------------------------- arithmetic */

static void MSG_1_padding(void **state) {
    (void)state;
    const uint64_t cases[][3] = {/* offset, length, padded */
                                 {48, 0, 40},   {48, 40, 40},  {48, 41, 104},    {128, 0, 24},
                                 {128, 24, 24}, {128, 25, 88}, {192, 1024, 1048}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(lc_padded(cases[i][0], cases[i][1]), cases[i][2]);
    }
    for (uint64_t length = 0; length < 300; length++) {
        uint64_t padded = lc_padded(192, length);
        assert_true(padded >= length && padded < length + 64 && (192 + 40 + padded) % 64 == 0);
    }
    assert_true(lc_padded(128, UINT64_MAX) == UINT64_MAX);
    assert_true(lc_padded(128, UINT64_MAX - 168 - 63) == UINT64_MAX - 63 - 168);
    assert_true(lc_padded(128, UINT64_MAX - 168 - 62) == UINT64_MAX);
    assert_true(lc_padded(UINT64_MAX, 0) == UINT64_MAX);
}

static void SEND_1_messages_that_fit(void **state) {
    (void)state;
    assert_true(lc_fits(80 + 128, 0, 40));
    assert_false(lc_fits(80 + 127, 0, 40));
    assert_false(lc_fits(80 + 128, 0, 41));
    assert_true(lc_fits(4048, 80, 4048 - 80 - 128 - 40));
    assert_false(lc_fits(4048, 80, 4048 - 80 - 128 - 40 + 1));
    assert_false(lc_fits(4048, 4049, 0));
    assert_false(lc_fits(4048, 0, UINT64_MAX));
    assert_false(lc_fits(UINT64_MAX, UINT64_MAX, 0));
    assert_false(lc_fits(100, 0, 0));
}

static void EOP_4_sizes(void **state) {
    (void)state;
    assert_int_equal(lc_next_size(0, MIB), MIB);
    assert_int_equal(lc_next_size((MIB - 176) / 2, MIB), MIB);
    assert_int_equal(lc_next_size((MIB - 176) / 2 + 1, MIB), 2 * MIB);
    assert_int_equal(lc_next_size(0, MIB + 1), MIB);
    assert_int_equal(lc_next_size(0, MIB + 2), 2 * MIB);
    assert_int_equal(lc_next_size(0, 0), 256);
    assert_true(lc_next_size((UINT64_C(1) << 62) - 88, 0) == UINT64_C(1) << 63);
    assert_true(lc_next_size((UINT64_C(1) << 62) - 87, 0) == 0);
    assert_true(lc_next_size(UINT64_MAX, 0) == 0);
    assert_true(lc_next_size(0, UINT64_MAX) == 0);
}

static void MSG_2_reserved_tags(void **state) {
    (void)state;
    assert_true(lc_tag_is_internal(0xDEADAF));
    assert_true(lc_tag_is_internal(0xA143AF11));
    assert_true(lc_tag_is_internal(0x0AF1E0F1));
    assert_true(lc_tag_is_internal(0x0C11E471));
    assert_false(lc_tag_is_internal(0x0C11E472));
    assert_false(lc_tag_is_internal(0));
    assert_string_equal(lc_tag_name(0x0C11E472), "CLIENT_EXIT");
    assert_string_equal(lc_tag_name(0x013C5171), "EXITING");
    assert_string_equal(lc_tag_name(0x70051041), "SLOW_RECEIVER");
    assert_null(lc_tag_name(TAG));
}

static void fields_at_any_offset(void **state) {
    (void)state;
    _Alignas(8) uint8_t bytes[24] = {0};
    for (size_t offset = 0; offset < 16; offset++) {
        lc_put64(bytes, offset, UINT64_C(0x1122334455667788));
        assert_true(lc_get64(bytes, offset) == UINT64_C(0x1122334455667788));
        assert_int_equal(lc_get32(bytes, offset), 0x55667788);
        lc_put16(bytes, offset, 0xABCD);
        assert_int_equal(lc_get16(bytes, offset), 0xABCD);
        lc_put32(bytes, offset, 0xDEADBEEF);
        assert_int_equal(lc_get32(bytes, offset), 0xDEADBEEF);
        assert_int_equal(lc_get32(bytes, offset + 4), 0x11223344);
    }
}

/* ---------------------------------------------------------------- the writer's bytes, at the offsets of SPEC.md */

static uint64_t number(const uint8_t *at, unsigned bytes) {
    uint64_t value = 0;
    memcpy(&value, at, bytes);
    return value;
}

static void PAGE_1_an_initialised_page(void **state) {
    struct channel *channel = *state;
    struct lc_map *map = channel_map(channel, 8192);
    struct lc_writer writer;
    struct lc_finding finding = {0};
    memset(map->base, 0xAA, map->size);
    lc_writer_start(&writer, map, 0x01020304);
    assert_true(number(map->base, 8) == UINT64_C(0x1A1A1A1A1A1A1AF1));
    assert_int_equal(number(map->base + 8, 4), 0x01020304);
    assert_int_equal(number(map->base + 12, 4), 0);
    assert_int_equal(number(map->base + 16, 8), 0);
    assert_int_equal(number(map->base + 24, 8), 8192 - 48);
    assert_int_equal(number(map->base + 32, 8), 0);
    assert_int_equal(number(map->base + 40, 8), 0);
    assert_int_equal(number(map->base + 48, 4), 0xDEADAF);
    assert_int_equal(number(map->base + 48 + 16, 8), 0);
    assert_int_equal(map->base[48 + 8], 0xAA);
    assert_int_equal(lc_page_check_fresh(map, &finding), 0);
}

static void SEND_3_a_message_is_visible_after_its_commit(void **state) {
    struct channel *channel = *state;
    const uint8_t *page = channel->maps[0].base;
    uint64_t slot = lc_writer_prepare(&channel->writer, TAG, 5, 3, 99);
    assert_int_equal(slot, 48);
    assert_int_equal(number(page + 16, 8), 0);
    assert_int_equal(number(page + 32, 8), 80);
    lc_writer_commit(&channel->writer);
    uint8_t payload[3];
    lc_payload_fill(payload, 3, 99);
    assert_int_equal(number(page + 16, 8), 1);
    assert_int_equal(number(page + 40, 8), 80);
    assert_int_equal(number(page + 48, 4), TAG);
    assert_int_equal(number(page + 52, 4), SENDER);
    assert_int_equal(number(page + 56, 4), 0);
    assert_int_equal(number(page + 60, 4), 5);
    assert_int_equal(number(page + 64, 8), 1);
    assert_int_equal(number(page + 72, 8), 3);
    assert_int_equal(number(page + 80, 8), 40);
    assert_memory_equal(page + 88, payload, 3);
    assert_int_equal(number(page + 128, 4), 0xDEADAF);
    assert_int_equal(lc_writer_send(&channel->writer, TAG, 0, 25, 0), 128);
    assert_int_equal(number(page + 128 + 32, 8), 88);
    assert_int_equal(number(page + 32, 8), 80 + 128);
    assert_int_equal(number(page + 40, 8), 128);
    assert_int_equal(number(page + 16, 8), 2);
}

static void several_messages_are_committed_at_once(void **state) {
    struct channel *channel = *state;
    lc_writer_prepare_bytes(&channel->writer, TAG, 0, "one", 3);
    lc_writer_prepare_bytes(&channel->writer, TAG, 0, NULL, 0);
    assert_int_equal(lc_reader_next(&channel->reader, &channel->message), 0);
    lc_writer_commit(&channel->writer);
    expect_message(channel, 1, 3);
    assert_memory_equal(channel->message.payload, "one", 3);
    expect_message(channel, 2, 0);
}

static void EOP_1_and_2_end_of_page(void **state) {
    struct channel *channel = *state;
    const uint8_t *page = channel->maps[0].base;
    struct lc_desc desc = lc_desc_of(0x12345, "678");
    struct lc_desc parsed;
    channel_send(channel, 0);
    assert_int_equal(lc_writer_end_page(&channel->writer, &desc), 128);
    assert_int_equal(number(page + 128, 4), 0x0AF1E0F1);
    assert_int_equal(number(page + 128 + 16, 8), 2);
    assert_int_equal(number(page + 128 + 24, 8), 32);
    assert_int_equal(number(page + 128 + 32, 8), 32);
    assert_int_equal(number(page + 128 + 40, 8), 0x12345);
    assert_memory_equal(page + 128 + 48, "678\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    assert_int_equal(number(page + 16, 8), 2);
    assert_int_equal(number(page + 32, 8), 80 + 128);
    lc_eop_parse(page + 128 + 40, &parsed);
    assert_int_equal(parsed.size, 0x12345);
    assert_memory_equal(parsed.id, desc.id, LC_ID_BYTES);
}

static void EOP_3_turning(void **state) {
    struct channel *channel = *state;
    struct lc_map *next = channel_map(channel, 4096);
    channel_send(channel, 500);
    assert_true(lc_writer_fits(&channel->writer, 3000));
    assert_false(lc_writer_fits(&channel->writer, 3400));
    lc_writer_turn_page(&channel->writer, next);
    assert_ptr_equal(channel->writer.map, next);
    assert_int_equal(number(next->base + 8, 4), SENDER);
    assert_int_equal(number(next->base + 40, 8), 592);
    assert_int_equal(number(channel->maps[0].base + 16, 8), 2);
    assert_int_equal(channel_send(channel, 0), 48);
    assert_int_equal(number(next->base + 16, 8), 1);
}

static void send_too_much(void *argument) {
    struct channel *channel = argument;
    (void)close(STDERR_FILENO);
    (void)signal(SIGABRT, SIG_DFL);
    lc_writer_prepare(&channel->writer, TAG, 0, FIRST_MAP - 48 - 40 + 1, 0);
}

/* A test that writes outside the map is wrong and must not continue. */
static void the_writer_aborts_outside_the_map(void **state) {
    int status = run_in_child(send_too_much, *state);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void turn_to_a_read_only_page(void *argument) {
    struct channel *channel = argument;
    struct lc_map *next = &channel->maps[1];
    (void)close(STDERR_FILENO);
    (void)signal(SIGSEGV, SIG_DFL);
    (void)mprotect(next->base, next->size, PROT_READ);
    lc_writer_turn_page(&channel->writer, next);
}

/* The child is killed while it initialises the next page. It must not have named that page yet. */
static void EOP_3_the_next_page_is_initialised_first(void **state) {
    struct channel *channel = *state;
    channel_map(channel, 4096);
    assert_int_not_equal(run_in_child(turn_to_a_read_only_page, channel), 0);
    assert_int_equal(lc_current_msg_id(channel->maps[0].base), 0);
}

/* ---------------------------------------------------------------- showing */

/* Returns the dump, valid until the next call. */
static const char *dump(const struct lc_map *map, uint64_t offset) {
    static char text[8192];
    FILE *out = fmemopen(text, sizeof text, "w");
    lc_page_show(out, map, offset);
    (void)fclose(out);
    return text;
}

static size_t count(const char *text, const char *part) {
    size_t times = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        times++;
    }
    return times;
}

/* Fails unless exactly one line is marked, and contains `words`. */
static void assert_marked(const struct lc_map *map, uint64_t offset, const char *words) {
    const char *text = dump(map, offset);
    const char *line = strstr(text, "\n>");
    assert_int_equal(count(text, "\n>"), 1);
    const char *found = strstr(line, words);
    assert_non_null(found);
    assert_true(found < strchr(line + 1, '\n'));
    assert_true(count(text, "\n") <= 25);
}

static void a_page_is_shown_around_an_offset(void **state) {
    struct channel *channel = *state;
    struct lc_map *map = &channel->maps[0];
    for (int i = 0; i < 10; i++) {
        lc_writer_prepare_bytes(&channel->writer, TAG + i, 0, "payload of it", 13);
    }
    lc_writer_commit(&channel->writer);
    uint64_t slot = lc_writer_end_page(&channel->writer, &map->desc);
    assert_marked(map, 0, "magic");
    assert_marked(map, 14, "receivers_left_count    0");
    assert_marked(map, 40, "max_alloc_size          80");
    assert_marked(map, 48, "0x1234");
    assert_marked(map, 128 + 16, "message_id              2");
    assert_marked(map, 128 + 39, "buf_len_padded          24");
    assert_marked(map, 192 + 40 + 20, "70 61 79 6c 6f 61 64 20 6f 66 20 69 74 00 00 00  payload of it...");
    assert_marked(map, slot, "END_OF_PAGE");
    assert_marked(map, slot + 40 + 31, "payload");
    const char *text = dump(map, 192);
    assert_int_equal(count(text, "message 2: tag 0x1235, sender 7, 13 bytes in 24"), 1);
    assert_int_equal(count(text, "message 4: "), 1);
    assert_int_equal(count(text, "message 7: "), 0);
}

static void invalid_pages_are_shown(void **state) {
    struct channel *channel = *state;
    struct lc_map *map = &channel->maps[0];
    channel_send(channel, 0);
    channel_put(channel, 48 + LC_MSG_PADDED, 8, UINT64_MAX);
    assert_marked(map, 48 + LC_MSG_PADDED, "buf_len_padded          18446744073709551615");
    dump(map, UINT64_MAX);
    dump(map, 4095);
    struct lc_map small = {.fd = -1, .base = map->base, .size = 20};
    const char *text = dump(&small, 0);
    assert_int_equal(count(text, "no room"), 1);
    struct lc_map none = {.fd = -1};
    dump(&none, 0);
}

int main(void) {
#define CHANNEL_TEST(name) cmocka_unit_test_setup_teardown(name, channel_setup, channel_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(MSG_1_padding),
        cmocka_unit_test(SEND_1_messages_that_fit),
        cmocka_unit_test(EOP_4_sizes),
        cmocka_unit_test(MSG_2_reserved_tags),
        cmocka_unit_test(fields_at_any_offset),
        CHANNEL_TEST(PAGE_1_an_initialised_page),
        CHANNEL_TEST(SEND_3_a_message_is_visible_after_its_commit),
        CHANNEL_TEST(several_messages_are_committed_at_once),
        CHANNEL_TEST(EOP_1_and_2_end_of_page),
        CHANNEL_TEST(EOP_3_turning),
        CHANNEL_TEST(the_writer_aborts_outside_the_map),
        CHANNEL_TEST(EOP_3_the_next_page_is_initialised_first),
        CHANNEL_TEST(a_page_is_shown_around_an_offset),
        CHANNEL_TEST(invalid_pages_are_shown),
    };
    return cmocka_run_group_tests_name("oracle page", tests, NULL, NULL);
}
