/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: for any bytes that peers send to a broker, in any pieces, and hang-ups at any time, each peer is greeted
 * and gets at most one answer, the right one (TCP-2, TCP-3). At the end a correct client can still connect, and its
 * messages are forwarded.
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
#include "rig/input.h"
#include "rig/maps.h"
#include "rig/peer.h"

#define PEERS 12
#define ROUNDS_MAX 64

static struct world {
    llmp_broker *broker;
    int count;
    uint32_t last_id; /* the largest id that a peer was given */
    struct fuzz_peer peers[PEERS];
} world;

/* ---------------------------------------------------------------- what a peer sends */

static void send_request(struct fuzz_peer *peer, const struct lc_tcp_message *request) {
    uint8_t body[LLMP_HANDSHAKE_MAX];
    fuzz_peer_send_frame(peer, body, lc_request_encode(body, sizeof body, request));
}

static void send_input_request(struct fuzz_peer *peer, struct fuzz_input *input) {
    struct lc_tcp_message request = {.kind = fuzz_u8(input) % 3};
    request.id = fuzz_u8(input);
    request.desc.size = fuzz_u16(input) % (FUZZ_PAGE_SIZE + 9);
    request.desc.id[0] = fuzz_u8(input);
    request.text[0] = 'x';
    send_request(peer, &request);
}

/* Sends more than the broker reads, once the peer has sent its request. The rest does not change the answer. */
static void flood(struct fuzz_peer *peer) {
    static const uint8_t zeros[LLMP_PEER_FRAME_MAX + 1];
    struct fuzz_body body;
    size_t at = 0;
    if (!peer->closed && !peer->flooded && fuzz_peer_sent_frame(peer, &at, &body)) {
        fuzz_socket_send(peer->socket, zeros, sizeof zeros);
        peer->flooded = true;
    }
}

static void connect_peer(struct fuzz_input *input) {
    if (world.count < PEERS) {
        struct fuzz_peer *peer = &world.peers[world.count++];
        fuzz_peer_connect(peer);
        size_t steps = fuzz_u8(input) % 16;
        const uint8_t *bytes = fuzz_take(input, &steps);
        fuzz_socket_pace(peer->socket, bytes, steps);
    }
}

/* ---------------------------------------------------------------- what the broker must answer */

enum answer { ANSWER_NONE, ANSWER_ERROR, ANSWER_ACCEPTED };

/* Depends on the first frame that the peer sent completely; the broker ignores the rest. */
static enum answer expected_answer(const struct fuzz_peer *peer) {
    struct lc_tcp_message request;
    struct fuzz_body body;
    size_t at = 0;
    if (!fuzz_peer_sent_frame(peer, &at, &body) || body.length > LLMP_PEER_FRAME_MAX) {
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

/* Many peers can name the same page. When its views are used up, the provider returns -ENOMEM. */
static bool is_out_of_views(const struct lc_tcp_message *answer) {
    return answer->kind == LC_ERROR && strcmp(answer->text, llmp_strerror(-ENOMEM)) == 0;
}

/* Several peers can name one page, and the broker refuses all but the first of them. */
static bool is_taken(const struct lc_tcp_message *answer) {
    return answer->kind == LC_ERROR && strcmp(answer->text, llmp_strerror(-LLMP_E_PAGE_TAKEN)) == 0;
}

static void expect_answer(const struct fuzz_peer *peer, const struct lc_tcp_message *answer) {
    enum answer expected = expected_answer(peer);
    if (is_out_of_views(answer) || (expected == ANSWER_ACCEPTED && is_taken(answer))) {
        return;
    }
    if (expected == ANSWER_ACCEPTED) {
        FUZZ_CHECK(answer->kind == LC_LOCAL_CLIENT_ACCEPTED && answer->id != 0, "kind %u, id %u", answer->kind,
                   answer->id);
        world.last_id = answer->id > world.last_id ? answer->id : world.last_id;
    } else {
        FUZZ_CHECK(expected == ANSWER_ERROR && answer->kind == LC_ERROR, "kind %u", answer->kind);
    }
}

/*
 * Takes the next response of those the broker sent to a peer. Returns false if there is none, or if it is incomplete.
 */
static bool next_response(const struct fuzz_peer *peer, size_t *at, struct lc_tcp_message *response) {
    const uint8_t *received;
    struct fuzz_body body;
    size_t length = fuzz_socket_received(peer->socket, &received);
    if (!fuzz_frame_next(received, length, at, &body)) {
        return false;
    }
    FUZZ_CHECK(lc_response_decode(body.bytes, body.length, response), "not a response");
    return true;
}

/* The broker's last response may be incomplete if the peer hung up. */
static void expect_responses(const struct fuzz_peer *peer) {
    struct lc_tcp_message response;
    size_t at = 0;
    if (!next_response(peer, &at, &response)) {
        return;
    }
    FUZZ_CHECK(response.kind == LC_BROKER_CONNECT_HELLO && strcmp(response.text, "fuzz") == 0, "not a greeting");
    if (next_response(peer, &at, &response)) {
        expect_answer(peer, &response);
    }
    FUZZ_CHECK(!next_response(peer, &at, &response), "more than one answer");
}

/* ---------------------------------------------------------------- the correct client */

static void run_rounds(int rounds, int64_t ns) {
    for (int i = 0; i < rounds; i++) {
        fuzz_clock_advance(ns);
        (void)llmp_broker_run_once(world.broker);
    }
}

/* TCP-3: any peer may quit any id, including one that is given out later. */
static bool is_quit_by_peer(uint32_t id) {
    for (int i = 0; i < world.count; i++) {
        struct lc_tcp_message request;
        struct fuzz_body body;
        size_t at = 0;
        if (fuzz_peer_sent_frame(&world.peers[i], &at, &body) && lc_request_decode(body.bytes, body.length, &request) &&
            request.kind == LC_CLIENT_QUIT && request.id == id) {
            return true;
        }
    }
    return false;
}

/* Connects after all other peers have timed out, or waits until one has. Returns the client's id and the broadcast. */
static uint32_t connect_correct_client(const llmp_sender *sender, llmp_shmem_desc *broadcast) {
    static struct fuzz_peer peer;
    struct lc_tcp_message hello = {.kind = LC_LOCAL_CLIENT_HELLO};
    struct lc_tcp_message response;
    llmp_shmem_desc channel = llmp_sender_describe(sender);
    size_t at = 0;
    fuzz_peer_connect(&peer);
    hello.desc.size = channel.size;
    memcpy(hello.desc.id, channel.id.bytes, sizeof hello.desc.id);
    send_request(&peer, &hello);
    run_rounds(2 * PEERS, LLMP_MILLISECONDS(500));
    FUZZ_CHECK(next_response(&peer, &at, &response), "a correct client is not greeted");
    broadcast->size = response.desc.size;
    memcpy(broadcast->id.bytes, response.desc.id, sizeof broadcast->id.bytes);
    FUZZ_CHECK(next_response(&peer, &at, &response) && response.kind == LC_LOCAL_CLIENT_ACCEPTED &&
                   response.id > world.last_id,
               "a correct client is not accepted");
    return response.id;
}

static void expect_correct_client(void) {
    llmp_sender *sender;
    llmp_receiver *receiver;
    llmp_message message;
    llmp_shmem_desc broadcast;
    llmp_sender_options options = {.provider = &fuzz_maps, .page_size = FUZZ_PAGE_SIZE};
    llmp_receiver_options reading = {.provider = &fuzz_maps, .pre_joined = true};
    FUZZ_CHECK(llmp_sender_new(&options, &sender) == 0, "no sender");
    uint32_t id = connect_correct_client(sender, &broadcast);
    FUZZ_CHECK(llmp_receiver_new(&broadcast, &reading, &receiver) == 0, "no broadcast");
    FUZZ_CHECK(llmp_send(sender, 7, 0, "hello", 5, LLMP_NOWAIT) == 0, "the client cannot send");
    run_rounds(2, LLMP_MILLISECONDS(1));
    int rc = llmp_recv(receiver, &message, LLMP_NOWAIT);
    bool forwarded = rc == 0 && message.sender == id && message.tag == 7 && message.length == 5;
    FUZZ_CHECK(is_quit_by_peer(id) || forwarded, "%s", llmp_error_name(rc));
    llmp_receiver_free(receiver);
    (void)llmp_sender_free(sender, LLMP_NOWAIT);
}

/* ---------------------------------------------------------------- a broker and its peers */

static void operate_on_peer(struct fuzz_peer *peer, uint8_t operation, struct fuzz_input *input) {
    if (operation % 8 < 3) {
        size_t length = fuzz_u8(input);
        const uint8_t *bytes = fuzz_take(input, &length);
        fuzz_peer_send(peer, bytes, length);
    } else if (operation % 8 < 5) {
        send_input_request(peer, input);
    } else if (operation % 8 == 5) {
        fuzz_peer_hang_up(peer, fuzz_has(operation, 128));
    } else if (fuzz_has(operation, 128)) {
        fuzz_socket_fail_accept(fuzz_has(operation, 64) ? -EMFILE : -ECONNABORTED);
    } else {
        flood(peer);
    }
}

static void operate(struct fuzz_input *input) {
    uint8_t operation = fuzz_u8(input);
    if (operation % 8 == 0 || world.count == 0) {
        connect_peer(input);
    } else if (operation % 8 < 7) {
        operate_on_peer(&world.peers[(operation >> 4) % world.count], operation, input);
    } else {
        run_rounds(1,
                   fuzz_has(operation, 128) ? LLMP_MILLISECONDS(60 * (int64_t)fuzz_u8(input)) : LLMP_MILLISECONDS(1));
    }
}

static void run_broker(struct fuzz_input *input) {
    uint8_t how = fuzz_u8(input);
    llmp_broker_options options = {.provider = &fuzz_maps, .page_size = FUZZ_PAGE_SIZE, .history = 2 + how % 4};
    struct llmp_listener_limits limits = llmp_listener_limits_default();
    limits.peers = 1 + (how >> 2) % 4;
    FUZZ_CHECK(llmp_broker_new(&options, &world.broker) == 0, "no broker");
    FUZZ_CHECK(llmp_listener_attach(world.broker, NULL, 1337, limits, NULL) == 1337, "no listener");
    for (int i = 0; i < ROUNDS_MAX && input->left > 0; i++) {
        operate(input);
    }
    run_rounds(3, LLMP_MILLISECONDS(100));
    for (int i = 0; i < world.count; i++) {
        expect_responses(&world.peers[i]);
    }
    expect_correct_client();
    if (fuzz_has(how, 16)) { /* a peer that has just connected when the broker is freed */
        (void)fuzz_socket_enqueue();
        run_rounds(1, LLMP_MILLISECONDS(10));
    }
    llmp_broker_free(world.broker, LLMP_NOWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_over(data, size);
    if (size < 2 || size > FUZZ_SENT_MAX) {
        return 0;
    }
    world.count = 0;
    world.last_id = 0;
    fuzz_platform_begin();
    fuzz_maps_begin(fuzz_maps_salt(data, size));
    fuzz_put_peer_pages();
    run_broker(&input);
    fuzz_maps_end();
    fuzz_platform_end();
    return 0;
}
