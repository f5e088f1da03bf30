/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Postcard (POST) and the handshake messages made of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/handshake.h"
#include "wire/postcard.h"

/* A span over a literal, its terminating NUL not counted. */
#define SPAN(literal) ((struct llmp_span){(const uint8_t *)(literal), sizeof(literal) - 1})

#define ID_123456 "123456\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define DESC "\x80\x80\x40" ID_123456

static llmp_shmem_desc desc_123456(void) {
    return (llmp_shmem_desc){.size = 1048576, .id = {"123456"}};
}

/* ------------------------------------------------------------------ integers */

static int u32_error(struct llmp_span bytes) {
    struct llmp_post_in in = llmp_post_in_over(bytes);
    assert_int_equal(llmp_post_take_u32(&in), 0);
    return in.error;
}

static uint32_t u32_of(struct llmp_span bytes) {
    struct llmp_post_in in = llmp_post_in_over(bytes);
    uint32_t value = llmp_post_take_u32(&in);
    assert_int_equal(in.error, 0);
    return value;
}

static void check_u64(uint64_t value, struct llmp_span bytes) {
    uint8_t room[16];
    struct llmp_post_out out = llmp_post_out_over(room, sizeof room);
    llmp_post_put_u64(&out, value);
    assert_int_equal(out.error, 0);
    assert_int_equal(out.length, bytes.length);
    assert_memory_equal(room, bytes.bytes, bytes.length);
    struct llmp_post_in in = llmp_post_in_over(bytes);
    assert_true(llmp_post_take_u64(&in) == value);
    assert_int_equal(in.error, 0);
    assert_int_equal(in.left, 0);
}

static void POST_1_u64_known_bytes(void **state) {
    (void)state;
    check_u64(0, SPAN("\x00"));
    check_u64(127, SPAN("\x7f"));
    check_u64(128, SPAN("\x80\x01"));
    check_u64(16383, SPAN("\xff\x7f"));
    check_u64(1048576, SPAN("\x80\x80\x40"));
    check_u64(UINT64_MAX, SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
}

static void POST_1_every_power_of_two_returns(void **state) {
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

static void POST_1_varint_u32_max(void **state) {
    (void)state;
    assert_int_equal(u32_of(SPAN("\xff\xff\xff\xff\x0f")), UINT32_MAX);
}

static void POST_7_u32_longer_than_needed_is_accepted(void **state) {
    (void)state;
    assert_int_equal(u32_of(SPAN("\x80\x00")), 0);
    assert_int_equal(u32_of(SPAN("\x81\x80\x80\x80\x00")), 1);
}

static void POST_7_u32_out_of_range_is_refused(void **state) {
    (void)state;
    assert_int_equal(u32_error(SPAN("\xff\xff\xff\xff\x10")), -LLMP_E_POST_VARINT);
}

static void POST_7_u32_of_six_bytes_is_refused(void **state) {
    (void)state;
    assert_int_equal(u32_error(SPAN("\x80\x80\x80\x80\x80\x00")), -LLMP_E_POST_VARINT);
    assert_int_equal(u32_error(SPAN("\x80\x80\x80\x80\x80")),
                     -LLMP_E_POST_VARINT); /* not "short": the sixth is too many */
}

static void POST_7_u32_cut_off_is_short(void **state) {
    (void)state;
    assert_int_equal(u32_error(SPAN("")), -LLMP_E_POST_TRUNCATED);
    assert_int_equal(u32_error(SPAN("\xff\xff\xff\xff")), -LLMP_E_POST_TRUNCATED);
}

static void POST_7_u64_tenth_byte_holds_one_bit(void **state) {
    (void)state;
    struct llmp_post_in two = llmp_post_in_over(SPAN("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02"));
    llmp_post_take_u64(&two);
    assert_int_equal(two.error, -LLMP_E_POST_VARINT);
    struct llmp_post_in eleven = llmp_post_in_over(SPAN("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x81\x00"));
    llmp_post_take_u64(&eleven);
    assert_int_equal(eleven.error, -LLMP_E_POST_VARINT);
    struct llmp_post_in zeros = llmp_post_in_over(SPAN("\x85\x80\x80\x80\x80\x80\x80\x80\x80\x00"));
    assert_int_equal(llmp_post_take_u64(&zeros), 5);
    assert_int_equal(zeros.error, 0);
}

static void check_i32(int32_t value, struct llmp_span bytes) {
    uint8_t room[8];
    struct llmp_post_out out = llmp_post_out_over(room, sizeof room);
    llmp_post_put_i32(&out, value);
    assert_int_equal(out.length, bytes.length);
    assert_memory_equal(room, bytes.bytes, bytes.length);
    struct llmp_post_in in = llmp_post_in_over(bytes);
    assert_int_equal(llmp_post_take_i32(&in), value);
    assert_int_equal(in.error, 0);
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

static int string_error(struct llmp_span bytes, size_t bound) {
    struct llmp_post_in in = llmp_post_in_over(bytes);
    llmp_post_take_string(&in, bound);
    return in.error;
}

static void POST_1_string_is_a_view(void **state) {
    (void)state;
    struct llmp_span bytes = SPAN("\x04host!");
    struct llmp_post_in in = llmp_post_in_over(bytes);
    struct llmp_span text = llmp_post_take_string(&in, 4);
    assert_int_equal(in.error, 0);
    assert_ptr_equal(text.bytes, bytes.bytes + 1);
    assert_int_equal(text.length, 4);
    assert_int_equal(in.left, 1);
}

static void POST_7_string_errors(void **state) {
    (void)state;
    assert_int_equal(string_error(SPAN("\x05host"), 255), -LLMP_E_POST_TRUNCATED);
    assert_int_equal(string_error(SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01host"), 255), -LLMP_E_POST_TRUNCATED);
    assert_int_equal(string_error(SPAN("\x04host"), 3), -LLMP_E_POST_TOO_LONG);
    assert_int_equal(string_error(SPAN("\x01\xff"), 255), -LLMP_E_POST_UTF8);
}

static void POST_7_bytes_are_not_utf8_checked(void **state) {
    (void)state;
    struct llmp_post_in in = llmp_post_in_over(SPAN("\x02\xff\xfe"));
    assert_int_equal(llmp_post_take_bytes(&in, 2).length, 2);
    assert_int_equal(in.error, 0);
}

static void POST_7_utf8_edges(void **state) {
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
    assert_false(llmp_post_is_utf8(SPAN("\xe2\x82"))); /* cut */
    assert_false(llmp_post_is_utf8(SPAN("\xe2\x82"
                                        "a")));
    assert_false(llmp_post_is_utf8(SPAN("\xc3"
                                        "a")));
}

static void POST_first_error_stays(void **state) {
    (void)state;
    struct llmp_post_in in = llmp_post_in_over(SPAN("\x09\x01\x02\x03"));
    assert_int_equal(llmp_post_take_variant(&in, 3), 0);
    assert_int_equal(in.error, -LLMP_E_POST_VARIANT);
    assert_int_equal(llmp_post_take_u8(&in), 0);
    assert_int_equal(llmp_post_take_u64(&in), 0);
    char four[4] = "xyz";
    llmp_post_take_array(&in, four, sizeof four);
    assert_memory_equal(four, "\0\0\0\0", 4);
    assert_int_equal(llmp_post_take_string(&in, 9).length, 0);
    assert_int_equal(in.error, -LLMP_E_POST_VARIANT);
}

static void POST_out_of_room(void **state) {
    (void)state;
    uint8_t room[4] = {0, 0, 0, 0x77};
    struct llmp_post_out out = llmp_post_out_over(room, 3);
    llmp_post_put_bytes(&out, SPAN("abc"));
    llmp_post_put_u8(&out, 9);
    assert_int_equal(out.error, -ENOBUFS);
    assert_int_equal(room[3], 0x77);
}

/* ------------------------------------------------------------------ handshake */

static void expect_desc(const llmp_shmem_desc *desc, const llmp_shmem_desc *wanted) {
    assert_int_equal(desc->size, wanted->size);
    assert_memory_equal(&desc->id, &wanted->id, sizeof desc->id);
}

static void check_request(const struct llmp_request *request, struct llmp_span bytes) {
    uint8_t room[LLMP_HANDSHAKE_MAX];
    struct llmp_request back;
    assert_int_equal(llmp_request_encode(request, room, sizeof room), bytes.length);
    assert_memory_equal(room, bytes.bytes, bytes.length);
    assert_int_equal(llmp_request_decode(bytes, &back), 0);
    assert_int_equal(back.kind, request->kind);
    assert_int_equal(back.id, request->id);
    expect_desc(&back.desc, &request->desc);
    assert_int_equal(back.text.length, request->text.length);
    assert_true(back.text.length == 0 || memcmp(back.text.bytes, request->text.bytes, back.text.length) == 0);
}

static void check_response(const struct llmp_response *response, struct llmp_span bytes) {
    uint8_t room[LLMP_HANDSHAKE_MAX];
    struct llmp_response back;
    assert_int_equal(llmp_response_encode(response, room, sizeof room), bytes.length);
    assert_memory_equal(room, bytes.bytes, bytes.length);
    assert_int_equal(llmp_response_decode(bytes, &back), 0);
    assert_int_equal(back.kind, response->kind);
    assert_int_equal(back.id, response->id);
    expect_desc(&back.desc, &response->desc);
    assert_int_equal(back.text.length, response->text.length);
    assert_true(back.text.length == 0 || memcmp(back.text.bytes, response->text.bytes, back.text.length) == 0);
}

static void POST_2_request_vectors(void **state) {
    (void)state;
    check_request(&(struct llmp_request){.kind = LLMP_REQUEST_LOCAL_CLIENT_HELLO, .desc = desc_123456()},
                  SPAN("\x00" DESC));
    check_request(&(struct llmp_request){.kind = LLMP_REQUEST_REMOTE_BROKER_HELLO, .text = SPAN("a")}, SPAN("\x01\x01"
                                                                                                            "a"));
    check_request(&(struct llmp_request){.kind = LLMP_REQUEST_CLIENT_QUIT, .id = 3}, SPAN("\x02\x03"));
}

static void POST_3_response_vectors(void **state) {
    (void)state;
    check_response(&(struct llmp_response){.kind = LLMP_RESPONSE_BROKER_CONNECT_HELLO,
                                           .desc = desc_123456(),
                                           .text = SPAN("host")},
                   SPAN("\x00" DESC "\x04host"));
    check_response(&(struct llmp_response){.kind = LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED, .id = 1}, SPAN("\x01\x01"));
    check_response(&(struct llmp_response){.kind = LLMP_RESPONSE_REMOTE_BROKER_ACCEPTED, .id = 2}, SPAN("\x02\x02"));
    check_response(&(struct llmp_response){.kind = LLMP_RESPONSE_ERROR, .text = SPAN("x")}, SPAN("\x03\x01x"));
}

static void POST_7_bytes_after_the_value_are_ignored(void **state) {
    (void)state;
    struct llmp_request request;
    assert_int_equal(llmp_request_decode(SPAN("\x02\x03trailing"), &request), 0);
    assert_int_equal(request.id, 3);
}

static void POST_7_request_errors(void **state) {
    (void)state;
    struct llmp_request request;
    assert_int_equal(llmp_request_decode(SPAN(""), &request), -LLMP_E_POST_TRUNCATED);
    assert_int_equal(llmp_request_decode(SPAN("\x03"), &request), -LLMP_E_POST_VARIANT);
    assert_int_equal(llmp_request_decode(SPAN("\x00\x80\x80\x40"
                                              "123456"),
                                         &request),
                     -LLMP_E_POST_TRUNCATED);
    assert_int_equal(llmp_request_decode(SPAN("\x02\xff\xff\xff\xff\x1f"), &request), -LLMP_E_POST_VARINT);
}

/* Every prefix of a message is a short one. */
static void POST_7_response_cut_anywhere(void **state) {
    (void)state;
    struct llmp_span whole = SPAN("\x00" DESC "\x04host");
    struct llmp_response response;
    for (size_t length = 0; length < whole.length; length++) {
        assert_int_equal(llmp_response_decode((struct llmp_span){whole.bytes, length}, &response),
                         -LLMP_E_POST_TRUNCATED);
    }
}

static void POST_3_texts_are_bounded(void **state) {
    (void)state;
    uint8_t room[2048] = {LLMP_RESPONSE_ERROR, 0x81, 0x08}; /* 1025 bytes of text, all NUL */
    struct llmp_response response;
    assert_int_equal(llmp_response_decode((struct llmp_span){room, sizeof room}, &response), -LLMP_E_POST_TOO_LONG);
    room[1] = 0x80;
    assert_int_equal(llmp_response_decode((struct llmp_span){room, sizeof room}, &response), 0);
    assert_int_equal(response.text.length, LLMP_ERROR_TEXT_MAX);
    memcpy(room, "\x01\x80\x02", 3); /* a hostname of 256 */
    struct llmp_request request;
    assert_int_equal(llmp_request_decode((struct llmp_span){room, sizeof room}, &request), -LLMP_E_POST_TOO_LONG);
}

/* A text of our own that is too long is cut, between two characters. */
static void POST_3_long_text_is_cut_to_whole_characters(void **state) {
    (void)state;
    uint8_t text[LLMP_HOSTNAME_MAX + 1], room[LLMP_HANDSHAKE_MAX];
    memset(text, 'a', sizeof text);
    memcpy(text + LLMP_HOSTNAME_MAX - 2, "\xe2\x82\xac", 3);
    struct llmp_request hello = {.kind = LLMP_REQUEST_REMOTE_BROKER_HELLO, .text = {text, sizeof text}}, back;
    int64_t length = llmp_request_encode(&hello, room, sizeof room);
    assert_true(length > 0);
    assert_int_equal(llmp_request_decode((struct llmp_span){room, (size_t)length}, &back), 0);
    assert_int_equal(back.text.length, LLMP_HOSTNAME_MAX - 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(POST_1_u64_known_bytes),
        cmocka_unit_test(POST_1_every_power_of_two_returns),
        cmocka_unit_test(POST_1_varint_u32_max),
        cmocka_unit_test(POST_7_u32_longer_than_needed_is_accepted),
        cmocka_unit_test(POST_7_u32_out_of_range_is_refused),
        cmocka_unit_test(POST_7_u32_of_six_bytes_is_refused),
        cmocka_unit_test(POST_7_u32_cut_off_is_short),
        cmocka_unit_test(POST_7_u64_tenth_byte_holds_one_bit),
        cmocka_unit_test(POST_1_i32_zigzag),
        cmocka_unit_test(POST_1_string_is_a_view),
        cmocka_unit_test(POST_7_string_errors),
        cmocka_unit_test(POST_7_bytes_are_not_utf8_checked),
        cmocka_unit_test(POST_7_utf8_edges),
        cmocka_unit_test(POST_first_error_stays),
        cmocka_unit_test(POST_out_of_room),
        cmocka_unit_test(POST_2_request_vectors),
        cmocka_unit_test(POST_3_response_vectors),
        cmocka_unit_test(POST_7_bytes_after_the_value_are_ignored),
        cmocka_unit_test(POST_7_request_errors),
        cmocka_unit_test(POST_7_response_cut_anywhere),
        cmocka_unit_test(POST_3_texts_are_bounded),
        cmocka_unit_test(POST_3_long_text_is_cut_to_whole_characters),
    };
    return cmocka_run_group_tests_name("postcard", tests, NULL, NULL);
}
