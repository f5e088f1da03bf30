/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/b2b.h"

#include <string.h>

/* ---------------------------------------------------------------- frames */

void lc_b2b_write_frame(struct lc_case *c, int socket, const void *body, size_t length) {
    int rc = lc_frame_write(socket, body, length, LC_B2B_TIMEOUT_MS);
    lc_check(c, rc == 0, "the broker reads from the link", "%s", strerror(-rc));
}

void lc_b2b_send_remote(struct lc_case *c, int socket, uint32_t tag, uint32_t flags, size_t length, uint64_t seed) {
    uint8_t payload[LC_B2B_BODY / 2];
    uint8_t body[LC_B2B_BODY];
    lc_payload_fill(payload, length, seed);
    struct lc_remote_message message = {99, tag, flags, payload, length};
    lc_b2b_write_frame(c, socket, body, lc_remote_encode(body, sizeof body, &message));
}

/* Reads a frame to `body`, which the message's payload points into. */
static struct lc_remote_message read_remote(struct lc_case *c, int socket, uint8_t body[LC_B2B_BODY]) {
    struct lc_remote_message message;
    long length = lc_frame_read(socket, body, LC_B2B_BODY, LC_B2B_TIMEOUT_MS);
    lc_check(c, length > 0, "RemoteNewMessage", "%s", strerror((int)-length));
    lc_check(c, lc_remote_decode(body, (size_t)length, &message), "RemoteNewMessage", "another frame of %ld bytes",
             length);
    return message;
}

void lc_b2b_expect_remote(struct lc_case *c, int socket, uint32_t tag, size_t length, uint64_t seed) {
    uint8_t body[LC_B2B_BODY];
    struct lc_remote_message message;
    do {
        message = read_remote(c, socket, body);
    } while (message.tag == LC_B2B_READY_TAG);
    lc_check_u64(c, "tag", tag, message.tag);
    lc_check_u64(c, "length", length, message.length);
    lc_check_payload(c, "digest", length, seed, message.payload);
}

/* ---------------------------------------------------------------- links and clients */

int lc_b2b_link(struct lc_case *c, uint16_t port, uint32_t *id) {
    uint8_t body[LC_B2B_BODY];
    struct lc_tcp_message hello = {.kind = LC_REMOTE_BROKER_HELLO, .text = "suite"};
    struct lc_tcp_message response;
    int socket = lc_raw_connect(c, port, NULL);
    lc_b2b_write_frame(c, socket, body, lc_request_encode(body, sizeof body, &hello));
    lc_expect_response(c, socket, LC_REMOTE_BROKER_ACCEPTED, LC_B2B_TIMEOUT_MS, &response);
    *id = response.id;
    return socket;
}

struct lc_b2b_fixture lc_b2b_open(struct lc_case *c) {
    struct lc_b2b_fixture fixture = {.broker = lc_spawn(c, "broker")};
    fixture.port = lc_open_broker(c, fixture.broker, NULL);
    fixture.client = lc_raw_client_connect(c, fixture.broker, fixture.port);
    fixture.link = lc_b2b_link(c, fixture.port, &fixture.id);
    return fixture;
}

struct lc_raw_client *lc_b2b_connect_client(struct lc_case *c, struct lc_actor *broker, uint16_t port) {
    struct lc_raw_client *client = lc_raw_client_connect(c, broker, port);
    struct lc_message message;
    lc_writer_send(client->out, LC_B2B_READY_TAG, 0, 0, 0);
    do {
        lc_next_message(c, client->in, &message);
    } while (message.sender != client->id);
    return client;
}

/* ---------------------------------------------------------------- the broadcast */

void lc_b2b_next_foreign(struct lc_case *c, struct lc_raw_client *client, struct lc_message *message) {
    do {
        int rc = lc_reader_wait(client->in, message, LC_B2B_TIMEOUT_MS);
        lc_check(c, rc == 1, "a message on the broadcast", "%s", strerror(-rc));
    } while (message->sender == client->id || message->tag == LC_B2B_READY_TAG);
}

void lc_b2b_expect_local(struct lc_case *c, struct lc_b2b_fixture *fixture, uint32_t tag, uint32_t flags, size_t length,
                         uint64_t seed) {
    struct lc_message message;
    lc_b2b_next_foreign(c, fixture->client, &message);
    lc_check_u64(c, "tag", tag, message.tag);
    lc_check_u64(c, "flags", flags | LC_FLAG_FROM_B2B, message.flags);
    lc_check_u64(c, "sender", fixture->id, message.sender);
    lc_check_u64(c, "length", length, message.length);
    lc_check_payload(c, "digest", length, seed, message.payload);
}

/* ---------------------------------------------------------------- service */

void lc_b2b_check_link(struct lc_case *c, struct lc_b2b_fixture *fixture, uint64_t seed) {
    lc_b2b_send_remote(c, fixture->link, LC_B2B_TAG, 0, 50, seed);
    lc_b2b_expect_local(c, fixture, LC_B2B_TAG, 0, 50, seed);
}

void lc_b2b_check_service(struct lc_case *c, struct lc_b2b_fixture *fixture, uint64_t seed) {
    struct lc_message message;
    lc_check_alive(c, fixture->broker);
    lc_writer_send(fixture->client->out, LC_B2B_TAG, 0, 30, seed);
    do {
        lc_next_message(c, fixture->client->in, &message);
    } while (message.sender != fixture->client->id || message.length != 30);
    fixture->link = lc_b2b_link(c, fixture->port, &fixture->id);
    lc_b2b_check_link(c, fixture, seed);
}
