/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The broker's TCP side (TCP-1 to TCP-3), with peers that do as they should, or nothing. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "broker/broker_internal.h"
#include "channel/sender_state.h"
#include "os/os.h"
#include "raw_peer.h"

#define SPAN LLMP_TEST_SPAN
#define WITH(name) cmocka_unit_test_setup_teardown(name, llmp_world_setup, llmp_world_teardown)

/* ------------------------------------------------------------------ good peers */

static void TCP_2_broker_speaks_first(void **state) {
    struct llmp_raw peer = llmp_raw_connect(*state);
    struct llmp_response hello = llmp_raw_hear(&peer, LLMP_RESPONSE_BROKER_CONNECT_HELLO);
    llmp_receiver *receiver;
    assert_int_equal(hello.desc.size, 1 << 20);
    assert_true(hello.text.length > 0);
    assert_int_equal(llmp_receiver_new(&hello.desc, &(llmp_receiver_options){.pre_joined = true}, &receiver), 0);
    llmp_receiver_free(receiver);
    llmp_raw_close(&peer);
}

static void BROKER_2_tcp_clients_count_from_1(void **state) {
    struct llmp_world *world = *state;
    assert_int_equal(llmp_raw_join(world), 1);
    assert_int_equal(llmp_raw_join(world), 2);
    assert_int_equal(world->joined, 2);
    assert_int_equal(world->refused, 0);
}

/* Closing with unread bytes in hand would reset the connection, and the answer with it. */
static void TCP_2_answer_survives_what_comes_behind_the_request(void **state) {
    static uint8_t more[100000];
    struct llmp_raw peer = llmp_raw_greeted(*state);
    struct llmp_request hello = llmp_raw_client_hello(*state);
    llmp_raw_say(&peer, &hello);
    llmp_raw_say_bytes(&peer, (struct llmp_span){more, sizeof more});
    llmp_raw_hear(&peer, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED);
    llmp_raw_sees_end(&peer);
    llmp_raw_say_bytes(&peer, SPAN("x")); /* to a socket that was closed this would work, and the next one not */
    llmp_world_round(peer.world, INT64_MAX);
    llmp_raw_say_bytes(&peer, SPAN("x"));
    llmp_raw_close(&peer);
}

static void TCP_2_one_request_a_connection(void **state) {
    struct llmp_world *world = *state;
    struct llmp_raw peer = llmp_raw_greeted(world);
    struct llmp_request hello = llmp_raw_client_hello(world);
    llmp_raw_say(&peer, &hello);
    llmp_raw_say(&peer, &hello);
    llmp_raw_hear(&peer, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED);
    llmp_raw_sees_end(&peer);
    assert_int_equal(world->joined, 1);
    llmp_raw_close(&peer);
}

static void TCP_2_request_before_the_greeting_was_read(void **state) {
    struct llmp_raw peer = llmp_raw_connect(*state);
    struct llmp_request hello = llmp_raw_client_hello(*state);
    llmp_raw_say(&peer, &hello);
    llmp_raw_hear(&peer, LLMP_RESPONSE_BROKER_CONNECT_HELLO);
    llmp_raw_hear(&peer, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED);
    llmp_raw_close(&peer);
}

static void TCP_2_half_close_after_the_request(void **state) {
    struct llmp_raw peer = llmp_raw_greeted(*state);
    struct llmp_request hello = llmp_raw_client_hello(*state);
    llmp_raw_say(&peer, &hello);
    shutdown(peer.fd, SHUT_WR);
    llmp_raw_hear(&peer, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED);
    llmp_raw_sees_end(&peer);
    llmp_raw_close(&peer);
}

/* One byte in each round, and meanwhile another gets in. */
static void TCP_1_slow_peer(void **state) {
    struct llmp_world *world = *state;
    struct llmp_raw slow = llmp_raw_greeted(world);
    llmp_shmem_desc desc = llmp_sender_describe(world->sender);
    uint8_t frame[64] = {0};
    struct llmp_request hello = {.kind = LLMP_REQUEST_LOCAL_CLIENT_HELLO, .desc = desc};
    int64_t length = llmp_request_encode(&hello, frame + 4, sizeof frame - 4);
    frame[3] = (uint8_t)length;
    for (int64_t i = 0; i < 4 + length; i++) {
        if (i == length / 2) {
            assert_int_equal(llmp_raw_join(world), 1);
        }
        llmp_raw_say_bytes(&slow, (struct llmp_span){frame + i, 1});
        (void)llmp_broker_run_once(world->broker);
    }
    assert_int_equal(llmp_raw_hear(&slow, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED).id, 2);
    llmp_raw_close(&slow);
}

static void TCP_2_hundred_in_a_row(void **state) {
    struct llmp_world *world = *state;
    for (uint32_t i = 1; i <= 100; i++) {
        assert_int_equal(llmp_raw_join(world), i);
        llmp_raw_quit(world, i);
    }
    assert_int_equal(world->left, 100);
    assert_int_equal(world->refused, 0);
}

/* ------------------------------------------------------------------ quitting */

static void TCP_3_quit_removes_the_client(void **state) {
    struct llmp_world *world = *state;
    uint32_t id = llmp_raw_join(world);
    llmp_raw_quit(world, id);
    assert_int_equal(world->left, 1);
    assert_int_equal(world->refused, 0);
}

static void TCP_3_quit_of_an_unknown_client(void **state) {
    struct llmp_world *world = *state;
    llmp_raw_quit(world, 77);
    assert_int_equal(world->refused, 1);
    assert_int_equal(world->refused_code, -LLMP_E_NO_CLIENT);
    assert_int_equal(llmp_raw_join(world), 1);
}

static void TCP_3_quit_of_the_listener(void **state) {
    struct llmp_world *world = *state;
    llmp_raw_quit(world, 0);
    assert_int_equal(world->refused_code, -LLMP_E_NO_CLIENT);
    assert_int_equal(llmp_raw_join(world), 1);
}

/* What a peer was offered and did not take must not count for ever: pages would never be used again. */
static void TCP_2_offers_are_taken_back(void **state) {
    struct llmp_world *world = *state;
    const struct llmp_page_set *pages = &world->broker->broadcast->pages;
    struct llmp_raw silent = llmp_raw_greeted(world), gone = llmp_raw_greeted(world), odd = llmp_raw_greeted(world);
    assert_int_equal(pages->reservations, 3);
    llmp_raw_close(&silent);
    llmp_raw_reset(&gone);
    llmp_raw_say_bytes(&odd, SPAN("\0\0\0\1\x09"));
    llmp_raw_hear(&odd, LLMP_RESPONSE_ERROR);
    llmp_world_await_refusals(world, 3);
    llmp_raw_join(world);
    llmp_raw_quit(world, 99);
    assert_int_equal(pages->reservations, 0);
    assert_int_equal(pages->receivers, 1);
    llmp_raw_close(&odd);
}

/* ------------------------------------------------------------------ too many */

/* More silent peers than there are places: whoever speaks still gets in. */
static void TCP_2_silent_crowd_cannot_lock_out(void **state) {
    enum { CROWD = 200 };
    struct llmp_world *world = *state;
    struct llmp_raw crowd[CROWD];
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = llmp_raw_connect(world);
    }
    assert_int_equal(llmp_raw_join(world), 1);
    assert_true(world->refused >= CROWD - 64); /* they made room … */
    assert_int_equal(world->refused_code, -EBUSY);
    assert_int_equal(llmp_raw_join(world), 2);
    for (int i = 0; i < CROWD; i++) {
        llmp_raw_close(&crowd[i]);
    }
}

/* No descriptor left: nobody gets in, nothing breaks, and later it goes on. */
static void TCP_2_out_of_descriptors(void **state) {
    struct llmp_world *world = *state;
    struct rlimit limit, none;
    struct llmp_raw peer = llmp_raw_connect(world);
    int lowest = dup(peer.fd);
    close(lowest);
    getrlimit(RLIMIT_NOFILE, &limit);
    none = limit;
    none.rlim_cur = (rlim_t)lowest;
    setrlimit(RLIMIT_NOFILE, &none);
    for (int64_t end = llmp_os_now() + LLMP_TEST_PATIENCE; world->refused == 0;) {
        llmp_world_round(world, end);
    }
    int64_t since = llmp_os_now();
    while (llmp_os_now() - since < LLMP_MILLISECONDS(20)) {
        llmp_world_round(world, INT64_MAX);
    }
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(world->refused_code, -EMFILE);
    if (llmp_os_now() - since < LLMP_MILLISECONDS(90)) {
        assert_int_equal(world->refused, 1); /* not at each look: it pauses for 100 ms */
    }
    llmp_raw_hear(&peer, LLMP_RESPONSE_BROKER_CONNECT_HELLO);
    llmp_raw_close(&peer);
}

/* ------------------------------------------------------------------ the listener itself */

static void TCP_1_port_in_use(void **state) {
    struct llmp_world *world = *state;
    llmp_broker *second;
    assert_int_equal(llmp_broker_new(NULL, &second), 0);
    assert_int_equal(llmp_broker_listen(second, NULL, (uint16_t)world->port), -EADDRINUSE);
    assert_in_range(llmp_broker_listen(second, NULL, 0), 1, 65535); /* the failure used up no id */
    llmp_broker_free(second, LLMP_NOWAIT);
}

static void BROKER_2_listener_comes_first(void **state) {
    struct llmp_world *world = *state;
    assert_int_equal(llmp_broker_listen(world->broker, NULL, 0), -EBUSY);
}

/* A label of a name has 63 bytes at most: no resolver is asked. */
static void TCP_1_host_that_cannot_be(void **state) {
    struct llmp_world *world = *state;
    char host[81] = {0};
    memset(host, 'a', sizeof host - 1);
    assert_int_equal(llmp_broker_listen(world->broker, host, 0), -EHOSTUNREACH);
}

/* Nothing of these peers is left when the broker goes (the leak checker looks). */
static void TCP_2_broker_ends_amid_handshakes(void **state) {
    struct llmp_world *world = *state;
    struct llmp_raw silent = llmp_raw_greeted(world), half = llmp_raw_greeted(world), done = llmp_raw_greeted(world);
    struct llmp_request hello = llmp_raw_client_hello(world);
    llmp_raw_say_bytes(&half, SPAN("\0\0\0\x18\0"));
    llmp_raw_say(&done, &hello);
    llmp_raw_hear(&done, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED);
    llmp_world_teardown(state);
    llmp_world_setup(state);
    llmp_raw_close(&silent);
    llmp_raw_close(&half);
    llmp_raw_close(&done);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(TCP_2_broker_speaks_first),
        WITH(BROKER_2_tcp_clients_count_from_1),
        WITH(TCP_2_answer_survives_what_comes_behind_the_request),
        WITH(TCP_2_one_request_a_connection),
        WITH(TCP_2_request_before_the_greeting_was_read),
        WITH(TCP_2_half_close_after_the_request),
        WITH(TCP_1_slow_peer),
        WITH(TCP_2_hundred_in_a_row),
        WITH(TCP_3_quit_removes_the_client),
        WITH(TCP_3_quit_of_an_unknown_client),
        WITH(TCP_3_quit_of_the_listener),
        WITH(TCP_2_offers_are_taken_back),
        WITH(TCP_2_silent_crowd_cannot_lock_out),
        WITH(TCP_2_out_of_descriptors),
        WITH(TCP_1_port_in_use),
        WITH(BROKER_2_listener_comes_first),
        WITH(TCP_1_host_that_cannot_be),
        WITH(TCP_2_broker_ends_amid_handshakes),
    };
    return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
