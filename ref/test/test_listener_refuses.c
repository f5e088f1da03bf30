/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The broker's TCP side against peers that are silent, slow to close, cut off, or that violate the protocol: each loses
 * its own connection, and no other peer is affected. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/os.h"
#include "raw_peer.h"

#define WITH(name) cmocka_unit_test_setup_teardown(name, tcp_broker_setup, tcp_broker_teardown)
#define WITH_SHORT(name) cmocka_unit_test_setup_teardown(name, tcp_broker_setup_short, tcp_broker_teardown)

/* One peer is refused, and the next one is served. */
static void expect_refusal(struct tcp_broker *broker, int code) {
    tcp_broker_await_refusals(broker, 1);
    assert_rc(broker->refused_code, code);
    assert_int_equal(raw_peer_register(broker), 1);
}

/* ------------------------------------------------------------------ peers that are late */

static void TCP_5_a_silent_peer_blocks_no_other(void **state) {
    struct tcp_broker *broker = *state;
    struct raw_peer silent = raw_peer_connect(broker);
    assert_int_equal(raw_peer_register(broker), 1);
    assert_int_equal(broker->refused, 0);
    raw_peer_close(&silent);
}

static void TCP_5_a_silent_peer_times_out(void **state) {
    struct raw_peer silent = raw_peer_connect_hello(*state);
    expect_refusal(*state, -ETIMEDOUT);
    raw_peer_expect_end(&silent);
}

static void TCP_5_a_peer_that_does_not_close_times_out(void **state) {
    struct tcp_broker *broker = *state;
    struct raw_peer peer = raw_peer_connect_hello(broker);
    raw_peer_send_hello(&peer);
    (void)raw_peer_expect(&peer, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED);
    raw_peer_expect_close(&peer);
    int64_t deadline = llmp_os_now() + RAW_TIMEOUT_NS;
    while (send(peer.fd, "x", 1, MSG_NOSIGNAL) == 1) { /* fails once both halves of the broker's socket are closed */
        tcp_broker_run_once(broker, deadline);
    }
    assert_int_equal(broker->refused, 0);
    raw_peer_close(&peer);
}

/* ------------------------------------------------------------------ peers that are cut off */

static void TCP_6_close_without_a_request(void **state) {
    struct raw_peer peer = raw_peer_connect_hello(*state);
    raw_peer_close(&peer);
    expect_refusal(*state, -EPIPE);
}

static void TCP_6_half_close_without_a_request(void **state) {
    struct raw_peer peer = raw_peer_connect_hello(*state);
    (void)shutdown(peer.fd, SHUT_WR);
    expect_refusal(*state, -EPIPE);
    raw_peer_close(&peer);
}

static void TCP_6_close_within_a_frame(void **state) {
    struct raw_peer peer = raw_peer_connect_hello(*state);
    raw_peer_send_bytes(&peer, RAW_SPAN("\0\0\0\x18\0\x80"));
    raw_peer_close(&peer);
    expect_refusal(*state, -LLMP_E_FRAME_TRUNCATED);
}

/* Depending on the kernel, the broker sees the reset when it accepts the connection or when it reads. */
static void TCP_6_reset_right_after_connect(void **state) {
    struct tcp_broker *broker = *state;
    struct raw_peer peer = raw_peer_connect(broker);
    raw_peer_reset(&peer);
    tcp_broker_await_refusals(broker, 1);
    int code = broker->refused_code;
    assert_true(code == -ECONNRESET || code == -ECONNABORTED || code == -EPIPE);
    assert_int_equal(raw_peer_register(broker), 1);
}

/* ------------------------------------------------------------------ peers that violate the protocol */

/* Sends bytes that the broker refuses without a response. */
static void expect_refusal_of(struct tcp_broker *broker, struct llmp_span bytes, int code) {
    struct raw_peer peer = raw_peer_connect_hello(broker);
    raw_peer_send_bytes(&peer, bytes);
    expect_refusal(broker, code);
    raw_peer_close(&peer);
}

/* Sends a frame that the broker refuses with the response Error. */
static void expect_error_response(struct tcp_broker *broker, struct llmp_span frame, int code) {
    struct raw_peer peer = raw_peer_connect_hello(broker);
    raw_peer_send_bytes(&peer, frame);
    assert_true(raw_peer_expect(&peer, LLMP_RESPONSE_ERROR).text.length > 0);
    raw_peer_expect_end(&peer);
    expect_refusal(broker, code);
}

static void TCP_4_length_of_4_GiB(void **state) {
    expect_refusal_of(*state, RAW_SPAN("\xff\xff\xff\xff"), -LLMP_E_FRAME_TOO_LARGE);
}

static void TCP_4_another_protocol(void **state) {
    expect_refusal_of(*state, RAW_SPAN("GET / HTTP/1.1\r\n\r\n"), -LLMP_E_FRAME_TOO_LARGE);
}

static void POST_7_unknown_request(void **state) {
    expect_error_response(*state, RAW_SPAN("\0\0\0\1\x09"), -LLMP_E_POST_VARIANT);
}

static void POST_7_empty_request(void **state) {
    expect_error_response(*state, RAW_SPAN("\0\0\0\0"), -LLMP_E_POST_TRUNCATED);
}

static void B2B_1_is_refused_without_a_taker(void **state) {
    expect_error_response(*state, RAW_SPAN("\0\0\0\3\1\1a"), -LLMP_E_HANDSHAKE);
}

static void expect_refusal_of_channel(struct tcp_broker *broker, llmp_shmem_desc desc) {
    struct raw_peer peer = raw_peer_connect_hello(broker);
    int before = broker->refused;
    raw_peer_send(&peer, &(struct llmp_request){.kind = LLMP_REQUEST_LOCAL_CLIENT_HELLO, .desc = desc});
    assert_true(raw_peer_expect(&peer, LLMP_RESPONSE_ERROR).text.length > 0);
    raw_peer_expect_end(&peer);
    assert_int_equal(broker->refused, before + 1);
}

static void TCP_8_channel_that_cannot_be_opened(void **state) {
    struct tcp_broker *broker = *state;
    llmp_shmem_desc desc = llmp_sender_describe(broker->sender);
    expect_refusal_of_channel(broker, (llmp_shmem_desc){.size = 4096, .id = {"abc"}});
    expect_refusal_of_channel(broker, (llmp_shmem_desc){.size = 4096, .id = {""}});
    desc.size *= 1000;
    expect_refusal_of_channel(broker, desc);
    desc.size = 0;
    expect_refusal_of_channel(broker, desc);
    assert_int_equal(raw_peer_register(broker), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(TCP_5_a_silent_peer_blocks_no_other),
        WITH_SHORT(TCP_5_a_silent_peer_times_out),
        WITH_SHORT(TCP_5_a_peer_that_does_not_close_times_out),
        WITH(TCP_6_close_without_a_request),
        WITH(TCP_6_half_close_without_a_request),
        WITH(TCP_6_close_within_a_frame),
        WITH(TCP_6_reset_right_after_connect),
        WITH(TCP_4_length_of_4_GiB),
        WITH(TCP_4_another_protocol),
        WITH(POST_7_unknown_request),
        WITH(POST_7_empty_request),
        WITH(B2B_1_is_refused_without_a_taker),
        WITH(TCP_8_channel_that_cannot_be_opened),
    };
    return cmocka_run_group_tests_name("listener_refuses", tests, NULL, NULL);
}
