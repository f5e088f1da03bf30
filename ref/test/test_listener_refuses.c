/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The broker's TCP side against peers that are silent, slow to go, cut off, or lying: each costs that peer alone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/os.h"
#include "raw_peer.h"

#define SPAN LLMP_TEST_SPAN
#define WITH(name) cmocka_unit_test_setup_teardown(name, llmp_world_setup, llmp_world_teardown)
#define HASTY(name) cmocka_unit_test_setup_teardown(name, llmp_world_setup_hasty, llmp_world_teardown)

static void expect_refusal(struct llmp_world *world, int code) {
    llmp_world_await_refusals(world, 1);
    assert_int_equal(world->refused_code, code);
    assert_int_equal(llmp_raw_join(world), 1); /* it cost nobody else anything */
}

static void TCP_2_silent_peer_costs_nobody(void **state) {
    struct llmp_world *world = *state;
    struct llmp_raw silent = llmp_raw_connect(world);
    assert_int_equal(llmp_raw_join(world), 1);
    assert_int_equal(world->refused, 0);
    llmp_raw_close(&silent);
}

static void TCP_2_silent_peer_is_given_up(void **state) {
    struct llmp_world *world = *state;
    struct llmp_raw silent = llmp_raw_greeted(world);
    expect_refusal(world, -ETIMEDOUT);
    llmp_raw_sees_end(&silent);
    llmp_raw_close(&silent);
}

static void TCP_2_peer_that_never_hangs_up_is_given_up(void **state) {
    struct llmp_world *world = *state;
    struct llmp_raw peer = llmp_raw_greeted(world);
    struct llmp_request hello = llmp_raw_client_hello(world);
    llmp_raw_say(&peer, &hello);
    llmp_raw_hear(&peer, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED);
    llmp_raw_sees_end(&peer);
    int64_t end = llmp_os_now() + LLMP_TEST_PATIENCE;
    while (send(peer.fd, "x", 1, MSG_NOSIGNAL) == 1) { /* refused as soon as the broker's socket is really gone */
        llmp_world_round(world, end);
    }
    assert_int_equal(world->refused, 0);
    llmp_raw_close(&peer);
}

static void TCP_2_hang_up_without_a_word(void **state) {
    struct llmp_raw peer = llmp_raw_greeted(*state);
    llmp_raw_close(&peer);
    expect_refusal(*state, -EPIPE);
}

static void TCP_2_half_close_without_a_word(void **state) {
    struct llmp_raw peer = llmp_raw_greeted(*state);
    shutdown(peer.fd, SHUT_WR);
    expect_refusal(*state, -EPIPE);
    llmp_raw_close(&peer);
}

static void TCP_1_hang_up_in_body(void **state) {
    struct llmp_raw peer = llmp_raw_greeted(*state);
    llmp_raw_say_bytes(&peer, SPAN("\0\0\0\x18\0\x80"));
    llmp_raw_close(&peer);
    expect_refusal(*state, -LLMP_E_FRAME_TRUNCATED);
}

static void TCP_2_reset_right_after_connect(void **state) {
    struct llmp_world *world = *state;
    struct llmp_raw peer = llmp_raw_connect(world);
    llmp_raw_reset(&peer);
    int code = 0;
    for (int64_t end = llmp_os_now() + LLMP_TEST_PATIENCE; world->refused == 0;) {
        llmp_world_round(world, end);
    }
    code = world->refused_code; /* whether the system shows it in accepting or in reading */
    assert_true(code == -ECONNRESET || code == -ECONNABORTED || code == -EPIPE);
    assert_int_equal(llmp_raw_join(world), 1);
}

/* ------------------------------------------------------------------ peers that lie */

static void TCP_1_length_of_4_GiB(void **state) {
    struct llmp_raw peer = llmp_raw_greeted(*state);
    llmp_raw_say_bytes(&peer, SPAN("\xff\xff\xff\xff"));
    expect_refusal(*state, -LLMP_E_FRAME_TOO_LARGE);
    llmp_raw_close(&peer);
}

static void expect_error_answer(struct llmp_world *world, struct llmp_span frame, int code) {
    struct llmp_raw peer = llmp_raw_greeted(world);
    llmp_raw_say_bytes(&peer, frame);
    assert_true(llmp_raw_hear(&peer, LLMP_RESPONSE_ERROR).text.length > 0);
    llmp_raw_sees_end(&peer);
    llmp_raw_close(&peer);
    expect_refusal(world, code);
}

static void POST_7_unknown_request(void **state) {
    expect_error_answer(*state, SPAN("\0\0\0\1\x09"), -LLMP_E_POST_VARIANT);
}

static void POST_7_empty_request(void **state) {
    expect_error_answer(*state, SPAN("\0\0\0\0"), -LLMP_E_POST_TRUNCATED);
}

static void TCP_2_other_protocol(void **state) {
    struct llmp_raw peer = llmp_raw_greeted(*state);
    llmp_raw_say_bytes(&peer, SPAN("GET / HTTP/1.1\r\n\r\n"));
    expect_refusal(*state, -LLMP_E_FRAME_TOO_LARGE);
    llmp_raw_close(&peer);
}

static void B2B_1_is_not_offered_yet(void **state) {
    expect_error_answer(*state, SPAN("\0\0\0\3\1\1a"), -LLMP_E_HANDSHAKE);
}

static void refuse_channel(struct llmp_world *world, llmp_shmem_desc desc) {
    struct llmp_raw peer = llmp_raw_greeted(world);
    int before = world->refused;
    llmp_raw_say(&peer, &(struct llmp_request){.kind = LLMP_REQUEST_LOCAL_CLIENT_HELLO, .desc = desc});
    assert_true(llmp_raw_hear(&peer, LLMP_RESPONSE_ERROR).text.length > 0);
    llmp_raw_sees_end(&peer);
    llmp_raw_close(&peer);
    assert_int_equal(world->refused, before + 1);
}

static void ID_4_channel_that_cannot_be_opened(void **state) {
    struct llmp_world *world = *state;
    llmp_shmem_desc desc = llmp_sender_describe(world->sender);
    refuse_channel(world, (llmp_shmem_desc){.size = 4096, .id = {"abc"}});
    refuse_channel(world, (llmp_shmem_desc){.size = 4096, .id = {""}});
    desc.size *= 1000;
    refuse_channel(world, desc);
    desc.size = 0;
    refuse_channel(world, desc);
    assert_int_equal(llmp_raw_join(world), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(TCP_2_silent_peer_costs_nobody),
        HASTY(TCP_2_silent_peer_is_given_up),
        HASTY(TCP_2_peer_that_never_hangs_up_is_given_up),
        WITH(TCP_2_hang_up_without_a_word),
        WITH(TCP_2_half_close_without_a_word),
        WITH(TCP_1_hang_up_in_body),
        WITH(TCP_2_reset_right_after_connect),
        WITH(TCP_1_length_of_4_GiB),
        WITH(POST_7_unknown_request),
        WITH(POST_7_empty_request),
        WITH(TCP_2_other_protocol),
        WITH(B2B_1_is_not_offered_yet),
        WITH(ID_4_channel_that_cannot_be_opened),
    };
    return cmocka_run_group_tests_name("listener_refuses", tests, NULL, NULL);
}
