/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The oracle's postcard and payloads, compared with the test vectors of SPEC.md (section 13) and ADAPTER.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "oracle/payload.h"
#include "oracle/post.h"

#define D                                                                                                              \
    "\x80\x80\x40"                                                                                                     \
    "123456"                                                                                                           \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

enum direction { REQUEST, RESPONSE, SERVICE };

static const struct {
    enum direction direction;
    const char *bytes;
    size_t length;
    struct lc_tcp_message message;
} vectors[] = {
#define BYTES(text) (text), sizeof(text) - 1
#define DESC .desc = {.size = 1048576, .id = "123456"}
    {RESPONSE, BYTES("\x00" D "\x04host"), {.kind = LC_BROKER_CONNECT_HELLO, DESC, .text = "host", .text_length = 4}},
    {REQUEST, BYTES("\x00" D), {.kind = LC_LOCAL_CLIENT_HELLO, DESC}},
    {RESPONSE, BYTES("\x01\x01"), {.kind = LC_LOCAL_CLIENT_ACCEPTED, .id = 1}},
    {REQUEST,
     BYTES("\x01\x01"
           "a"),
     {.kind = LC_REMOTE_BROKER_HELLO, .text = "a", .text_length = 1}},
    {RESPONSE, BYTES("\x02\x02"), {.kind = LC_REMOTE_BROKER_ACCEPTED, .id = 2}},
    {REQUEST, BYTES("\x02\x03"), {.kind = LC_CLIENT_QUIT, .id = 3}},
    {RESPONSE, BYTES("\x03\x01x"), {.kind = LC_ERROR, .text = "x", .text_length = 1}},
    {SERVICE, BYTES("\x03"), {.kind = LC_HELLO}},
    {SERVICE, BYTES("\x00\x80\x20"), {.kind = LC_NEW_MAP, .size = 4096}},
    {SERVICE, BYTES("\x01" D), {.kind = LC_EXISTING_MAP, DESC}},
    {SERVICE, BYTES("\x02\x0e"), {.kind = LC_DEREGISTER, .number = 7}},
    {SERVICE, BYTES("\x04"), {.kind = LC_PRE_FORK}},
    {SERVICE, BYTES("\x05\x01"), {.kind = LC_POST_FORK_CHILD_HELLO, .number = -1}},
    {SERVICE, BYTES("\x06"), {.kind = LC_EXIT}},
};
enum { VECTORS = sizeof vectors / sizeof vectors[0] };

static size_t encode(size_t i, uint8_t *out, size_t capacity) {
    switch (vectors[i].direction) {
    case REQUEST: return lc_request_encode(out, capacity, &vectors[i].message);
    case RESPONSE: return lc_response_encode(out, capacity, &vectors[i].message);
    default: return lc_service_encode(out, capacity, &vectors[i].message);
    }
}

static bool decode(enum direction direction, const void *bytes, size_t length, struct lc_tcp_message *message) {
    switch (direction) {
    case REQUEST: return lc_request_decode(bytes, length, message);
    case RESPONSE: return lc_response_decode(bytes, length, message);
    default: return lc_service_decode(bytes, length, message);
    }
}

static void assert_message(const struct lc_tcp_message *seen, const struct lc_tcp_message *wanted) {
    assert_int_equal(seen->kind, wanted->kind);
    assert_int_equal(seen->desc.size, wanted->desc.size);
    assert_memory_equal(seen->desc.id, wanted->desc.id, LC_ID_BYTES);
    assert_int_equal(seen->id, wanted->id);
    assert_int_equal(seen->number, wanted->number);
    assert_int_equal(seen->size, wanted->size);
    assert_string_equal(seen->text, wanted->text);
    assert_int_equal(seen->text_length, wanted->text_length);
}

static void POST_2_3_6_vectors_encode(void **state) {
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        uint8_t out[64];
        assert_int_equal(encode(i, out, sizeof out), vectors[i].length);
        assert_memory_equal(out, vectors[i].bytes, vectors[i].length);
    }
}

static void POST_2_3_6_vectors_decode(void **state) {
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        struct lc_tcp_message message;
        assert_true(decode(vectors[i].direction, vectors[i].bytes, vectors[i].length, &message));
        assert_message(&message, &vectors[i].message);
    }
}

static void POST_7_truncated_values_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        for (size_t length = 0; length < vectors[i].length; length++) {
            struct lc_tcp_message message;
            uint8_t out[64];
            assert_false(decode(vectors[i].direction, vectors[i].bytes, length, &message));
            assert_int_equal(encode(i, out, length), 0);
        }
    }
}

static void POST_7_bytes_after_the_value_are_accepted(void **state) {
    (void)state;
    struct lc_tcp_message message;
    assert_true(decode(REQUEST, "\x02\x03\xFF", 3, &message));
    assert_int_equal(message.id, 3);
    assert_true(decode(SERVICE, "\x06\x06\x06", 3, &message));
}

static void POST_7_unknown_kinds_are_refused(void **state) {
    (void)state;
    struct lc_tcp_message message = {.kind = LC_REQUESTS};
    uint8_t out[64];
    assert_int_equal(lc_request_encode(out, sizeof out, &message), 0);
    assert_false(decode(REQUEST, "\x03\x00\x00", 3, &message));
    assert_false(decode(RESPONSE, "\x04\x00\x00", 3, &message));
    assert_false(decode(SERVICE, "\x07", 1, &message));
    assert_false(decode(SERVICE, "\x83\x80\x80\x80\x10", 5, &message)); /* 2^32 + 3 */
}

/* ---------------------------------------------------------------- numbers */

static bool take(const void *bytes, size_t length, unsigned bits, uint64_t *value) {
    struct lc_bytes in = {.at = (uint8_t *)bytes, .length = length};
    *value = lc_post_take_varint(&in, bits);
    return !in.bad && in.length == 0;
}

static void POST_1_varints(void **state) {
    (void)state;
    const uint64_t values[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};
    const size_t lengths[] = {1, 1, 1, 2, 2, 3, 5, 5, 10};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t bytes[10];
        uint64_t seen;
        struct lc_bytes out = {.at = bytes, .capacity = sizeof bytes};
        lc_post_put_varint(&out, values[i]);
        assert_int_equal(out.length, lengths[i]);
        assert_true(take(bytes, out.length, 64, &seen));
        assert_true(seen == values[i]);
        assert_int_equal(take(bytes, out.length, 32, &seen), values[i] <= UINT32_MAX);
    }
}

static void POST_7_long_varints(void **state) {
    (void)state;
    uint64_t seen;
    assert_true(take("\x81\x80\x80\x80\x00", 5, 32, &seen));
    assert_int_equal(seen, 1);
    assert_true(take("\xFF\xFF\xFF\xFF\x0F", 5, 32, &seen));
    assert_int_equal(seen, UINT32_MAX);
    assert_false(take("\xFF\xFF\xFF\xFF\x1F", 5, 32, &seen));
    assert_false(take("\x81\x80\x80\x80\x80\x00", 6, 32, &seen));
    assert_true(take("\x81\x80\x80\x80\x80\x80\x80\x80\x80\x01", 10, 64, &seen));
    assert_true(seen == (UINT64_C(1) << 63 | 1));
    assert_false(take("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02", 10, 64, &seen));
    assert_false(take("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11, 64, &seen));
    assert_false(take("\x80", 1, 64, &seen));
}

static void POST_1_zigzag(void **state) {
    (void)state;
    const int32_t values[] = {0, -1, 1, -2, 63, -64, INT32_MAX, INT32_MIN};
    const uint64_t zigzags[] = {0, 1, 2, 3, 126, 127, UINT32_MAX - 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t bytes[10];
        struct lc_bytes out = {.at = bytes, .capacity = sizeof bytes};
        lc_post_put_i32(&out, values[i]);
        struct lc_bytes in = {.at = bytes, .length = out.length};
        struct lc_bytes again = in;
        assert_true(lc_post_take_varint(&in, 64) == zigzags[i]);
        assert_int_equal(lc_post_take_i32(&again), values[i]);
    }
}

/* ---------------------------------------------------------------- strings and bytes */

static void POST_7_utf8(void **state) {
    (void)state;
    const char *good[] = {"",
                          "plain",
                          "\xC2\x80",
                          "\xDF\xBF",
                          "\xE0\xA0\x80",
                          "\xED\x9F\xBF",
                          "\xEE\x80\x80",
                          "\xF0\x90\x80\x80",
                          "\xF4\x8F\xBF\xBF"};
    const char *bad[] = {"\x80",
                         "\xC0\x80",
                         "\xC1\xBF",
                         "\xC2",
                         "\xC2\x41",
                         "\xE0\x9F\xBF",
                         "\xED\xA0\x80",
                         "\xED\xBF\xBF",
                         "\xE2\x82",
                         "\xF0\x8F\xBF\xBF",
                         "\xF4\x90\x80\x80",
                         "\xF5\x80\x80\x80",
                         "\xF8\x88\x80\x80\x80",
                         "\xFF",
                         "ok\xFE"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(lc_utf8((const uint8_t *)good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(lc_utf8((const uint8_t *)bad[i], strlen(bad[i])));
    }
    struct lc_tcp_message message;
    assert_false(decode(REQUEST, "\x01\x01\xFF", 3, &message));
}

/* 254 letters and "é": the buffer has room for only the first byte of "é". */
static void POST_3_long_strings_are_truncated_between_characters(void **state) {
    (void)state;
    uint8_t body[3 + 254 + 2] = {0x03, 0x80, 0x02};
    struct lc_tcp_message message;
    memset(body + 3, 'a', 254);
    memcpy(body + 3 + 254, "\xC3\xA9", 2);
    assert_true(lc_response_decode(body, sizeof body, &message));
    assert_int_equal(message.text_length, 256);
    assert_int_equal(strlen(message.text), 254);
}

static void POST_4_remote_messages(void **state) {
    (void)state;
    const uint8_t wanted[] = {0x05, 0xb7, 0x26, 0x02, 0x03, 0x01, 0x02, 0x03};
    const uint8_t payload[] = {1, 2, 3};
    struct lc_remote_message message = {.client = 5, .tag = 0x1337, .flags = 2, .payload = payload, .length = 3};
    uint8_t out[16];
    assert_int_equal(lc_remote_encode(out, sizeof out, &message), sizeof wanted);
    assert_memory_equal(out, wanted, sizeof wanted);
    assert_int_equal(lc_remote_encode(out, sizeof wanted - 1, &message), 0);
    memset(&message, 0, sizeof message);
    assert_true(lc_remote_decode(wanted, sizeof wanted, &message));
    assert_int_equal(message.client, 5);
    assert_int_equal(message.tag, 0x1337);
    assert_int_equal(message.flags, 2);
    assert_int_equal(message.length, 3);
    assert_ptr_equal(message.payload, wanted + 5);
    assert_false(lc_remote_decode(wanted, sizeof wanted - 1, &message));
    assert_int_equal(message.length, 0);
}

static void POST_7_a_length_near_2_to_the_64_is_refused(void **state) {
    (void)state;
    const uint8_t body[] = {1, 1, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 7};
    struct lc_remote_message message;
    assert_false(lc_remote_decode(body, sizeof body, &message));
    assert_null(message.payload);
}

/* ---------------------------------------------------------------- payloads */

static void payloads_match_the_test_vectors(void **state) {
    (void)state;
    const uint8_t wanted[] = {0xc1, 0x5c, 0x02, 0x89, 0xec};
    uint8_t bytes[32];
    memset(bytes, 0x77, sizeof bytes);
    lc_payload_fill(bytes, 5, 1);
    assert_memory_equal(bytes, wanted, 5);
    assert_int_equal(bytes[5], 0x77);
    assert_int_equal(lc_crc(0, "123456789", 9), 3421780262u);
}

static void digests_can_be_continued(void **state) {
    (void)state;
    uint8_t bytes[1000];
    for (size_t length = 0; length <= sizeof bytes; length += 37) {
        lc_payload_fill(bytes, length, length);
        assert_int_equal(lc_payload_digest(length, length), lc_crc(0, bytes, length));
    }
    assert_int_equal(lc_crc(lc_crc(0, "1234", 4), "56789", 5), 3421780262u);
}

static void drain_digests_cover_header_and_payload(void **state) {
    (void)state;
    const uint8_t flat[] = {0x44, 0x33, 0x22, 0x11, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'c'};
    assert_int_equal(lc_drain_digest(0, 0x11223344, 2, "abc", 3), lc_crc(0, flat, sizeof flat));
    assert_int_equal(lc_drain_digest(7, 0x11223344, 2, "abc", 3), lc_crc(7, flat, sizeof flat));
    uint8_t payload[13];
    uint32_t crc = 5;
    for (uint64_t seed = 40; seed < 43; seed++) {
        lc_payload_fill(payload, sizeof payload, seed);
        crc = lc_drain_digest(crc, 9, 1, payload, sizeof payload);
    }
    assert_int_equal(lc_drain_digest_seeds(5, 9, 1, sizeof payload, 40, 3), crc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(POST_2_3_6_vectors_encode),
        cmocka_unit_test(POST_2_3_6_vectors_decode),
        cmocka_unit_test(POST_7_truncated_values_are_refused),
        cmocka_unit_test(POST_7_bytes_after_the_value_are_accepted),
        cmocka_unit_test(POST_7_unknown_kinds_are_refused),
        cmocka_unit_test(POST_1_varints),
        cmocka_unit_test(POST_7_long_varints),
        cmocka_unit_test(POST_1_zigzag),
        cmocka_unit_test(POST_7_utf8),
        cmocka_unit_test(POST_3_long_strings_are_truncated_between_characters),
        cmocka_unit_test(POST_4_remote_messages),
        cmocka_unit_test(POST_7_a_length_near_2_to_the_64_is_refused),
        cmocka_unit_test(payloads_match_the_test_vectors),
        cmocka_unit_test(digests_can_be_continued),
        cmocka_unit_test(drain_digests_cover_header_and_payload),
    };
    return cmocka_run_group_tests_name("oracle post", tests, NULL, NULL);
}
