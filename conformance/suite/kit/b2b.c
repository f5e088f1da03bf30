/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/b2b.h"

#include <string.h>

/* ---------------------------------------------------------------- frames */

void lc_b2b_write_frame(struct lc_case *c, int socket, const void *body, size_t length) {
    int rc = lc_frame_write(socket, body, length, LC_B2B_WAIT_MS);
    lc_check(c, rc == 0, "a broker that reads", "%s", strerror(-rc));
}

void lc_b2b_send_remote(struct lc_case *c, int socket, uint32_t tag, uint32_t flags, size_t length, uint64_t seed) {
    uint8_t payload[LC_B2B_BODY / 2];
    uint8_t body[LC_B2B_BODY];
    lc_payload_fill(payload, length, seed);
    struct lc_remote_message message = {99, tag, flags, payload, length};
    lc_b2b_write_frame(c, socket, body, lc_remote_encode(body, sizeof body, &message));
}

/* The next frame, copied; the payload lies in `body`. */
static struct lc_remote_message read_remote(struct lc_case *c, int socket, uint8_t body[LC_B2B_BODY]) {
    struct lc_remote_message message;
    long length = lc_frame_read(socket, body, LC_B2B_BODY, LC_B2B_WAIT_MS);
    lc_check(c, length > 0, "RemoteNewMessage", "%s", strerror((int)-length));
    lc_check(c, lc_remote_decode(body, (size_t)length, &message), "RemoteNewMessage", "a frame of %ld bytes", length);
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
    lc_check_u64(c, "digest", lc_payload_digest(length, seed), lc_crc(0, message.payload, message.length));
}

/* ---------------------------------------------------------------- links */

int lc_b2b_link(struct lc_case *c, uint16_t port, uint32_t *id) {
    int socket = lc_raw_connect(c, port, NULL);
    uint8_t body[LC_B2B_BODY];
    struct lc_tcp_message hello = {.kind = LC_REMOTE_BROKER_HELLO, .text = "suite"};
    lc_b2b_write_frame(c, socket, body, lc_request_encode(body, sizeof body, &hello));
    struct lc_tcp_message reply;
    long length = lc_frame_read(socket, body, sizeof body, LC_B2B_WAIT_MS);
    lc_check(c, length > 0, "RemoteBrokerAccepted", "%s", strerror((int)-length));
    bool good = lc_response_decode(body, (size_t)length, &reply);
    lc_check(c, good && reply.kind == LC_REMOTE_BROKER_ACCEPTED, "RemoteBrokerAccepted", "kind %d",
             good ? (int)reply.kind : -1);
    *id = reply.id;
    return socket;
}

struct lc_b2b_fixture lc_b2b_open(struct lc_case *c) {
    struct lc_b2b_fixture scene = {.broker = lc_spawn(c, "broker")};
    scene.port = lc_open_broker(c, scene.broker, NULL);
    scene.client = lc_raw_client_connect(c, scene.broker, scene.port);
    scene.link = lc_b2b_link(c, scene.port, &scene.id);
    return scene;
}

void lc_b2b_next_foreign(struct lc_case *c, struct lc_raw_client *client, struct lc_message *message) {
    do {
        int rc = lc_reader_wait(client->in, message, LC_B2B_WAIT_MS);
        lc_check(c, rc == 1, "a message on the broadcast", "%s", strerror(-rc));
    } while (message->sender == client->id || message->tag == LC_B2B_READY_TAG);
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

void lc_b2b_expect_local(struct lc_case *c, struct lc_b2b_fixture *scene, uint32_t tag, uint32_t flags, size_t length,
                         uint64_t seed) {
    struct lc_message message;
    lc_b2b_next_foreign(c, scene->client, &message);
    lc_check_u64(c, "tag", tag, message.tag);
    lc_check_u64(c, "flags", flags | LC_FLAG_FROM_B2B, message.flags);
    lc_check_u64(c, "sender", scene->id, message.sender);
    lc_check_u64(c, "length", length, message.length);
    lc_check_u64(c, "digest", lc_payload_digest(length, seed), lc_crc(0, message.payload, length));
}

void lc_b2b_check_link(struct lc_case *c, struct lc_b2b_fixture *scene, uint64_t seed) {
    lc_b2b_send_remote(c, scene->link, LC_B2B_TAG, 0, 50, seed);
    lc_b2b_expect_local(c, scene, LC_B2B_TAG, 0, 50, seed);
}

void lc_b2b_check_service(struct lc_case *c, struct lc_b2b_fixture *scene, uint64_t seed) {
    lc_check_alive(c, scene->broker);
    lc_writer_send(scene->client->out, LC_B2B_TAG, 0, 30, seed);
    struct lc_message message;
    do {
        lc_next_message(c, scene->client->in, &message);
    } while (message.sender != scene->client->id || message.length != 30);
    scene->link = lc_b2b_link(c, scene->port, &scene->id);
    lc_b2b_check_link(c, scene, seed);
}
