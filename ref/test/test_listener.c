/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The broker's TCP side (TCP-1 to TCP-3), with peers that keep to the protocol, and with too many of them. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/state.h"
#include "channel/sender_state.h"
#include "os/os.h"
#include "raw_peer.h"

#define WITH(name) cmocka_unit_test_setup_teardown(name, tcp_broker_setup, tcp_broker_teardown)

/* ------------------------------------------------------------------ registering */

static void TCP_2_the_broker_sends_first(void **state) {
    struct raw_peer peer = raw_peer_connect(*state);
    struct llmp_response hello = raw_peer_expect(&peer, LLMP_RESPONSE_BROKER_CONNECT_HELLO);
    llmp_receiver *receiver;
    assert_int_equal(hello.desc.size, 1 << 20);
    assert_true(hello.text.length > 0);
    assert_ok(llmp_receiver_new(&hello.desc, &(llmp_receiver_options){.pre_joined = true}, &receiver));
    llmp_receiver_free(receiver);
    raw_peer_close(&peer);
}

static void BROKER_2_tcp_clients_count_from_1(void **state) {
    struct tcp_broker *broker = *state;
    assert_int_equal(raw_peer_register(broker), 1);
    assert_int_equal(raw_peer_register(broker), 2);
    assert_int_equal(broker->joined, 2);
    assert_int_equal(broker->refused, 0);
}

/* Closing a socket that has unread bytes resets the connection, and the response would be lost. */
static void TCP_2_the_response_survives_bytes_behind_the_request(void **state) {
    static uint8_t more[100000];
    struct raw_peer peer = raw_peer_connect_hello(*state);
    raw_peer_send_hello(&peer);
    raw_peer_send_bytes(&peer, (struct llmp_span){more, sizeof more});
    (void)raw_peer_expect(&peer, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED);
    raw_peer_expect_close(&peer);
    raw_peer_send_bytes(&peer, RAW_SPAN("x")); /* to a closed socket this would succeed, and the next one would fail */
    tcp_broker_run_once(peer.broker, INT64_MAX);
    raw_peer_send_bytes(&peer, RAW_SPAN("x"));
    raw_peer_close(&peer);
}

static void TCP_2_one_request_on_each_connection(void **state) {
    struct tcp_broker *broker = *state;
    struct raw_peer peer = raw_peer_connect_hello(broker);
    raw_peer_send_hello(&peer);
    raw_peer_send_hello(&peer);
    (void)raw_peer_expect(&peer, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED);
    raw_peer_expect_end(&peer);
    assert_int_equal(broker->joined, 1);
}

static void TCP_2_a_request_before_the_hello_was_read(void **state) {
    struct raw_peer peer = raw_peer_connect(*state);
    raw_peer_send_hello(&peer);
    (void)raw_peer_expect(&peer, LLMP_RESPONSE_BROKER_CONNECT_HELLO);
    (void)raw_peer_expect(&peer, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED);
    raw_peer_close(&peer);
}

static void TCP_2_a_half_close_after_the_request(void **state) {
    struct raw_peer peer = raw_peer_connect_hello(*state);
    raw_peer_send_hello(&peer);
    (void)shutdown(peer.fd, SHUT_WR);
    (void)raw_peer_expect(&peer, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED);
    raw_peer_expect_end(&peer);
}

/* One peer sends one byte in each round; another registers meanwhile. */
static void TCP_5_a_slow_peer_blocks_no_other(void **state) {
    struct tcp_broker *broker = *state;
    struct raw_peer slow = raw_peer_connect_hello(broker);
    uint8_t frame[64] = {0};
    struct llmp_request hello = {.kind = LLMP_REQUEST_LOCAL_CLIENT_HELLO, .desc = llmp_sender_describe(broker->sender)};
    int64_t length = llmp_request_encode(&hello, frame + 4, sizeof frame - 4);
    frame[3] = (uint8_t)length;
    for (int64_t i = 0; i < 4 + length; i++) {
        if (i == length / 2) {
            assert_int_equal(raw_peer_register(broker), 1);
        }
        raw_peer_send_bytes(&slow, (struct llmp_span){frame + i, 1});
        (void)llmp_broker_run_once(broker->broker);
    }
    assert_int_equal(raw_peer_expect(&slow, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED).id, 2);
    raw_peer_close(&slow);
}

static void TCP_2_hundred_clients_one_after_the_other(void **state) {
    struct tcp_broker *broker = *state;
    for (uint32_t i = 1; i <= 100; i++) {
        assert_int_equal(raw_peer_register(broker), i);
        raw_peer_quit(broker, i);
        raw_peer_end_channel(broker);
    }
    tcp_broker_await_left(broker, 100);
    assert_int_equal(broker->refused, 0);
}

/* ------------------------------------------------------------------ quitting */

static void TCP_3_quit_removes_the_client(void **state) {
    struct tcp_broker *broker = *state;
    uint32_t id = raw_peer_register(broker);
    raw_peer_quit(broker, id);
    tcp_broker_await_left(broker, 1);
    assert_int_equal(broker->refused, 0);
}

/* Its page is attached to no process any more: the broker does not wait whether it sends more. */
static void TCP_3_quit_removes_a_client_that_ended(void **state) {
    struct tcp_broker *broker = *state;
    uint32_t id = raw_peer_register(broker);
    raw_peer_quit(broker, id);
    raw_peer_end_channel(broker);
    int64_t begun = llmp_os_now();
    tcp_broker_await_left(broker, 1);
    assert_true(llmp_os_now() - begun < LLMP_MILLISECONDS(400));
}

/* Runs rounds for a second, in which the client sends a message every 10 ms. */
static void send_for_a_second(struct tcp_broker *broker, llmp_sender *channel) {
    int64_t end = llmp_os_now() + LLMP_SECONDS(1);
    for (int64_t next = 0; llmp_os_now() < end;) {
        if (llmp_os_now() >= next) {
            next = llmp_os_now() + LLMP_MILLISECONDS(10);
            assert_ok(llmp_send(channel, 1, 0, "x", 1, LLMP_NOWAIT));
        }
        tcp_broker_run_once(broker, INT64_MAX);
    }
}

/* Any peer can send any id. A client that goes on to send is alive, and stays; also when it is silent later. */
static void TCP_3_quit_in_the_name_of_another_does_nothing(void **state) {
    struct tcp_broker *broker = *state;
    uint32_t id = raw_peer_register(broker);
    for (uint32_t i = 0; i < 20; i++) {
        raw_peer_quit(broker, i);
    }
    send_for_a_second(broker, broker->channels[0]);
    for (int64_t end = llmp_os_now() + LLMP_SECONDS(1); llmp_os_now() < end;) {
        tcp_broker_run_once(broker, INT64_MAX);
    }
    assert_int_equal(broker->left, 0);
    assert_int_equal(broker->joined, 1);
    assert_int_equal(id, 1);
}

static void TCP_7_quit_of_an_unknown_client(void **state) {
    struct tcp_broker *broker = *state;
    raw_peer_quit(broker, 77);
    assert_int_equal(broker->refused, 1);
    assert_rc(broker->refused_code, -LLMP_E_NO_CLIENT);
    assert_int_equal(raw_peer_register(broker), 1);
}

static void TCP_7_quit_of_the_listener(void **state) {
    struct tcp_broker *broker = *state;
    raw_peer_quit(broker, 0);
    assert_rc(broker->refused_code, -LLMP_E_NO_CLIENT);
    assert_int_equal(raw_peer_register(broker), 1);
}

/* A reservation that stayed after its peer is gone would keep pages from ever being reused. */
static void TCP_2_reservations_are_cancelled(void **state) {
    struct tcp_broker *broker = *state;
    const struct llmp_page_set *pages = &broker->broker->broadcast->pages;
    struct raw_peer silent = raw_peer_connect_hello(broker);
    struct raw_peer gone = raw_peer_connect_hello(broker);
    struct raw_peer wrong = raw_peer_connect_hello(broker);
    assert_int_equal(pages->reservations, 3);
    raw_peer_close(&silent);
    raw_peer_reset(&gone);
    raw_peer_send_bytes(&wrong, RAW_SPAN("\0\0\0\1\x09"));
    (void)raw_peer_expect(&wrong, LLMP_RESPONSE_ERROR);
    tcp_broker_await_refusals(broker, 3);
    (void)raw_peer_register(broker);
    raw_peer_quit(broker, 99);
    assert_int_equal(pages->reservations, 0);
    assert_int_equal(pages->receivers, 1);
    raw_peer_close(&wrong);
}

/* ------------------------------------------------------------------ too many peers */

/* More silent peers than there are places: a peer that sends a request still gets in. */
static void TCP_5_silent_peers_cannot_lock_out_others(void **state) {
    enum { SILENT = 200 };
    struct tcp_broker *broker = *state;
    struct raw_peer silent[SILENT];
    for (int i = 0; i < SILENT; i++) {
        silent[i] = raw_peer_connect(broker);
    }
    assert_int_equal(raw_peer_register(broker), 1);
    assert_true(tcp_broker_refusals(broker) >= SILENT - 64); /* evicted, to make room */
    assert_rc(broker->refused_code, -EBUSY);
    assert_int_equal(raw_peer_register(broker), 2);
    for (int i = 0; i < SILENT; i++) {
        raw_peer_close(&silent[i]);
    }
}

/* Leaves this process no descriptor but those that are open. Returns the limit as it was. */
static struct rlimit forbid_descriptors(int open_fd) {
    int lowest = dup(open_fd);
    (void)close(lowest);
    struct rlimit before;
    (void)getrlimit(RLIMIT_NOFILE, &before);
    struct rlimit none = before;
    none.rlim_cur = (rlim_t)lowest;
    (void)setrlimit(RLIMIT_NOFILE, &none);
    return before;
}

/* The broker reports this once, pauses accepting for 100 ms, and accepts the peer later. */
static void TCP_2_out_of_descriptors(void **state) {
    struct tcp_broker *broker = *state;
    struct raw_peer peer = raw_peer_connect(broker);
    struct rlimit limit = forbid_descriptors(peer.fd);
    for (int64_t deadline = llmp_os_now() + RAW_TIMEOUT_NS; broker->shortages == 0;) {
        tcp_broker_run_once(broker, deadline);
    }
    int64_t since = llmp_os_now();
    while (llmp_os_now() - since < LLMP_MILLISECONDS(20)) {
        tcp_broker_run_once(broker, INT64_MAX);
    }
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    assert_rc(broker->shortage_code, -EMFILE);
    assert_int_equal(broker->refused, 0);
    if (llmp_os_now() - since < LLMP_MILLISECONDS(900)) {
        assert_int_equal(broker->shortages, 1);
    }
    (void)raw_peer_expect(&peer, LLMP_RESPONSE_BROKER_CONNECT_HELLO);
    raw_peer_close(&peer);
}

/* ------------------------------------------------------------------ the listener itself */

static void TCP_1_port_in_use(void **state) {
    struct tcp_broker *broker = *state;
    llmp_broker *second;
    assert_ok(llmp_broker_new(NULL, &second));
    assert_rc(llmp_broker_listen(second, NULL, (uint16_t)broker->port), -EADDRINUSE);
    assert_in_range(llmp_broker_listen(second, NULL, 0), 1, 65535); /* the failure used up no id */
    llmp_broker_free(second, LLMP_NOWAIT);
}

static void BROKER_2_the_listener_needs_id_0(void **state) {
    struct tcp_broker *broker = *state;
    assert_rc(llmp_broker_listen(broker->broker, NULL, 0), -EBUSY);
}

/* A label of a host name has at most 63 bytes, so no resolver is asked. */
static void TCP_1_impossible_host_name(void **state) {
    struct tcp_broker *broker = *state;
    char host[81] = {0};
    memset(host, 'a', sizeof host - 1);
    assert_rc(llmp_broker_listen(broker->broker, host, 0), -EHOSTUNREACH);
}

/* LeakSanitizer checks that these peers are freed with the broker. */
static void TCP_2_the_broker_is_freed_amid_handshakes(void **state) {
    struct raw_peer silent = raw_peer_connect_hello(*state);
    struct raw_peer half = raw_peer_connect_hello(*state);
    struct raw_peer done = raw_peer_connect_hello(*state);
    raw_peer_send_bytes(&half, RAW_SPAN("\0\0\0\x18\0"));
    raw_peer_send_hello(&done);
    (void)raw_peer_expect(&done, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED);
    (void)tcp_broker_teardown(state);
    (void)tcp_broker_setup(state);
    raw_peer_close(&silent);
    raw_peer_close(&half);
    raw_peer_close(&done);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(TCP_2_the_broker_sends_first),
        WITH(BROKER_2_tcp_clients_count_from_1),
        WITH(TCP_2_the_response_survives_bytes_behind_the_request),
        WITH(TCP_2_one_request_on_each_connection),
        WITH(TCP_2_a_request_before_the_hello_was_read),
        WITH(TCP_2_a_half_close_after_the_request),
        WITH(TCP_5_a_slow_peer_blocks_no_other),
        WITH(TCP_2_hundred_clients_one_after_the_other),
        WITH(TCP_3_quit_removes_the_client),
        WITH(TCP_3_quit_removes_a_client_that_ended),
        WITH(TCP_3_quit_in_the_name_of_another_does_nothing),
        WITH(TCP_7_quit_of_an_unknown_client),
        WITH(TCP_7_quit_of_the_listener),
        WITH(TCP_2_reservations_are_cancelled),
        WITH(TCP_5_silent_peers_cannot_lock_out_others),
        WITH(TCP_2_out_of_descriptors),
        WITH(TCP_1_port_in_use),
        WITH(BROKER_2_the_listener_needs_id_0),
        WITH(TCP_1_impossible_host_name),
        WITH(TCP_2_the_broker_is_freed_amid_handshakes),
    };
    return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
