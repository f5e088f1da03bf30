/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/tcp_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

void lc_tcp_write(struct lc_case *c, int socket, const void *bytes, size_t length) {
    int rc = lc_write(socket, bytes, length, LC_TCP_TIMEOUT_MS);
    lc_check(c, rc == 0, "a broker that reads", "%s", strerror(-rc));
}

size_t lc_tcp_request_frame(uint8_t frame[LC_TCP_FRAME_MAX], const struct lc_tcp_message *request) {
    size_t length = lc_request_encode(frame + 4, LC_TCP_FRAME_MAX - 4, request);
    uint32_t prefix = htonl((uint32_t)length);
    memcpy(frame, &prefix, sizeof prefix);
    return 4 + length;
}

size_t lc_tcp_hello_frame(struct lc_case *c, uint8_t frame[LC_TCP_FRAME_MAX]) {
    struct lc_writer *writer = lc_new_channel(c, 0, 0);
    return lc_tcp_request_frame(frame,
                                &(struct lc_tcp_message){.kind = LC_LOCAL_CLIENT_HELLO, .desc = writer->map->desc});
}

uint32_t lc_tcp_expect_accepted(struct lc_case *c, int socket) {
    uint8_t body[LC_TCP_FRAME_MAX];
    struct lc_tcp_message reply;
    long length = lc_frame_read(socket, body, sizeof body, LC_TCP_TIMEOUT_MS);
    lc_check(c, length > 0, "LocalClientAccepted", "%s", strerror((int)-length));
    bool good = lc_response_decode(body, (size_t)length, &reply);
    lc_check(c, good && reply.kind == LC_LOCAL_CLIENT_ACCEPTED, "LocalClientAccepted", "a frame of kind %d",
             good ? (int)reply.kind : -1);
    lc_check(c, lc_wait_hangup(socket, LC_TCP_TIMEOUT_MS) == 0, "that the broker closes the connection",
             "it stays open");
    return reply.id;
}

void lc_tcp_expect_refused(struct lc_case *c, int socket) {
    uint8_t body[LC_TCP_FRAME_MAX];
    struct lc_tcp_message reply;
    long length = lc_frame_read(socket, body, sizeof body, LC_TCP_TIMEOUT_MS);
    if (length > 0) {
        bool good = lc_response_decode(body, (size_t)length, &reply);
        lc_check(c, good && reply.kind == LC_ERROR, "an Error or a closed connection", "a frame of kind %d",
                 good ? (int)reply.kind : -1);
        lc_check(c, lc_wait_hangup(socket, LC_TCP_TIMEOUT_MS) == 0, "that the connection is closed", "it stays open");
    } else {
        lc_check(c, length == -EPIPE || length == -ECONNRESET, "an Error or a closed connection", "%s",
                 strerror((int)-length));
    }
    close(socket);
}

uint32_t lc_tcp_check_service(struct lc_case *c, struct lc_actor *broker, uint16_t port) {
    lc_check_alive(c, broker);
    struct lc_raw_client *client = lc_raw_client_connect(c, broker, port);
    uint64_t seed = lc_seed(c) + client->id;
    lc_writer_send(client->out, LC_TCP_TAG, 0, 100, seed);
    lc_raw_client_expect(c, client, LC_TCP_TAG, client->id, 0, 100, seed);
    return client->id;
}

void lc_tcp_quit(struct lc_case *c, uint16_t port, uint32_t id) {
    int socket = lc_raw_connect(c, port, NULL);
    uint8_t frame[LC_TCP_FRAME_MAX];
    lc_tcp_write(c, socket, frame,
                 lc_tcp_request_frame(frame, &(struct lc_tcp_message){.kind = LC_CLIENT_QUIT, .id = id}));
    int rc = lc_wait_hangup(socket, LC_TCP_TIMEOUT_MS);
    lc_check(c, rc == 0, "a closed connection, and no answer", "%s", strerror(-rc));
    close(socket);
}
