/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: whatever peers send to a broker, in whatever pieces, whenever they hang up, each is greeted and gets at most
 * one answer, and the right one (TCP-2, TCP-3); in the end a good client still gets in, and its messages through.
 */
#include <errno.h>
#include <string.h>

#include "channel/sender.h"
#include "net/handshake.h"
#include "net/listener.h"
#include "net/peer.h"
#include "oracle/post.h"
#include "platform/platform.h"
#include "rig/check.h"
#include "rig/frames.h"
#include "rig/input.h"
#include "rig/maps.h"
#include "rig/peer.h"

#define PEERS 12
#define ROUNDS_MAX 64

static struct world {
    llmp_broker *broker;
    int count;
    uint32_t last_id; /* given to a peer */
    struct fuzz_peer peers[PEERS];
} world;

/* ---------------------------------------------------------------- what a peer says */

static void say_request(struct fuzz_peer *peer, const struct lc_tcp_message *request) {
    uint8_t body[LLMP_HANDSHAKE_MAX];
    fuzz_peer_say_frame(peer, body, lc_request_encode(body, sizeof body, request));
}

static void say_some_request(struct fuzz_peer *peer, struct fuzz_input *input) {
    struct lc_tcp_message request = {.kind = fuzz_u8(input) % 3};
    request.id = fuzz_u8(input);
    request.desc.size = fuzz_u16(input) % (FUZZ_PAGE + 9);
    request.desc.id[0] = fuzz_u8(input);
    request.text[0] = 'x';
    say_request(peer, &request);
}

/* Once it said all that counts, it goes on and on. */
static void pour(struct fuzz_peer *peer) {
    static const uint8_t zeros[LLMP_PEER_FRAME_MAX + 1];
    struct fuzz_body body;
    size_t at = 0;
    if (!peer->dismissed && !peer->poured && fuzz_frame_next(peer->bytes, peer->said, &at, &body)) {
        fuzz_socket_send(peer->socket, zeros, sizeof zeros);
        peer->poured = true;
    }
}

static void connect_peer(struct fuzz_input *input) {
    if (world.count < PEERS) {
        struct fuzz_peer *peer = &world.peers[world.count++];
        peer->socket = fuzz_socket_knock();
        peer->dismissed = false;
        peer->poured = false;
        peer->said = 0;
        size_t steps = fuzz_u8(input) % 16;
        const uint8_t *bytes = fuzz_take(input, &steps);
        fuzz_socket_pace(peer->socket, bytes, steps);
    }
}

/* ---------------------------------------------------------------- what it must be told */

enum answer { ANSWER_NONE, ANSWER_ERROR, ANSWER_ACCEPTED };

/* By the first frame that it sent whole; the rest of what it said is not heard. */
static enum answer right_answer(const struct fuzz_peer *peer) {
    struct lc_tcp_message request;
    struct fuzz_body body;
    size_t at = 0;
    if (!fuzz_frame_next(peer->bytes, peer->said, &at, &body) || body.length > LLMP_PEER_FRAME_MAX) {
        return ANSWER_NONE;
    }
    if (!lc_request_decode(body.bytes, body.length, &request) || request.text_length > LLMP_HOSTNAME_MAX) {
        return ANSWER_ERROR;
    }
    switch (request.kind) {
    case LC_LOCAL_CLIENT_HELLO: return fuzz_is_good_page(&request.desc) ? ANSWER_ACCEPTED : ANSWER_ERROR;
    case LC_REMOTE_BROKER_HELLO: return ANSWER_ERROR;
    default: return ANSWER_NONE;
    }
}

/* So many peers can name one page that the rig has no view of it left: to the broker that is memory it cannot have. */
static bool is_out_of_views(const struct lc_tcp_message *answer) {
    return answer->kind == LC_ERROR && strcmp(answer->text, llmp_strerror(-ENOMEM)) == 0;
}

static void expect_answer(const struct fuzz_peer *peer, const struct fuzz_body *body) {
    struct lc_tcp_message answer;
    FUZZ_CHECK(lc_response_decode(body->bytes, body->length, &answer), "an answer that is none");
    if (right_answer(peer) == ANSWER_ACCEPTED && !is_out_of_views(&answer)) {
        FUZZ_CHECK(answer.kind == LC_LOCAL_CLIENT_ACCEPTED && answer.id != 0, "kind %u, id %u", answer.kind, answer.id);
        world.last_id = answer.id > world.last_id ? answer.id : world.last_id;
    } else if (!is_out_of_views(&answer)) {
        FUZZ_CHECK(right_answer(peer) == ANSWER_ERROR && answer.kind == LC_ERROR, "kind %u", answer.kind);
    }
}

/* The broker's last word may be cut off where the peer hung up. */
static void expect_talk(const struct fuzz_peer *peer) {
    const uint8_t *seen;
    struct lc_tcp_message greeting;
    struct fuzz_body body;
    size_t length = fuzz_socket_seen(peer->socket, &seen);
    size_t at = 0;
    if (!fuzz_frame_next(seen, length, &at, &body)) {
        return;
    }
    FUZZ_CHECK(lc_response_decode(body.bytes, body.length, &greeting) && greeting.kind == LC_BROKER_CONNECT_HELLO &&
                   strcmp(greeting.text, "fuzz") == 0,
               "a greeting that is none");
    if (fuzz_frame_next(seen, length, &at, &body)) {
        expect_answer(peer, &body);
    }
    FUZZ_CHECK(!fuzz_frame_next(seen, length, &at, &body), "more than one answer");
}

/* ---------------------------------------------------------------- the good client */

static void wait_rounds(int rounds, int64_t ns) {
    for (int i = 0; i < rounds; i++) {
        fuzz_clock_advance(ns);
        (void)llmp_broker_run_once(world.broker);
    }
}

/* TCP-3: anyone may quit any id, one that is given out later, too. */
static bool somebody_quits(uint32_t id) {
    for (int i = 0; i < world.count; i++) {
        struct lc_tcp_message request;
        struct fuzz_body body;
        size_t at = 0;
        if (fuzz_frame_next(world.peers[i].bytes, world.peers[i].said, &at, &body) &&
            lc_request_decode(body.bytes, body.length, &request) && request.kind == LC_CLIENT_QUIT &&
            request.id == id) {
            return true;
        }
    }
    return false;
}

/* Comes when all others are late, or has to wait until one is. Its channel is one of the library's. */
static void expect_good_client(void) {
    llmp_sender *sender;
    llmp_receiver *receiver;
    llmp_message message;
    struct lc_tcp_message heard;
    struct lc_tcp_message hello = {.kind = LC_LOCAL_CLIENT_HELLO};
    struct fuzz_body body;
    const uint8_t *seen;
    size_t at = 0;
    llmp_sender_options options = {.provider = &fuzz_maps, .page_size = FUZZ_PAGE};
    struct fuzz_peer good = {.socket = fuzz_socket_knock()};
    FUZZ_CHECK(llmp_sender_new(&options, &sender) == 0, "no sender");
    llmp_shmem_desc mine = llmp_sender_describe(sender);
    hello.desc.size = mine.size;
    memcpy(hello.desc.id, mine.id.bytes, sizeof hello.desc.id);
    say_request(&good, &hello);
    wait_rounds(2 * PEERS, LLMP_MILLISECONDS(500));
    size_t length = fuzz_socket_seen(good.socket, &seen);
    FUZZ_CHECK(fuzz_frame_next(seen, length, &at, &body) && lc_response_decode(body.bytes, body.length, &heard),
               "a good client is not greeted");
    llmp_shmem_desc broadcast = {.size = heard.desc.size};
    memcpy(broadcast.id.bytes, heard.desc.id, sizeof broadcast.id.bytes);
    FUZZ_CHECK(fuzz_frame_next(seen, length, &at, &body) && lc_response_decode(body.bytes, body.length, &heard) &&
                   heard.kind == LC_LOCAL_CLIENT_ACCEPTED && heard.id > world.last_id,
               "a good client is not let in");
    llmp_receiver_options reading = {.provider = &fuzz_maps, .pre_joined = true};
    FUZZ_CHECK(llmp_receiver_new(&broadcast, &reading, &receiver) == 0, "no broadcast");
    FUZZ_CHECK(llmp_send(sender, 7, 0, "hello", 5, LLMP_NOWAIT) == 0, "not sent");
    wait_rounds(2, LLMP_MILLISECONDS(1));
    int rc = llmp_recv(receiver, &message, LLMP_NOWAIT);
    FUZZ_CHECK(somebody_quits(heard.id) ||
                   (rc == 0 && message.sender == heard.id && message.tag == 7 && message.length == 5),
               "%s", llmp_error_name(rc));
    llmp_receiver_free(receiver);
    (void)llmp_sender_free(sender, LLMP_NOWAIT);
}

/* ---------------------------------------------------------------- a broker among peers */

static void operate(struct fuzz_input *input) {
    uint8_t operation = fuzz_u8(input);
    struct fuzz_peer *peer = &world.peers[world.count > 0 ? (operation >> 4) % world.count : 0];
    if (operation % 8 == 0 || world.count == 0) {
        connect_peer(input);
    } else if (operation % 8 < 3) {
        size_t length = fuzz_u8(input);
        const uint8_t *bytes = fuzz_take(input, &length);
        fuzz_peer_say(peer, bytes, length);
    } else if (operation % 8 < 5) {
        say_some_request(peer, input);
    } else if (operation % 8 == 5) {
        fuzz_peer_hang_up(peer, operation & 128);
    } else if (operation % 8 == 6) {
        if (operation & 128) {
            fuzz_socket_fail_accept(operation & 64 ? -EMFILE : -ECONNABORTED);
        } else {
            pour(peer);
        }
    } else {
        wait_rounds(1, operation & 128 ? LLMP_MILLISECONDS(60 * (int64_t)fuzz_u8(input)) : LLMP_MILLISECONDS(1));
    }
}

static void run_broker(struct fuzz_input *input) {
    uint8_t how = fuzz_u8(input);
    llmp_broker_options options = {.provider = &fuzz_maps, .page_size = FUZZ_PAGE, .history = 2 + how % 4};
    struct llmp_listener_limits limits = llmp_listener_limits_default();
    limits.peers = 1 + (how >> 2) % 4;
    FUZZ_CHECK(llmp_broker_new(&options, &world.broker) == 0, "no broker");
    FUZZ_CHECK(llmp_listener_attach(world.broker, NULL, 1337, limits, NULL) == 1337, "no listener");
    for (int i = 0; i < ROUNDS_MAX && input->left > 0; i++) {
        operate(input);
    }
    wait_rounds(3, LLMP_MILLISECONDS(100));
    for (int i = 0; i < world.count; i++) {
        expect_talk(&world.peers[i]);
    }
    expect_good_client();
    if (how & 16) { /* somebody who has just come when the broker goes */
        (void)fuzz_socket_knock();
        wait_rounds(1, LLMP_MILLISECONDS(10));
    }
    llmp_broker_free(world.broker, LLMP_NOWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_over(data, size);
    if (size < 2 || size > FUZZ_SAID_MAX) {
        return 0;
    }
    world.count = 0;
    world.last_id = 0;
    fuzz_platform_begin();
    fuzz_maps_begin(fuzz_maps_salt(data, size));
    fuzz_peer_segments();
    run_broker(&input);
    fuzz_maps_end();
    fuzz_platform_end();
    return 0;
}
