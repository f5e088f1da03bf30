/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Frames on a socket (TCP-1). A socket pair replaces the connection: bytes that were written have arrived. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support.h"
#include "wire/frame.h"

#define MAX_BODY ((size_t)64 << 10)
#define MAX_QUEUED MAX_BODY
#define SPAN(literal) ((struct llmp_span){(const uint8_t *)(literal), sizeof(literal) - 1})

struct pair {
    int near, far; /* the library uses `near`, the test `far` */
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
    llmp_frame_reader_init(&pair->reader, MAX_BODY);
    llmp_frame_writer_init(&pair->writer, MAX_QUEUED);
    *state = pair;
    return 0;
}

static void hang_up(struct pair *pair) {
    (void)close(pair->far);
    pair->far = -1;
}

static int teardown(void **state) {
    struct pair *pair = *state;
    llmp_frame_reader_fini(&pair->reader);
    llmp_frame_writer_fini(&pair->writer);
    (void)close(pair->near);
    if (pair->far >= 0) {
        (void)close(pair->far);
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
    assert_ok(read_frame(pair, &body));
    assert_int_equal(body.length, wanted.length);
    assert_memory_equal(body.bytes, wanted.bytes, wanted.length);
}

static void expect_error(struct pair *pair, int rc) {
    struct llmp_span body;
    assert_rc(read_frame(pair, &body), rc);
}

/* ------------------------------------------------------------------ reading */

static void TCP_1_length_and_body_may_arrive_separately(void **state) {
    expect_error(*state, -EAGAIN);
    arrive(*state, SPAN("\0\0\0\2"));
    expect_error(*state, -EAGAIN);
    arrive(*state, SPAN("ab"));
    expect_frame(*state, SPAN("ab"));
    expect_error(*state, -EAGAIN);
}

static void TCP_1_a_frame_may_arrive_byte_by_byte(void **state) {
    struct llmp_span whole = SPAN("\0\0\0\5hello");
    for (size_t i = 0; i < whole.length; i++) {
        expect_error(*state, -EAGAIN);
        arrive(*state, (struct llmp_span){whole.bytes + i, 1});
    }
    expect_frame(*state, SPAN("hello"));
}

static void TCP_1_several_frames_may_arrive_together(void **state) {
    struct pair *pair = *state;
    arrive(pair, SPAN("\0\0\0\1a\0\0\0\0\0\0\0\2bc\0\0\0\3d"));
    hang_up(pair);
    expect_frame(pair, SPAN("a"));
    expect_frame(pair, SPAN(""));
    expect_frame(pair, SPAN("bc"));
    expect_error(pair, -LLMP_E_FRAME_TRUNCATED);
}

static void TCP_1_the_longest_frame_is_accepted(void **state) {
    struct pair *pair = *state;
    static uint8_t bytes[MAX_BODY + 4] = {0, 1, 0, 0};
    memset(bytes + 4, 'x', MAX_BODY);
    size_t sent = 0;
    struct llmp_span body;
    int rc = -EAGAIN;
    while (rc == -EAGAIN) {
        ssize_t n = write(pair->far, bytes + sent, sizeof bytes - sent);
        sent += n > 0 ? (size_t)n : 0;
        rc = read_frame(pair, &body);
    }
    assert_ok(rc);
    assert_int_equal(body.length, MAX_BODY);
    assert_memory_equal(body.bytes, bytes + 4, MAX_BODY);
}

/* Many frames of different lengths, so that they cross the end of the buffer at every offset. */
static void TCP_1_frames_across_the_end_of_the_buffer(void **state) {
    struct pair *pair = *state;
    uint8_t bytes[4 + 300];
    for (unsigned i = 0; i < 2000; i++) {
        size_t length = i * 7 % 300;
        memcpy(bytes, (uint8_t[]){0, 0, (uint8_t)(length >> 8), (uint8_t)length}, 4);
        memset(bytes + 4, (int)i, length);
        size_t cut = i % (4 + length);
        arrive(pair, (struct llmp_span){bytes, cut});
        expect_error(pair, -EAGAIN);
        arrive(pair, (struct llmp_span){bytes + cut, 4 + length - cut});
        expect_frame(pair, (struct llmp_span){bytes + 4, length});
    }
    assert_true(pair->reader.in.capacity <= 1024);
}

static void TCP_1_a_length_above_the_maximum_is_refused(void **state) {
    arrive(*state, SPAN("\0\1\0\1"));
    expect_error(*state, -LLMP_E_FRAME_TOO_LARGE);
}

static void TCP_1_a_length_of_4_GiB_is_refused(void **state) {
    arrive(*state, SPAN("\xff\xff\xff\xff"));
    expect_error(*state, -LLMP_E_FRAME_TOO_LARGE);
}

/* The reader must not allocate the length that a peer announces. */
static void TCP_1_memory_grows_with_the_bytes_that_arrived(void **state) {
    struct pair *pair = *state;
    arrive(pair, SPAN("\0\1\0\0abc"));
    expect_error(pair, -EAGAIN);
    assert_true(pair->reader.in.capacity <= 256);
}

static void TCP_1_a_hang_up_within_the_head_is_TRUNCATED(void **state) {
    arrive(*state, SPAN("\0\0"));
    hang_up(*state);
    expect_error(*state, -LLMP_E_FRAME_TRUNCATED);
}

static void TCP_1_a_hang_up_within_the_body_is_TRUNCATED(void **state) {
    arrive(*state, SPAN("\0\0\0\3ab"));
    expect_error(*state, -EAGAIN);
    hang_up(*state);
    expect_error(*state, -LLMP_E_FRAME_TRUNCATED);
}

static void TCP_1_a_hang_up_between_frames_is_EPIPE(void **state) {
    arrive(*state, SPAN("\0\0\0\1a"));
    hang_up(*state);
    expect_frame(*state, SPAN("a"));
    expect_error(*state, -EPIPE);
}

/* ------------------------------------------------------------------ writing */

static void expect_bytes(struct pair *pair, struct llmp_span wanted) {
    uint8_t bytes[64];
    assert_int_equal(read(pair->far, bytes, sizeof bytes), (ssize_t)wanted.length);
    assert_memory_equal(bytes, wanted.bytes, wanted.length);
}

static void TCP_1_a_frame_is_length_and_body(void **state) {
    struct pair *pair = *state;
    assert_ok(llmp_frame_put(&pair->writer, SPAN("abc")));
    assert_ok(llmp_frame_put(&pair->writer, SPAN("")));
    assert_true(llmp_frame_pending(&pair->writer));
    assert_ok(llmp_frame_flush(&pair->writer, pair->near));
    assert_false(llmp_frame_pending(&pair->writer));
    expect_bytes(pair, SPAN("\0\0\0\3abc\0\0\0\0"));
}

static void TCP_1_a_frame_larger_than_the_sockets_buffer_is_sent_in_parts(void **state) {
    struct pair *pair = *state;
    static uint8_t body[MAX_QUEUED - 4];
    int small = 4096;
    (void)setsockopt(pair->near, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (uint8_t)(i * 31 >> 3);
    }
    assert_ok(llmp_frame_put(&pair->writer, (struct llmp_span){body, sizeof body}));
    assert_rc(llmp_frame_flush(&pair->writer, pair->near), -EAGAIN);
    struct llmp_frame_reader reader;
    llmp_frame_reader_init(&reader, MAX_BODY);
    struct llmp_span got;
    int rc;
    while ((rc = llmp_frame_read(&reader, pair->far, &got)) == -EAGAIN) {
        (void)llmp_frame_flush(&pair->writer, pair->near);
    }
    assert_ok(rc);
    assert_int_equal(got.length, sizeof body);
    assert_memory_equal(got.bytes, body, sizeof body);
    llmp_frame_reader_fini(&reader);
}

static void TCP_1_the_queue_is_bounded(void **state) {
    struct pair *pair = *state;
    static uint8_t body[MAX_QUEUED];
    assert_rc(llmp_frame_put(&pair->writer, (struct llmp_span){body, MAX_QUEUED - 3}), -ENOBUFS);
    assert_ok(llmp_frame_put(&pair->writer, (struct llmp_span){body, MAX_QUEUED / 2}));
    assert_rc(llmp_frame_put(&pair->writer, (struct llmp_span){body, MAX_QUEUED / 2}), -ENOBUFS);
    assert_ok(llmp_frame_put(&pair->writer, (struct llmp_span){body, MAX_QUEUED / 2 - 8}));
    assert_rc(llmp_frame_put(&pair->writer, SPAN("")), -ENOBUFS);
}

/* No SIGPIPE, which would end this program. */
static void TCP_1_sending_to_a_peer_that_hung_up_is_EPIPE(void **state) {
    struct pair *pair = *state;
    hang_up(pair);
    assert_ok(llmp_frame_put(&pair->writer, SPAN("abc")));
    assert_rc(llmp_frame_flush(&pair->writer, pair->near), -EPIPE);
}

#define FRAME_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FRAME_TEST(TCP_1_length_and_body_may_arrive_separately),
        FRAME_TEST(TCP_1_a_frame_may_arrive_byte_by_byte),
        FRAME_TEST(TCP_1_several_frames_may_arrive_together),
        FRAME_TEST(TCP_1_the_longest_frame_is_accepted),
        FRAME_TEST(TCP_1_frames_across_the_end_of_the_buffer),
        FRAME_TEST(TCP_1_a_length_above_the_maximum_is_refused),
        FRAME_TEST(TCP_1_a_length_of_4_GiB_is_refused),
        FRAME_TEST(TCP_1_memory_grows_with_the_bytes_that_arrived),
        FRAME_TEST(TCP_1_a_hang_up_within_the_head_is_TRUNCATED),
        FRAME_TEST(TCP_1_a_hang_up_within_the_body_is_TRUNCATED),
        FRAME_TEST(TCP_1_a_hang_up_between_frames_is_EPIPE),
        FRAME_TEST(TCP_1_a_frame_is_length_and_body),
        FRAME_TEST(TCP_1_a_frame_larger_than_the_sockets_buffer_is_sent_in_parts),
        FRAME_TEST(TCP_1_the_queue_is_bounded),
        FRAME_TEST(TCP_1_sending_to_a_peer_that_hung_up_is_EPIPE),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
