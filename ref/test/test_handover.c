/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Connections that the listener hands over to a taker (B2B-1). */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "broker/state.h"
#include "channel/sender_state.h"
#include "os/os.h"
#include "raw_peer.h"

/* ------------------------------------------------------------------ a taker */

struct toy_taker {
    int rc; /* what it answers */
    int calls;
    char hostname[32];
    struct llmp_handover taken; /* valid if rc is 0 and calls is 1 */
};

static int take(void *self, const struct llmp_handover *connection) {
    struct toy_taker *taker = self;
    const struct llmp_span text = connection->request->text;
    taker->calls++;
    assert_true(text.length < sizeof taker->hostname);
    memcpy(taker->hostname, text.bytes, text.length);
    if (taker->rc == 0) {
        taker->taken = *connection;
    }
    return taker->rc;
}

static struct tcp_broker *broker_with(struct toy_taker *taker) {
    struct llmp_takers takers = {0};
    takers.of_kind[LLMP_REQUEST_REMOTE_BROKER_HELLO] = (struct llmp_taker){.take = take, .self = taker};
    return tcp_broker_new(RAW_TIMEOUT_NS, &takers);
}

static void release(struct toy_taker *taker) {
    llmp_frame_reader_fini(&taker->taken.reader);
    llmp_frame_writer_fini(&taker->taken.writer);
    llmp_socket_close(taker->taken.socket);
}

static void await_call(struct tcp_broker *broker, const struct toy_taker *taker) {
    for (int64_t deadline = llmp_os_now() + RAW_TIMEOUT_NS; taker->calls == 0;) {
        tcp_broker_run_once(broker, deadline);
    }
}

#define BROKER_HELLO "\0\0\0\5\1\3abc"

/* ------------------------------------------------------------------ handing over */

/* The taker gets the socket, the hostname, and the bytes that followed the request: a frame and a half. */
static void B2B_1_the_taker_gets_socket_and_unread_bytes(void **state) {
    (void)state;
    struct toy_taker taker = {0};
    struct tcp_broker *broker = broker_with(&taker);
    struct raw_peer peer = raw_peer_connect_hello(broker);
    raw_peer_send_bytes(&peer, RAW_SPAN(BROKER_HELLO "\0\0\0\4next\0\0\0\4ha"));
    await_call(broker, &taker);
    assert_string_equal(taker.hostname, "abc");
    struct llmp_span body;
    assert_ok(llmp_frame_read(&taker.taken.reader, taker.taken.socket, &body));
    assert_int_equal(body.length, 4);
    assert_memory_equal(body.bytes, "next", 4);
    assert_rc(llmp_frame_read(&taker.taken.reader, taker.taken.socket, &body), -EAGAIN);
    raw_peer_send_bytes(&peer, RAW_SPAN("lf"));
    assert_ok(llmp_frame_read(&taker.taken.reader, taker.taken.socket, &body));
    assert_memory_equal(body.bytes, "half", 4);
    assert_int_equal(broker->refused, 0);
    raw_peer_close(&peer);
    release(&taker);
    tcp_broker_free(broker);
}

/* The taker sends the response. The listener neither closes the connection nor counts it against its limits. */
static void B2B_1_the_connection_outlives_the_broker(void **state) {
    (void)state;
    struct toy_taker taker = {0};
    struct tcp_broker *broker = broker_with(&taker);
    struct raw_peer peer = raw_peer_connect_hello(broker);
    raw_peer_send_bytes(&peer, RAW_SPAN(BROKER_HELLO));
    await_call(broker, &taker);
    assert_ok(llmp_frame_put(&taker.taken.writer, RAW_SPAN("\2\7")));
    assert_ok(llmp_frame_flush(&taker.taken.writer, taker.taken.socket));
    assert_int_equal(raw_peer_expect(&peer, LLMP_RESPONSE_REMOTE_BROKER_ACCEPTED).id, 7);
    assert_int_equal(raw_peer_register(broker), 1);
    tcp_broker_free(broker);
    assert_ok(llmp_frame_put(&taker.taken.writer, RAW_SPAN("more")));
    assert_ok(llmp_frame_flush(&taker.taken.writer, taker.taken.socket));
    struct llmp_span body;
    int64_t deadline = llmp_os_now() + RAW_TIMEOUT_NS;
    int rc = llmp_frame_read(&peer.reader, peer.fd, &body);
    while (rc == -EAGAIN && llmp_os_now() < deadline) {
        rc = llmp_frame_read(&peer.reader, peer.fd, &body);
    }
    assert_ok(rc);
    assert_memory_equal(body.bytes, "more", 4);
    raw_peer_close(&peer);
    release(&taker);
}

/* The request is there when the broker accepts the connection, before its own hello is sent. */
static void B2B_1_a_request_before_the_hello_was_read(void **state) {
    (void)state;
    struct toy_taker taker = {0};
    struct tcp_broker *broker = broker_with(&taker);
    struct raw_peer peer = raw_peer_connect(broker);
    raw_peer_send_bytes(&peer, RAW_SPAN(BROKER_HELLO));
    await_call(broker, &taker);
    (void)llmp_frame_flush(&taker.taken.writer, taker.taken.socket);
    (void)raw_peer_expect(&peer, LLMP_RESPONSE_BROKER_CONNECT_HELLO);
    raw_peer_close(&peer);
    release(&taker);
    tcp_broker_free(broker);
}

/* The reservation of the peer ends with the handover: it does not become a reader of the broadcast. */
static void B2B_1_the_reservation_is_cancelled(void **state) {
    (void)state;
    struct toy_taker taker = {0};
    struct tcp_broker *broker = broker_with(&taker);
    const struct llmp_page_set *pages = &broker->broker->broadcast->pages;
    struct raw_peer peer = raw_peer_connect_hello(broker);
    assert_int_equal(pages->reservations, 1);
    raw_peer_send_bytes(&peer, RAW_SPAN(BROKER_HELLO));
    await_call(broker, &taker);
    assert_int_equal(pages->reservations, 0);
    assert_int_equal(pages->receivers, 0);
    raw_peer_close(&peer);
    release(&taker);
    tcp_broker_free(broker);
}

/* ------------------------------------------------------------------ refusing */

static void B2B_1_a_taker_may_refuse(void **state) {
    (void)state;
    struct toy_taker taker = {.rc = -LLMP_E_CLIENTS_FULL};
    struct tcp_broker *broker = broker_with(&taker);
    struct raw_peer peer = raw_peer_connect_hello(broker);
    raw_peer_send_bytes(&peer, RAW_SPAN(BROKER_HELLO "\0\0\0\4next"));
    struct llmp_response error = raw_peer_expect(&peer, LLMP_RESPONSE_ERROR);
    const char *text = llmp_strerror(-LLMP_E_CLIENTS_FULL);
    assert_int_equal(error.text.length, strlen(text));
    assert_memory_equal(error.text.bytes, text, error.text.length);
    raw_peer_expect_end(&peer);
    assert_int_equal(taker.calls, 1);
    assert_int_equal(broker->refused, 1);
    assert_rc(broker->refused_code, -LLMP_E_CLIENTS_FULL);
    assert_int_equal(raw_peer_register(broker), 1);
    tcp_broker_free(broker);
}

/* The other kinds of request are served as without a taker. */
static void B2B_1_a_taker_gets_its_kind_only(void **state) {
    (void)state;
    struct toy_taker taker = {0};
    struct tcp_broker *broker = broker_with(&taker);
    raw_peer_quit(broker, raw_peer_register(broker));
    assert_int_equal(broker->joined, 1);
    tcp_broker_await_left(broker, 1);
    assert_int_equal(taker.calls, 0);
    tcp_broker_free(broker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(B2B_1_the_taker_gets_socket_and_unread_bytes),
        cmocka_unit_test(B2B_1_the_connection_outlives_the_broker),
        cmocka_unit_test(B2B_1_a_request_before_the_hello_was_read),
        cmocka_unit_test(B2B_1_the_reservation_is_cancelled),
        cmocka_unit_test(B2B_1_a_taker_may_refuse),
        cmocka_unit_test(B2B_1_a_taker_gets_its_kind_only),
    };
    return cmocka_run_group_tests_name("handover", tests, NULL, NULL);
}
