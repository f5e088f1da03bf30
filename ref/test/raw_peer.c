/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "raw_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/events.h"
#include "os/os.h"

/* ------------------------------------------------------------------ the broker */

static void on_event(void *context, const llmp_broker_event *event) {
    struct tcp_broker *broker = context;
    broker->joined += event->type == LLMP_EVENT_CLIENT_JOINED;
    broker->left += event->type == LLMP_EVENT_CLIENT_LEFT || event->type == LLMP_EVENT_CLIENT_REMOVED;
    if (event->type == LLMP_EVENT_PEER_REFUSED) {
        broker->refused += (int)event->count;
        broker->refused_code = event->code;
    }
    if (event->type == LLMP_EVENT_SHORTAGE) {
        broker->shortages++;
        broker->shortage_code = event->code;
    }
}

static llmp_sender *new_channel(void) {
    llmp_sender *sender;
    assert_ok(llmp_sender_new(&(llmp_sender_options){.page_size = 4096}, &sender));
    return sender;
}

struct tcp_broker *tcp_broker_new(int64_t limit_ns, const struct llmp_takers *takers) {
    struct tcp_broker *broker = calloc(1, sizeof *broker);
    assert_non_null(broker);
    llmp_broker_options options = {.on_event = on_event, .event_context = broker};
    assert_ok(llmp_broker_new(&options, &broker->broker));
    broker->sender = new_channel();
    struct llmp_listener_limits limits = llmp_listener_limits_default();
    limits.deadline_ns = limits.closing_ns = limit_ns;
    broker->port = llmp_listener_attach(broker->broker, NULL, 0, limits, takers);
    assert_in_range(broker->port, 1, 65535);
    return broker;
}

void tcp_broker_free(struct tcp_broker *broker) {
    llmp_broker_free(broker->broker, LLMP_NOWAIT);
    (void)llmp_sender_free(broker->sender, LLMP_NOWAIT);
    for (size_t i = 0; i < broker->channel_count; i++) {
        (void)llmp_sender_free(broker->channels[i], LLMP_NOWAIT);
    }
    free(broker);
}

int tcp_broker_setup(void **state) {
    *state = tcp_broker_new(RAW_TIMEOUT_NS, NULL);
    return 0;
}

int tcp_broker_setup_short(void **state) {
    *state = tcp_broker_new(LLMP_MILLISECONDS(50), NULL);
    return 0;
}

int tcp_broker_teardown(void **state) {
    tcp_broker_free(*state);
    return 0;
}

void tcp_broker_run_once(struct tcp_broker *broker, int64_t deadline) {
    (void)llmp_broker_run_once(broker->broker);
    assert_true(llmp_os_now() < deadline);
}

int tcp_broker_refusals(struct tcp_broker *broker) {
    llmp_events_flush(broker->broker);
    return broker->refused;
}

void tcp_broker_await_refusals(struct tcp_broker *broker, int count) {
    for (int64_t deadline = llmp_os_now() + RAW_TIMEOUT_NS; broker->refused < count;) {
        tcp_broker_run_once(broker, deadline);
    }
    assert_int_equal(broker->refused, count);
}

void tcp_broker_await_left(struct tcp_broker *broker, int count) {
    for (int64_t deadline = llmp_os_now() + RAW_TIMEOUT_NS; broker->left < count;) {
        tcp_broker_run_once(broker, deadline);
    }
    assert_int_equal(broker->left, count);
}

/* ------------------------------------------------------------------ connections */

struct raw_peer raw_peer_connect(struct tcp_broker *broker) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)broker->port)};
    struct raw_peer peer = {.broker = broker, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(peer.fd >= 0);
    assert_int_equal(connect(peer.fd, (struct sockaddr *)&to, sizeof to), 0);
    (void)fcntl(peer.fd, F_SETFL, O_NONBLOCK);
    llmp_frame_reader_init(&peer.reader, LLMP_HANDSHAKE_MAX);
    return peer;
}

struct raw_peer raw_peer_connect_hello(struct tcp_broker *broker) {
    struct raw_peer peer = raw_peer_connect(broker);
    (void)raw_peer_expect(&peer, LLMP_RESPONSE_BROKER_CONNECT_HELLO);
    return peer;
}

void raw_peer_close(struct raw_peer *peer) {
    llmp_frame_reader_fini(&peer->reader);
    (void)close(peer->fd);
}

void raw_peer_reset(struct raw_peer *peer) {
    struct linger none = {.l_onoff = 1};
    (void)setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    raw_peer_close(peer);
}

/* ------------------------------------------------------------------ requests and responses */

void raw_peer_send_bytes(struct raw_peer *peer, struct llmp_span bytes) {
    assert_int_equal(send(peer->fd, bytes.bytes, bytes.length, MSG_NOSIGNAL), (ssize_t)bytes.length);
}

void raw_peer_send(struct raw_peer *peer, const struct llmp_request *request) {
    uint8_t frame[4 + LLMP_HANDSHAKE_MAX] = {0};
    int64_t length = llmp_request_encode(request, frame + 4, LLMP_HANDSHAKE_MAX);
    assert_in_range(length, 1, 255);
    frame[3] = (uint8_t)length;
    raw_peer_send_bytes(peer, (struct llmp_span){frame, 4 + (size_t)length});
}

void raw_peer_send_hello(struct raw_peer *peer) {
    struct tcp_broker *broker = peer->broker;
    assert_true(broker->channel_count < TCP_BROKER_CHANNELS);
    llmp_sender *channel = broker->channels[broker->channel_count++] = new_channel();
    const struct llmp_request hello = {.kind = LLMP_REQUEST_LOCAL_CLIENT_HELLO, .desc = llmp_sender_describe(channel)};
    raw_peer_send(peer, &hello);
}

int raw_peer_recv(struct raw_peer *peer, struct llmp_response *response) {
    struct llmp_span body;
    int64_t deadline = llmp_os_now() + RAW_TIMEOUT_NS;
    int rc = llmp_frame_read(&peer->reader, peer->fd, &body);
    while (rc == -EAGAIN) {
        tcp_broker_run_once(peer->broker, deadline);
        rc = llmp_frame_read(&peer->reader, peer->fd, &body);
    }
    return rc < 0 ? rc : llmp_response_decode(body, response);
}

struct llmp_response raw_peer_expect(struct raw_peer *peer, enum llmp_response_kind kind) {
    struct llmp_response response;
    assert_ok(raw_peer_recv(peer, &response));
    assert_int_equal(response.kind, kind);
    return response;
}

void raw_peer_expect_close(struct raw_peer *peer) {
    struct llmp_response response;
    assert_rc(raw_peer_recv(peer, &response), -EPIPE);
}

void raw_peer_expect_end(struct raw_peer *peer) {
    raw_peer_expect_close(peer);
    raw_peer_close(peer);
}

uint32_t raw_peer_register(struct tcp_broker *broker) {
    struct raw_peer peer = raw_peer_connect_hello(broker);
    raw_peer_send_hello(&peer);
    uint32_t id = raw_peer_expect(&peer, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED).id;
    raw_peer_expect_end(&peer);
    return id;
}

void raw_peer_quit(struct tcp_broker *broker, uint32_t id) {
    struct raw_peer peer = raw_peer_connect_hello(broker);
    raw_peer_send(&peer, &(struct llmp_request){.kind = LLMP_REQUEST_CLIENT_QUIT, .id = id});
    raw_peer_expect_end(&peer);
}

void raw_peer_end_channel(struct tcp_broker *broker) {
    (void)llmp_sender_free(broker->channels[--broker->channel_count], LLMP_NOWAIT);
}
