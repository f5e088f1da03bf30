/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Property: a client connects if the broker sends a greeting and an acceptance, in any pieces, and for no other bytes
 * (TCP-2). It sends nothing before the greeting, and returns an error by its timeout otherwise.
 */
#include <errno.h>

#include "net/handshake.h"
#include "net/peer.h"
#include "platform/platform.h"
#include "rig/check.h"
#include "rig/input.h"
#include "rig/maps.h"
#include "rig/peer.h"

/* Bits of the first input byte; the lowest three are the number of responses. */
enum { CLOSES = 8, RESETS = 16, NO_TIMEOUT = 32, LINGERS = 64 };

/* The result that a correct client must reach from the broker's bytes. */
struct conclusion {
    bool greeted;
    bool connected;
    uint32_t id;
};

static bool next_response(const struct fuzz_peer *broker, size_t *at, struct lc_tcp_message *response) {
    struct fuzz_body body;
    return fuzz_peer_sent_frame(broker, at, &body) && body.length <= LLMP_PEER_FRAME_MAX &&
           lc_response_decode(body.bytes, body.length, response);
}

static struct conclusion conclude(const struct fuzz_peer *broker) {
    struct conclusion conclusion = {.greeted = false};
    struct lc_tcp_message greeting;
    struct lc_tcp_message answer;
    size_t at = 0;
    conclusion.greeted = next_response(broker, &at, &greeting) && greeting.kind == LC_BROKER_CONNECT_HELLO &&
                         greeting.text_length <= LLMP_HOSTNAME_MAX;
    if (conclusion.greeted && next_response(broker, &at, &answer) && answer.kind == LC_LOCAL_CLIENT_ACCEPTED) {
        conclusion.id = answer.id;
        conclusion.connected = fuzz_is_good_page(&greeting.desc);
    }
    return conclusion;
}

static void expect_hello(const struct fuzz_peer *broker, bool may_send) {
    const uint8_t *received;
    struct lc_tcp_message hello;
    struct fuzz_body body;
    size_t at = 0;
    size_t length = fuzz_socket_received(broker->socket, &received);
    bool complete = fuzz_frame_next(received, length, &at, &body);
    FUZZ_CHECK(may_send || length == 0, "the client sent before it was greeted");
    FUZZ_CHECK(!complete || (lc_request_decode(body.bytes, body.length, &hello) &&
                             hello.kind == LC_LOCAL_CLIENT_HELLO && hello.desc.size == FUZZ_PAGE_SIZE && at == length),
               "the client sent something else than its hello");
}

static void send_response(struct fuzz_peer *broker, struct fuzz_input *input) {
    uint8_t body[LLMP_HANDSHAKE_MAX];
    struct lc_tcp_message response = {.kind = fuzz_u8(input) % 4};
    response.id = fuzz_u32(input);
    response.desc.size = fuzz_u16(input) % (FUZZ_PAGE_SIZE + 9);
    response.desc.id[0] = fuzz_u8(input);
    response.text[0] = 'x';
    fuzz_peer_send_frame(broker, body, lc_response_encode(body, sizeof body, &response));
}

static void send_answers(struct fuzz_peer *broker, struct fuzz_input *input, uint8_t options) {
    size_t steps = fuzz_u8(input) % 16;
    const uint8_t *pace = fuzz_take(input, &steps);
    fuzz_socket_pace(broker->socket, pace, steps);
    for (unsigned i = 0; i < (options & 7u); i++) {
        send_response(broker, input);
    }
    fuzz_peer_send(broker, input->at, input->left);
    if (fuzz_has(options, CLOSES)) {
        fuzz_peer_hang_up(broker, fuzz_has(options, RESETS));
    }
}

static void use_client(llmp_client *client, uint32_t id) {
    llmp_message message;
    FUZZ_CHECK(llmp_client_id(client) == id, "id %u instead of %u", llmp_client_id(client), id);
    FUZZ_CHECK(llmp_client_recv(client, &message, LLMP_NOWAIT) == -EAGAIN, "a message that was not sent");
    FUZZ_CHECK(llmp_client_send(client, 7, 0, "hello", 5, LLMP_NOWAIT) == 0, "the client cannot send");
}

static void run_client(struct fuzz_input *input) {
    static struct fuzz_peer broker;
    uint8_t options = fuzz_u8(input);
    llmp_client_options client_options = {.port = 1337,
                                          .sender = {.provider = &fuzz_maps, .page_size = FUZZ_PAGE_SIZE}};
    llmp_client *client;
    fuzz_peer_connect(&broker);
    send_answers(&broker, input, options);
    struct conclusion expected = conclude(&broker);
    bool may_fail = fuzz_has(options, RESETS | NO_TIMEOUT);
    int rc =
        llmp_client_connect(&client_options, fuzz_has(options, NO_TIMEOUT) ? LLMP_NOWAIT : LLMP_SECONDS(1), &client);
    FUZZ_CHECK(rc != 0 || expected.connected, "connected without a valid acceptance");
    FUZZ_CHECK(rc == 0 || !expected.connected || may_fail, "%s after a valid acceptance", llmp_error_name(rc));
    expect_hello(&broker, expected.greeted || fuzz_has(options, RESETS));
    if (rc == 0) {
        use_client(client, expected.id);
        (void)llmp_client_free(client, fuzz_has(options, LINGERS) ? LLMP_MILLISECONDS(1) : LLMP_NOWAIT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = fuzz_input_over(data, size);
    if (size < 2 || size > FUZZ_SENT_MAX / 2) {
        return 0;
    }
    fuzz_platform_begin();
    fuzz_maps_begin(fuzz_maps_salt(data, size));
    fuzz_put_peer_pages();
    run_client(&input);
    fuzz_maps_end();
    fuzz_platform_end();
    return 0;
}
