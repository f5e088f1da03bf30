/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Frames on a socket (TCP-1). A socket pair stands for the connection: what is written has arrived. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "llmp/llmp.h"
#include "wire/frame.h"

#define BOUND ((size_t)64 << 10)
#define SPAN(literal) ((struct llmp_span){(const uint8_t *)(literal), sizeof(literal) - 1})

struct pair {
    int near, far; /* near is the code's, far the test's */
    struct llmp_frame_reader reader;
    struct llmp_frame_writer writer;
};

static int setup(void **state) {
    struct pair *pair = calloc(1, sizeof *pair);
    int fds[2];
    assert_non_null(pair);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    pair->near = fds[0];
    pair->far = fds[1];
    llmp_frame_reader_init(&pair->reader, BOUND);
    llmp_frame_writer_init(&pair->writer, BOUND);
    *state = pair;
    return 0;
}

static void hang_up(struct pair *pair) {
    close(pair->far);
    pair->far = -1;
}

static int teardown(void **state) {
    struct pair *pair = *state;
    llmp_frame_reader_fini(&pair->reader);
    llmp_frame_writer_fini(&pair->writer);
    close(pair->near);
    if (pair->far >= 0) {
        close(pair->far);
    }
    free(pair);
    return 0;
}

static void arrive(struct pair *pair, struct llmp_span bytes) {
    assert_int_equal(write(pair->far, bytes.bytes, bytes.length), (ssize_t)bytes.length);
}

static int read_frame(struct pair *pair, struct llmp_span *body) {
    return llmp_frame_read(&pair->reader, pair->near, body);
}

static void expect_frame(struct pair *pair, struct llmp_span wanted) {
    struct llmp_span body;
    assert_int_equal(read_frame(pair, &body), 0);
    assert_int_equal(body.length, wanted.length);
    assert_memory_equal(body.bytes, wanted.bytes, wanted.length);
}

static void expect_code(struct pair *pair, int code) {
    struct llmp_span body;
    assert_int_equal(read_frame(pair, &body), code);
}

/* ------------------------------------------------------------------ reading */

static void TCP_1_length_and_body_arrive_apart(void **state) {
    expect_code(*state, -EAGAIN);
    arrive(*state, SPAN("\0\0\0\2"));
    expect_code(*state, -EAGAIN);
    arrive(*state, SPAN("ab"));
    expect_frame(*state, SPAN("ab"));
    expect_code(*state, -EAGAIN);
}

static void TCP_1_byte_by_byte(void **state) {
    struct llmp_span whole = SPAN("\0\0\0\5hello");
    for (size_t i = 0; i < whole.length; i++) {
        expect_code(*state, -EAGAIN);
        arrive(*state, (struct llmp_span){whole.bytes + i, 1});
    }
    expect_frame(*state, SPAN("hello"));
}

static void TCP_1_pipelined_frames(void **state) {
    struct pair *pair = *state;
    arrive(pair, SPAN("\0\0\0\1a\0\0\0\0\0\0\0\2bc\0\0\0\3d"));
    hang_up(pair);
    expect_frame(pair, SPAN("a"));
    expect_frame(pair, SPAN(""));
    expect_frame(pair, SPAN("bc"));
    expect_code(pair, -LLMP_E_FRAME_TRUNCATED);
}

static void TCP_1_longest_frame(void **state) {
    struct pair *pair = *state;
    static uint8_t bytes[BOUND + 4] = {0, 1, 0, 0};
    memset(bytes + 4, 'x', BOUND);
    size_t sent = 0;
    struct llmp_span body;
    int code = -EAGAIN;
    while (code == -EAGAIN) {
        ssize_t n = write(pair->far, bytes + sent, sizeof bytes - sent);
        sent += n > 0 ? (size_t)n : 0;
        code = read_frame(pair, &body);
    }
    assert_int_equal(code, 0);
    assert_int_equal(body.length, BOUND);
    assert_memory_equal(body.bytes, bytes + 4, BOUND);
}

/* Many frames of odd lengths through a small window, so that they lie across every edge of the buffer. */
static void TCP_1_frames_across_the_buffer_edge(void **state) {
    struct pair *pair = *state;
    uint8_t bytes[4 + 300];
    for (unsigned i = 0; i < 2000; i++) {
        size_t length = i * 7 % 300;
        memcpy(bytes, (uint8_t[]){0, 0, (uint8_t)(length >> 8), (uint8_t)length}, 4);
        memset(bytes + 4, (int)i, length);
        size_t cut = i % (4 + length);
        arrive(pair, (struct llmp_span){bytes, cut});
        expect_code(pair, -EAGAIN);
        arrive(pair, (struct llmp_span){bytes + cut, 4 + length - cut});
        expect_frame(pair, (struct llmp_span){bytes + 4, length});
    }
    assert_true(pair->reader.in.capacity <= 1024);
}

static void TCP_1_length_above_the_bound(void **state) {
    arrive(*state, SPAN("\0\1\0\1"));
    expect_code(*state, -LLMP_E_FRAME_TOO_LARGE);
}

static void TCP_1_length_of_4_GiB(void **state) {
    arrive(*state, SPAN("\xff\xff\xff\xff"));
    expect_code(*state, -LLMP_E_FRAME_TOO_LARGE);
}

/* What a peer announces is not what it gets memory for. */
static void TCP_1_memory_follows_what_arrived(void **state) {
    struct pair *pair = *state;
    arrive(pair, SPAN("\0\1\0\0abc"));
    expect_code(pair, -EAGAIN);
    assert_true(pair->reader.in.capacity <= 256);
}

static void TCP_1_hang_up_in_head(void **state) {
    arrive(*state, SPAN("\0\0"));
    hang_up(*state);
    expect_code(*state, -LLMP_E_FRAME_TRUNCATED);
}

static void TCP_1_hang_up_in_body(void **state) {
    arrive(*state, SPAN("\0\0\0\3ab"));
    expect_code(*state, -EAGAIN);
    hang_up(*state);
    expect_code(*state, -LLMP_E_FRAME_TRUNCATED);
}

static void TCP_1_hang_up_between_frames(void **state) {
    arrive(*state, SPAN("\0\0\0\1a"));
    hang_up(*state);
    expect_frame(*state, SPAN("a"));
    expect_code(*state, -EPIPE);
}

/* ------------------------------------------------------------------ writing */

static void expect_bytes(struct pair *pair, struct llmp_span wanted) {
    uint8_t bytes[64];
    assert_int_equal(read(pair->far, bytes, sizeof bytes), (ssize_t)wanted.length);
    assert_memory_equal(bytes, wanted.bytes, wanted.length);
}

static void TCP_1_frame_as_it_goes_out(void **state) {
    struct pair *pair = *state;
    assert_int_equal(llmp_frame_put(&pair->writer, SPAN("abc")), 0);
    assert_int_equal(llmp_frame_put(&pair->writer, SPAN("")), 0);
    assert_true(llmp_frame_pending(&pair->writer));
    assert_int_equal(llmp_frame_flush(&pair->writer, pair->near), 0);
    assert_false(llmp_frame_pending(&pair->writer));
    expect_bytes(pair, SPAN("\0\0\0\3abc\0\0\0\0"));
}

static void TCP_1_more_than_the_socket_takes(void **state) {
    struct pair *pair = *state;
    static uint8_t body[BOUND - 4];
    int small = 4096;
    setsockopt(pair->near, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (uint8_t)(i * 31 >> 3);
    }
    assert_int_equal(llmp_frame_put(&pair->writer, (struct llmp_span){body, sizeof body}), 0);
    assert_int_equal(llmp_frame_flush(&pair->writer, pair->near), -EAGAIN);
    struct llmp_frame_reader reader;
    llmp_frame_reader_init(&reader, BOUND);
    struct llmp_span got;
    int code;
    while ((code = llmp_frame_read(&reader, pair->far, &got)) == -EAGAIN) {
        llmp_frame_flush(&pair->writer, pair->near);
    }
    assert_int_equal(code, 0);
    assert_int_equal(got.length, sizeof body);
    assert_memory_equal(got.bytes, body, sizeof body);
    llmp_frame_reader_fini(&reader);
}

static void TCP_1_queue_is_bounded(void **state) {
    struct pair *pair = *state;
    static uint8_t body[BOUND];
    assert_int_equal(llmp_frame_put(&pair->writer, (struct llmp_span){body, BOUND - 3}), -ENOBUFS);
    assert_int_equal(llmp_frame_put(&pair->writer, (struct llmp_span){body, BOUND / 2}), 0);
    assert_int_equal(llmp_frame_put(&pair->writer, (struct llmp_span){body, BOUND / 2}), -ENOBUFS);
    assert_int_equal(llmp_frame_put(&pair->writer, (struct llmp_span){body, BOUND / 2 - 8}), 0);
    assert_int_equal(llmp_frame_put(&pair->writer, SPAN("")), -ENOBUFS);
}

/* No SIGPIPE: the default action would end this program. */
static void TCP_1_peer_that_went_is_an_error(void **state) {
    struct pair *pair = *state;
    hang_up(pair);
    assert_int_equal(llmp_frame_put(&pair->writer, SPAN("abc")), 0);
    assert_int_equal(llmp_frame_flush(&pair->writer, pair->near), -EPIPE);
}

#define FRAME_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FRAME_TEST(TCP_1_length_and_body_arrive_apart),
        FRAME_TEST(TCP_1_byte_by_byte),
        FRAME_TEST(TCP_1_pipelined_frames),
        FRAME_TEST(TCP_1_longest_frame),
        FRAME_TEST(TCP_1_frames_across_the_buffer_edge),
        FRAME_TEST(TCP_1_length_above_the_bound),
        FRAME_TEST(TCP_1_length_of_4_GiB),
        FRAME_TEST(TCP_1_memory_follows_what_arrived),
        FRAME_TEST(TCP_1_hang_up_in_head),
        FRAME_TEST(TCP_1_hang_up_in_body),
        FRAME_TEST(TCP_1_hang_up_between_frames),
        FRAME_TEST(TCP_1_frame_as_it_goes_out),
        FRAME_TEST(TCP_1_more_than_the_socket_takes),
        FRAME_TEST(TCP_1_queue_is_bounded),
        FRAME_TEST(TCP_1_peer_that_went_is_an_error),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
