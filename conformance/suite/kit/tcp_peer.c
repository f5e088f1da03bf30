/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/tcp_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- frames */

void lc_tcp_write(struct lc_case *c, int socket, const void *bytes, size_t length) {
    int rc = lc_write(socket, bytes, length, LC_TCP_TIMEOUT_MS);
    lc_check(c, rc == 0, "the broker reads from the connection", "%s", strerror(-rc));
}

size_t lc_tcp_request_frame(uint8_t frame[LC_TCP_FRAME_MAX], const struct lc_tcp_message *request) {
    size_t length = lc_request_encode(frame + 4, LC_TCP_FRAME_MAX - 4, request);
    uint32_t prefix = htonl((uint32_t)length);
    memcpy(frame, &prefix, sizeof prefix);
    return 4 + length;
}

size_t lc_tcp_hello_frame(struct lc_case *c, uint8_t frame[LC_TCP_FRAME_MAX]) {
    struct lc_writer *writer = lc_new_channel(c, 0, 0);
    struct lc_tcp_message hello = {.kind = LC_LOCAL_CLIENT_HELLO, .desc = writer->map->desc};
    return lc_tcp_request_frame(frame, &hello);
}

/* ---------------------------------------------------------------- responses */

uint32_t lc_tcp_expect_accepted(struct lc_case *c, int socket) {
    struct lc_tcp_message response;
    lc_expect_response(c, socket, LC_LOCAL_CLIENT_ACCEPTED, LC_TCP_TIMEOUT_MS, &response);
    int rc = lc_wait_hangup(socket, LC_TCP_TIMEOUT_MS);
    lc_check(c, rc == 0, "the broker closes the connection", "%s", strerror(-rc));
    return response.id;
}

void lc_tcp_expect_refused(struct lc_case *c, int socket) {
    static const char expected[] = "an Error or the end of the connection";
    uint8_t body[LC_TCP_FRAME_MAX];
    struct lc_tcp_message response;
    long length = lc_frame_read(socket, body, sizeof body, LC_TCP_TIMEOUT_MS);
    if (length > 0) {
        bool valid = lc_response_decode(body, (size_t)length, &response);
        lc_check(c, valid && response.kind == LC_ERROR, expected, "a response of kind %d",
                 valid ? (int)response.kind : -1);
        int rc = lc_wait_hangup(socket, LC_TCP_TIMEOUT_MS);
        lc_check(c, rc == 0, "the broker closes the connection after the Error", "%s", strerror(-rc));
    } else {
        lc_check(c, length == -EPIPE || length == -ECONNRESET, expected, "%s", strerror((int)-length));
    }
    (void)close(socket);
}

/* ---------------------------------------------------------------- the broker's service */

void lc_tcp_check_client(struct lc_case *c, struct lc_raw_client *client, uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        lc_writer_send(client->out, LC_TCP_TAG, 0, 10, i);
        lc_raw_client_expect(c, client, LC_TCP_TAG, client->id, 0, 10, i);
    }
}

uint32_t lc_tcp_check_service(struct lc_case *c, struct lc_actor *broker, uint16_t port) {
    lc_check_alive(c, broker);
    struct lc_raw_client *client = lc_raw_client_connect(c, broker, port);
    uint64_t seed = lc_seed(c) + client->id;
    lc_writer_send(client->out, LC_TCP_TAG, 0, 100, seed);
    lc_raw_client_expect(c, client, LC_TCP_TAG, client->id, 0, 100, seed);
    return client->id;
}

int lc_tcp_send_hello(struct lc_case *c, uint16_t port, const struct lc_desc *desc) {
    int socket = lc_raw_connect(c, port, NULL);
    uint8_t frame[LC_TCP_FRAME_MAX];
    struct lc_tcp_message hello = {.kind = LC_LOCAL_CLIENT_HELLO, .desc = *desc};
    lc_note(c, "LocalClientHello with %s of %llu bytes", lc_desc_show(desc), (unsigned long long)desc->size);
    lc_tcp_write(c, socket, frame, lc_tcp_request_frame(frame, &hello));
    return socket;
}

void lc_tcp_quit(struct lc_case *c, uint16_t port, uint32_t id) {
    int socket = lc_raw_connect(c, port, NULL);
    uint8_t frame[LC_TCP_FRAME_MAX];
    struct lc_tcp_message quit = {.kind = LC_CLIENT_QUIT, .id = id};
    lc_tcp_write(c, socket, frame, lc_tcp_request_frame(frame, &quit));
    int rc = lc_wait_hangup(socket, LC_TCP_TIMEOUT_MS);
    lc_check(c, rc == 0, "the broker closes the connection without a response", "%s",
             rc == -EPROTO ? "a response" : strerror(-rc));
    (void)close(socket);
}

/* ---------------------------------------------------------------- in the place of a broker */

int lc_tcp_accept_client(struct lc_case *c, struct lc_actor *client, int timeout_ms) {
    uint16_t port;
    int listener = lc_tcp_listen(&port); /* stays open until the case ends */
    lc_send_request(c, client, "client.connect", "{s:s, s:i, s:i}", "provider", lc_provider_name(c), "port", port,
                    "timeout_ms", timeout_ms);
    int socket = lc_accept(listener, LC_TCP_TIMEOUT_MS);
    lc_check(c, socket >= 0, "the client connects", "%s", strerror(-socket));
    return socket;
}

void lc_tcp_send_response(int socket, const struct lc_tcp_message *response) {
    uint8_t body[LC_TCP_FRAME_MAX];
    (void)lc_frame_write(socket, body, lc_response_encode(body, sizeof body, response), LC_TCP_TIMEOUT_MS);
}
