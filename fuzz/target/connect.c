/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: a client that meets a broker which sends anything, in whatever pieces, is connected by a greeting and an
 * acceptance and by nothing else (TCP-2), says nothing before it is greeted, and gives up in time.
 */
#include <errno.h>

#include "net/handshake.h"
#include "net/peer.h"
#include "platform/platform.h"
#include "rig/check.h"
#include "rig/frames.h"
#include "rig/input.h"
#include "rig/maps.h"
#include "rig/peer.h"

/* What a good client makes of the bytes: true when they connect it. */
static bool connects(const struct fuzz_peer *broker, uint32_t *id, bool *greeted) {
    struct lc_tcp_message heard;
    struct fuzz_body body;
    size_t at = 0;
    *greeted = fuzz_frame_next(broker->bytes, broker->said, &at, &body) && body.length <= LLMP_PEER_FRAME_MAX &&
               lc_response_decode(body.bytes, body.length, &heard) && heard.kind == LC_BROKER_CONNECT_HELLO &&
               heard.text_length <= LLMP_HOSTNAME_MAX;
    bool good = *greeted && fuzz_is_good_page(&heard.desc);
    if (!*greeted || !fuzz_frame_next(broker->bytes, broker->said, &at, &body) || body.length > LLMP_PEER_FRAME_MAX ||
        !lc_response_decode(body.bytes, body.length, &heard) || heard.kind != LC_LOCAL_CLIENT_ACCEPTED) {
        return false;
    }
    *id = heard.id;
    return good;
}

static void expect_hello(const struct fuzz_peer *broker, bool greeted) {
    const uint8_t *seen;
    struct lc_tcp_message hello;
    struct fuzz_body body;
    size_t at = 0;
    size_t length = fuzz_socket_seen(broker->socket, &seen);
    bool said = fuzz_frame_next(seen, length, &at, &body);
    FUZZ_CHECK(greeted || length == 0, "it speaks before it is greeted");
    FUZZ_CHECK(!said || (lc_request_decode(body.bytes, body.length, &hello) && hello.kind == LC_LOCAL_CLIENT_HELLO &&
                         hello.desc.size == FUZZ_PAGE && at == length),
               "another hello");
}

static void say_some_response(struct fuzz_peer *broker, struct fuzz_input *input) {
    uint8_t body[LLMP_HANDSHAKE_MAX];
    struct lc_tcp_message response = {.kind = fuzz_u8(input) % 4};
    response.id = fuzz_u32(input);
    response.desc.size = fuzz_u16(input) % (FUZZ_PAGE + 9);
    response.desc.id[0] = fuzz_u8(input);
    response.text[0] = 'x';
    fuzz_peer_say_frame(broker, body, lc_response_encode(body, sizeof body, &response));
}

static void prepare_answers(struct fuzz_peer *broker, struct fuzz_input *input, uint8_t how) {
    size_t steps = fuzz_u8(input) % 16;
    const uint8_t *pace = fuzz_take(input, &steps);
    fuzz_socket_pace(broker->socket, pace, steps);
    for (unsigned i = 0; i < (how & 7u); i++) {
        say_some_response(broker, input);
    }
    fuzz_peer_say(broker, input->at, input->left);
    if (how & 8) {
        fuzz_peer_hang_up(broker, how & 16);
    }
}

static void run_client(struct fuzz_input *input) {
    static struct fuzz_peer broker;
    uint8_t how = fuzz_u8(input);
    llmp_client_options options = {.port = 1337, .sender = {.provider = &fuzz_maps, .page_size = FUZZ_PAGE}};
    llmp_client *client;
    broker.socket = fuzz_socket_knock();
    broker.dismissed = false;
    broker.said = 0;
    prepare_answers(&broker, input, how);
    uint32_t id = 0;
    bool greeted;
    bool good = connects(&broker, &id, &greeted);
    int rc = llmp_client_connect(&options, how & 32 ? LLMP_NOWAIT : LLMP_SECONDS(1), &client);
    FUZZ_CHECK(rc != 0 || good, "connected by what does not connect");
    FUZZ_CHECK(rc == 0 || !good || (how & (16 | 32)), "%s, and all was there", llmp_error_name(rc));
    expect_hello(&broker, greeted || (how & 16));
    if (rc == 0) {
        llmp_message message;
        FUZZ_CHECK(llmp_client_id(client) == id, "id %u instead of %u", llmp_client_id(client), id);
        FUZZ_CHECK(llmp_client_recv(client, &message, LLMP_NOWAIT) == -EAGAIN, "a message from nowhere");
        FUZZ_CHECK(llmp_client_send(client, 7, 0, "hello", 5, LLMP_NOWAIT) == 0, "not sent");
        (void)llmp_client_free(client, how & 64 ? LLMP_MILLISECONDS(1) : LLMP_NOWAIT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_over(data, size);
    if (size < 2 || size > FUZZ_SAID_MAX / 2) {
        return 0;
    }
    fuzz_platform_begin();
    fuzz_maps_begin(fuzz_maps_salt(data, size));
    fuzz_peer_segments();
    run_client(&input);
    fuzz_maps_end();
    fuzz_platform_end();
    return 0;
}
