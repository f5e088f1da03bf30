/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Postcard (POST) and the handshake messages that are encoded with it. */
#include <errno.h>
#include <string.h>

#include "net/handshake.h"
#include "support.h"
#include "wire/postcard.h"

/* A span over a literal, without its terminating NUL. */
#define SPAN(literal) ((struct llmp_span){(const uint8_t *)(literal), sizeof(literal) - 1})

#define ID_123456 "123456\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define DESC "\x80\x80\x40" ID_123456

static llmp_shmem_desc desc_123456(void) {
    return (llmp_shmem_desc){.size = 1048576, .id = {"123456"}};
}

/* ------------------------------------------------------------------ integers */

static void expect_u32_error(struct llmp_span bytes, int error) {
    struct llmp_post_in in = llmp_post_in_over(bytes);
    assert_int_equal(llmp_post_take_u32(&in), 0);
    assert_rc(in.error, error);
}

static uint32_t u32_of(struct llmp_span bytes) {
    struct llmp_post_in in = llmp_post_in_over(bytes);
    uint32_t value = llmp_post_take_u32(&in);
    assert_ok(in.error);
    return value;
}

static void check_u64(uint64_t value, struct llmp_span bytes) {
    uint8_t room[16];
    struct llmp_post_out out = llmp_post_out_over(room, sizeof room);
    llmp_post_put_u64(&out, value);
    assert_ok(out.error);
    assert_int_equal(out.length, bytes.length);
    assert_memory_equal(room, bytes.bytes, bytes.length);
    struct llmp_post_in in = llmp_post_in_over(bytes);
    assert_true(llmp_post_take_u64(&in) == value);
    assert_ok(in.error);
    assert_int_equal(in.left, 0);
}

static void POST_1_u64_vectors(void **state) {
    (void)state;
    check_u64(0, SPAN("\x00"));
    check_u64(127, SPAN("\x7f"));
    check_u64(128, SPAN("\x80\x01"));
    check_u64(16383, SPAN("\xff\x7f"));
    check_u64(1048576, SPAN("\x80\x80\x40"));
    check_u64(UINT64_MAX, SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
}

static void POST_1_every_power_of_two_survives(void **state) {
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (uint64_t value = (UINT64_C(1) << bit) - 1; value <= UINT64_C(1) << bit; value++) {
            uint8_t room[16];
            struct llmp_post_out out = llmp_post_out_over(room, sizeof room);
            llmp_post_put_u64(&out, value);
            check_u64(value, (struct llmp_span){room, out.length});
        }
    }
}

static void POST_1_the_largest_u32(void **state) {
    (void)state;
    assert_int_equal(u32_of(SPAN("\xff\xff\xff\xff\x0f")), UINT32_MAX);
}

static void POST_7_a_u32_longer_than_needed_is_accepted(void **state) {
    (void)state;
    assert_int_equal(u32_of(SPAN("\x80\x00")), 0);
    assert_int_equal(u32_of(SPAN("\x81\x80\x80\x80\x00")), 1);
}

static void POST_7_a_u32_out_of_range_is_refused(void **state) {
    (void)state;
    expect_u32_error(SPAN("\xff\xff\xff\xff\x10"), -LLMP_E_POST_VARINT);
}

static void POST_7_a_u32_of_six_bytes_is_refused(void **state) {
    (void)state;
    expect_u32_error(SPAN("\x80\x80\x80\x80\x80\x00"), -LLMP_E_POST_VARINT);
    /* Not TRUNCATED: a sixth byte would be too many. */
    expect_u32_error(SPAN("\x80\x80\x80\x80\x80"), -LLMP_E_POST_VARINT);
}

static void POST_7_a_u32_that_ends_early_is_TRUNCATED(void **state) {
    (void)state;
    expect_u32_error(SPAN(""), -LLMP_E_POST_TRUNCATED);
    expect_u32_error(SPAN("\xff\xff\xff\xff"), -LLMP_E_POST_TRUNCATED);
}

static void POST_7_the_tenth_byte_of_a_u64_has_one_bit(void **state) {
    (void)state;
    struct llmp_post_in two = llmp_post_in_over(SPAN("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02"));
    llmp_post_take_u64(&two);
    assert_rc(two.error, -LLMP_E_POST_VARINT);
    struct llmp_post_in eleven = llmp_post_in_over(SPAN("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x81\x00"));
    llmp_post_take_u64(&eleven);
    assert_rc(eleven.error, -LLMP_E_POST_VARINT);
    struct llmp_post_in zeros = llmp_post_in_over(SPAN("\x85\x80\x80\x80\x80\x80\x80\x80\x80\x00"));
    assert_int_equal(llmp_post_take_u64(&zeros), 5);
    assert_ok(zeros.error);
}

static void check_i32(int32_t value, struct llmp_span bytes) {
    uint8_t room[8];
    struct llmp_post_out out = llmp_post_out_over(room, sizeof room);
    llmp_post_put_i32(&out, value);
    assert_int_equal(out.length, bytes.length);
    assert_memory_equal(room, bytes.bytes, bytes.length);
    struct llmp_post_in in = llmp_post_in_over(bytes);
    assert_int_equal(llmp_post_take_i32(&in), value);
    assert_ok(in.error);
}

static void POST_1_i32_zigzag(void **state) {
    (void)state;
    check_i32(0, SPAN("\x00"));
    check_i32(-1, SPAN("\x01"));
    check_i32(1, SPAN("\x02"));
    check_i32(7, SPAN("\x0e"));
    check_i32(INT32_MAX, SPAN("\xfe\xff\xff\xff\x0f"));
    check_i32(INT32_MIN, SPAN("\xff\xff\xff\xff\x0f"));
}

/* ------------------------------------------------------------------ strings and errors */

static void expect_string_error(struct llmp_span bytes, size_t bound, int error) {
    struct llmp_post_in in = llmp_post_in_over(bytes);
    assert_int_equal(llmp_post_take_string(&in, bound).length, 0);
    assert_rc(in.error, error);
}

static void POST_1_a_string_is_a_view(void **state) {
    (void)state;
    struct llmp_span bytes = SPAN("\x04host!");
    struct llmp_post_in in = llmp_post_in_over(bytes);
    struct llmp_span text = llmp_post_take_string(&in, 4);
    assert_ok(in.error);
    assert_ptr_equal(text.bytes, bytes.bytes + 1);
    assert_int_equal(text.length, 4);
    assert_int_equal(in.left, 1);
}

static void POST_7_string_errors(void **state) {
    (void)state;
    expect_string_error(SPAN("\x05host"), 255, -LLMP_E_POST_TRUNCATED);
    expect_string_error(SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01host"), 255, -LLMP_E_POST_TRUNCATED);
    expect_string_error(SPAN("\x04host"), 3, -LLMP_E_POST_TOO_LONG);
    expect_string_error(SPAN("\x01\xff"), 255, -LLMP_E_POST_UTF8);
}

static void POST_7_bytes_need_not_be_UTF_8(void **state) {
    (void)state;
    struct llmp_post_in in = llmp_post_in_over(SPAN("\x02\xff\xfe"));
    assert_int_equal(llmp_post_take_bytes(&in, 2).length, 2);
    assert_ok(in.error);
}

static void POST_7_limits_of_UTF_8(void **state) {
    (void)state;
    assert_true(llmp_post_is_utf8(SPAN("")));
    assert_true(llmp_post_is_utf8(SPAN("a\0b")));
    assert_true(llmp_post_is_utf8(SPAN("\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf")));
    assert_true(llmp_post_is_utf8(SPAN("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")));
    assert_false(llmp_post_is_utf8(SPAN("\x80")));
    assert_false(llmp_post_is_utf8(SPAN("\xc1\xbf")));         /* over-long */
    assert_false(llmp_post_is_utf8(SPAN("\xe0\x9f\xbf")));     /* over-long */
    assert_false(llmp_post_is_utf8(SPAN("\xf0\x8f\xbf\xbf"))); /* over-long */
    assert_false(llmp_post_is_utf8(SPAN("\xed\xa0\x80")));     /* surrogate */
    assert_false(llmp_post_is_utf8(SPAN("\xf4\x90\x80\x80"))); /* above U+10FFFF */
    assert_false(llmp_post_is_utf8(SPAN("\xf5\x80\x80\x80")));
    assert_false(llmp_post_is_utf8(SPAN("\xe2\x82"))); /* ends early */
    assert_false(llmp_post_is_utf8(SPAN("\xe2\x82"
                                        "a")));
    assert_false(llmp_post_is_utf8(SPAN("\xc3"
                                        "a")));
}

static void the_first_error_stays(void **state) {
    (void)state;
    struct llmp_post_in in = llmp_post_in_over(SPAN("\x09\x01\x02\x03"));
    assert_int_equal(llmp_post_take_variant(&in, 3), 0);
    assert_rc(in.error, -LLMP_E_POST_VARIANT);
    assert_int_equal(llmp_post_take_u8(&in), 0);
    assert_int_equal(llmp_post_take_u64(&in), 0);
    char four[4] = "xyz";
    llmp_post_take_array(&in, four, sizeof four);
    assert_memory_equal(four, "\0\0\0\0", 4);
    assert_int_equal(llmp_post_take_string(&in, 9).length, 0);
    assert_rc(in.error, -LLMP_E_POST_VARIANT);
}

static void a_full_buffer_is_ENOBUFS(void **state) {
    (void)state;
    uint8_t room[4] = {0, 0, 0, 0x77};
    struct llmp_post_out out = llmp_post_out_over(room, 3);
    llmp_post_put_bytes(&out, SPAN("abc"));
    llmp_post_put_u8(&out, 9);
    assert_rc(out.error, -ENOBUFS);
    assert_int_equal(room[3], 0x77);
}

/* ------------------------------------------------------------------ handshake */

static void expect_desc(const llmp_shmem_desc *desc, const llmp_shmem_desc *wanted) {
    assert_int_equal(desc->size, wanted->size);
    assert_memory_equal(&desc->id, &wanted->id, sizeof desc->id);
}

/* Requests and responses are structs of different types with the same fields. */
#define EXPECT_SAME_MESSAGE(seen, wanted)                                                                              \
    do {                                                                                                               \
        assert_int_equal((seen).kind, (wanted).kind);                                                                  \
        assert_int_equal((seen).id, (wanted).id);                                                                      \
        expect_desc(&(seen).desc, &(wanted).desc);                                                                     \
        expect_text((seen).text, (wanted).text);                                                                       \
    } while (0)

static void expect_text(struct llmp_span seen, struct llmp_span wanted) {
    assert_int_equal(seen.length, wanted.length);
    assert_true(seen.length == 0 || memcmp(seen.bytes, wanted.bytes, seen.length) == 0);
}

static void check_request(struct llmp_request request, struct llmp_span bytes) {
    uint8_t room[LLMP_HANDSHAKE_MAX];
    struct llmp_request decoded;
    assert_int_equal(llmp_request_encode(&request, room, sizeof room), bytes.length);
    assert_memory_equal(room, bytes.bytes, bytes.length);
    assert_ok(llmp_request_decode(bytes, &decoded));
    EXPECT_SAME_MESSAGE(decoded, request);
}

static void check_response(struct llmp_response response, struct llmp_span bytes) {
    uint8_t room[LLMP_HANDSHAKE_MAX];
    struct llmp_response decoded;
    assert_int_equal(llmp_response_encode(&response, room, sizeof room), bytes.length);
    assert_memory_equal(room, bytes.bytes, bytes.length);
    assert_ok(llmp_response_decode(bytes, &decoded));
    EXPECT_SAME_MESSAGE(decoded, response);
}

static void POST_2_request_vectors(void **state) {
    (void)state;
    check_request((struct llmp_request){.kind = LLMP_REQUEST_LOCAL_CLIENT_HELLO, .desc = desc_123456()},
                  SPAN("\x00" DESC));
    check_request((struct llmp_request){.kind = LLMP_REQUEST_REMOTE_BROKER_HELLO, .text = SPAN("a")}, SPAN("\x01\x01"
                                                                                                           "a"));
    check_request((struct llmp_request){.kind = LLMP_REQUEST_CLIENT_QUIT, .id = 3}, SPAN("\x02\x03"));
}

static void POST_3_response_vectors(void **state) {
    (void)state;
    check_response(
        (struct llmp_response){.kind = LLMP_RESPONSE_BROKER_CONNECT_HELLO, .desc = desc_123456(), .text = SPAN("host")},
        SPAN("\x00" DESC "\x04host"));
    check_response((struct llmp_response){.kind = LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED, .id = 1}, SPAN("\x01\x01"));
    check_response((struct llmp_response){.kind = LLMP_RESPONSE_REMOTE_BROKER_ACCEPTED, .id = 2}, SPAN("\x02\x02"));
    check_response((struct llmp_response){.kind = LLMP_RESPONSE_ERROR, .text = SPAN("x")}, SPAN("\x03\x01x"));
}

static void POST_7_bytes_after_the_value_are_ignored(void **state) {
    (void)state;
    struct llmp_request request;
    assert_ok(llmp_request_decode(SPAN("\x02\x03trailing"), &request));
    assert_int_equal(request.id, 3);
}

static void POST_7_request_errors(void **state) {
    (void)state;
    struct llmp_request request;
    assert_rc(llmp_request_decode(SPAN(""), &request), -LLMP_E_POST_TRUNCATED);
    assert_rc(llmp_request_decode(SPAN("\x03"), &request), -LLMP_E_POST_VARIANT);
    assert_rc(llmp_request_decode(SPAN("\x00\x80\x80\x40"
                                       "123456"),
                                  &request),
              -LLMP_E_POST_TRUNCATED);
    assert_rc(llmp_request_decode(SPAN("\x02\xff\xff\xff\xff\x1f"), &request), -LLMP_E_POST_VARINT);
}

static void POST_7_every_prefix_of_a_response_is_TRUNCATED(void **state) {
    (void)state;
    struct llmp_span whole = SPAN("\x00" DESC "\x04host");
    struct llmp_response response;
    for (size_t length = 0; length < whole.length; length++) {
        assert_rc(llmp_response_decode((struct llmp_span){whole.bytes, length}, &response), -LLMP_E_POST_TRUNCATED);
    }
}

static void POST_3_the_length_of_texts_is_bounded(void **state) {
    (void)state;
    uint8_t room[2048] = {LLMP_RESPONSE_ERROR, 0x81, 0x08}; /* a text of 1025 NUL bytes */
    struct llmp_response response;
    assert_rc(llmp_response_decode((struct llmp_span){room, sizeof room}, &response), -LLMP_E_POST_TOO_LONG);
    room[1] = 0x80;
    assert_ok(llmp_response_decode((struct llmp_span){room, sizeof room}, &response));
    assert_int_equal(response.text.length, LLMP_ERROR_TEXT_MAX);
    memcpy(room, "\x01\x80\x02", 3); /* a hostname of 256 bytes */
    struct llmp_request request;
    assert_rc(llmp_request_decode((struct llmp_span){room, sizeof room}, &request), -LLMP_E_POST_TOO_LONG);
}

/* The encoder shortens a text that is too long between two characters. */
static void POST_3_a_long_text_is_cut_to_whole_characters(void **state) {
    (void)state;
    uint8_t text[LLMP_HOSTNAME_MAX + 1], room[LLMP_HANDSHAKE_MAX];
    memset(text, 'a', sizeof text);
    memcpy(text + LLMP_HOSTNAME_MAX - 2, "\xe2\x82\xac", 3);
    struct llmp_request hello = {.kind = LLMP_REQUEST_REMOTE_BROKER_HELLO, .text = {text, sizeof text}}, decoded;
    int64_t length = llmp_request_encode(&hello, room, sizeof room);
    assert_true(length > 0);
    assert_ok(llmp_request_decode((struct llmp_span){room, (size_t)length}, &decoded));
    assert_int_equal(decoded.text.length, LLMP_HOSTNAME_MAX - 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(POST_1_u64_vectors),
        cmocka_unit_test(POST_1_every_power_of_two_survives),
        cmocka_unit_test(POST_1_the_largest_u32),
        cmocka_unit_test(POST_7_a_u32_longer_than_needed_is_accepted),
        cmocka_unit_test(POST_7_a_u32_out_of_range_is_refused),
        cmocka_unit_test(POST_7_a_u32_of_six_bytes_is_refused),
        cmocka_unit_test(POST_7_a_u32_that_ends_early_is_TRUNCATED),
        cmocka_unit_test(POST_7_the_tenth_byte_of_a_u64_has_one_bit),
        cmocka_unit_test(POST_1_i32_zigzag),
        cmocka_unit_test(POST_1_a_string_is_a_view),
        cmocka_unit_test(POST_7_string_errors),
        cmocka_unit_test(POST_7_bytes_need_not_be_UTF_8),
        cmocka_unit_test(POST_7_limits_of_UTF_8),
        cmocka_unit_test(the_first_error_stays),
        cmocka_unit_test(a_full_buffer_is_ENOBUFS),
        cmocka_unit_test(POST_2_request_vectors),
        cmocka_unit_test(POST_3_response_vectors),
        cmocka_unit_test(POST_7_bytes_after_the_value_are_ignored),
        cmocka_unit_test(POST_7_request_errors),
        cmocka_unit_test(POST_7_every_prefix_of_a_response_is_TRUNCATED),
        cmocka_unit_test(POST_3_the_length_of_texts_is_bounded),
        cmocka_unit_test(POST_3_a_long_text_is_cut_to_whole_characters),
    };
    return cmocka_run_group_tests_name("postcard", tests, NULL, NULL);
}
