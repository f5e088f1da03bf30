/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/tcp_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

void lc_talk_write(struct lc_case *c, int socket, const void *bytes, size_t length) {
    int rc = lc_write(socket, bytes, length, LC_TALK_MS);
    lc_check(c, rc == 0, "a broker that reads", "%s", strerror(-rc));
}

size_t lc_talk_frame(uint8_t frame[LC_TALK_FRAME], const struct lc_tcp_message *request) {
    size_t length = lc_request_encode(frame + 4, LC_TALK_FRAME - 4, request);
    uint32_t prefix = htonl((uint32_t)length);
    memcpy(frame, &prefix, sizeof prefix);
    return 4 + length;
}

size_t lc_talk_hello(struct lc_case *c, uint8_t frame[LC_TALK_FRAME]) {
    struct lc_writer *writer = lc_new_channel(c, 0, 0);
    return lc_talk_frame(frame, &(struct lc_tcp_message){.kind = LC_LOCAL_CLIENT_HELLO, .desc = writer->map->desc});
}

uint32_t lc_talk_accepted(struct lc_case *c, int socket) {
    uint8_t body[LC_TALK_FRAME];
    struct lc_tcp_message answer;
    long length = lc_frame_read(socket, body, sizeof body, LC_TALK_MS);
    lc_check(c, length > 0, "LocalClientAccepted", "%s", strerror((int)-length));
    bool good = lc_response_decode(body, (size_t)length, &answer);
    lc_check(c, good && answer.kind == LC_LOCAL_CLIENT_ACCEPTED, "LocalClientAccepted", "a frame of kind %d",
             good ? (int)answer.kind : -1);
    lc_check(c, lc_wait_hangup(socket, LC_TALK_MS) == 0, "that the broker closes the connection", "it stays open");
    return answer.id;
}

void lc_talk_refused(struct lc_case *c, int socket) {
    uint8_t body[LC_TALK_FRAME];
    struct lc_tcp_message answer;
    long length = lc_frame_read(socket, body, sizeof body, LC_TALK_MS);
    if (length > 0) {
        bool good = lc_response_decode(body, (size_t)length, &answer);
        lc_check(c, good && answer.kind == LC_ERROR, "an Error or a closed connection", "a frame of kind %d",
                 good ? (int)answer.kind : -1);
        lc_check(c, lc_wait_hangup(socket, LC_TALK_MS) == 0, "that the connection is closed", "it stays open");
    } else {
        lc_check(c, length == -EPIPE || length == -ECONNRESET, "an Error or a closed connection", "%s",
                 strerror((int)-length));
    }
    close(socket);
}

uint32_t lc_talk_served(struct lc_case *c, struct lc_party *broker, uint16_t port) {
    lc_check_alive(c, broker);
    struct lc_raw_client *client = lc_raw_connect(c, broker, port);
    uint64_t seed = lc_seed(c) + client->id;
    lc_writer_send(client->out, LC_TALK_TAG, 0, 100, seed);
    lc_raw_expect(c, client, LC_TALK_TAG, client->id, 0, 100, seed);
    return client->id;
}

void lc_talk_quit(struct lc_case *c, uint16_t port, uint32_t id) {
    int socket = lc_raw_hello(c, port, NULL);
    uint8_t frame[LC_TALK_FRAME];
    lc_talk_write(c, socket, frame, lc_talk_frame(frame, &(struct lc_tcp_message){.kind = LC_CLIENT_QUIT, .id = id}));
    int rc = lc_wait_hangup(socket, LC_TALK_MS);
    lc_check(c, rc == 0, "a closed connection, and no answer", "%s", strerror(-rc));
    close(socket);
}
