/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "raw_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* ------------------------------------------------------------------ the broker */

static void on_event(void *context, const llmp_broker_event *event) {
    struct llmp_world *world = context;
    world->joined += event->type == LLMP_EVENT_CLIENT_JOINED;
    world->left += event->type == LLMP_EVENT_CLIENT_LEFT || event->type == LLMP_EVENT_CLIENT_REMOVED;
    if (event->type == LLMP_EVENT_PEER_REFUSED) {
        world->refused++;
        world->refused_code = event->code;
    }
}

static struct llmp_world *world_new(void) {
    struct llmp_world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    llmp_broker_options options = {.on_event = on_event, .event_context = world};
    assert_int_equal(llmp_broker_new(&options, &world->broker), 0);
    assert_int_equal(llmp_sender_new(&(llmp_sender_options){.page_size = 4096}, &world->sender), 0);
    return world;
}

int llmp_world_setup(void **state) {
    struct llmp_world *world = world_new();
    struct llmp_listener_limits limits = llmp_listener_limits_default();
    limits.deadline_ns = limits.leave_ns = LLMP_TEST_PATIENCE;
    world->port = llmp_listener_attach(world->broker, NULL, 0, limits);
    assert_in_range(world->port, 1, 65535);
    *state = world;
    return 0;
}

int llmp_world_setup_hasty(void **state) {
    struct llmp_world *world = world_new();
    struct llmp_listener_limits limits = llmp_listener_limits_default();
    limits.deadline_ns = limits.leave_ns = LLMP_MILLISECONDS(50);
    world->port = llmp_listener_attach(world->broker, NULL, 0, limits);
    assert_in_range(world->port, 1, 65535);
    *state = world;
    return 0;
}

int llmp_world_teardown(void **state) {
    struct llmp_world *world = *state;
    llmp_broker_free(world->broker, LLMP_NOWAIT);
    llmp_sender_free(world->sender, LLMP_NOWAIT);
    free(world);
    return 0;
}

void llmp_world_round(struct llmp_world *world, int64_t end) {
    (void)llmp_broker_run_once(world->broker);
    assert_true(llmp_os_now() < end); /* what is waited for never came */
}

void llmp_world_await_refusals(struct llmp_world *world, int count) {
    for (int64_t end = llmp_os_now() + LLMP_TEST_PATIENCE; world->refused < count;) {
        llmp_world_round(world, end);
    }
    assert_int_equal(world->refused, count);
}

/* ------------------------------------------------------------------ peers */

struct llmp_raw llmp_raw_connect(struct llmp_world *world) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)world->port)};
    struct llmp_raw peer = {.world = world, .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(peer.fd >= 0);
    assert_int_equal(connect(peer.fd, (struct sockaddr *)&to, sizeof to), 0);
    fcntl(peer.fd, F_SETFL, O_NONBLOCK);
    llmp_frame_reader_init(&peer.reader, LLMP_HANDSHAKE_MAX);
    return peer;
}

void llmp_raw_close(struct llmp_raw *peer) {
    llmp_frame_reader_fini(&peer->reader);
    close(peer->fd);
}

void llmp_raw_reset(struct llmp_raw *peer) {
    struct linger none = {.l_onoff = 1};
    setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    llmp_raw_close(peer);
}

void llmp_raw_say_bytes(struct llmp_raw *peer, struct llmp_span bytes) {
    assert_int_equal(send(peer->fd, bytes.bytes, bytes.length, MSG_NOSIGNAL), (ssize_t)bytes.length);
}

void llmp_raw_say(struct llmp_raw *peer, const struct llmp_request *request) {
    uint8_t frame[4 + LLMP_HANDSHAKE_MAX] = {0};
    int64_t length = llmp_request_encode(request, frame + 4, LLMP_HANDSHAKE_MAX);
    assert_in_range(length, 1, 255);
    frame[3] = (uint8_t)length;
    llmp_raw_say_bytes(peer, (struct llmp_span){frame, 4 + (size_t)length});
}

struct llmp_request llmp_raw_client_hello(const struct llmp_world *world) {
    return (struct llmp_request){.kind = LLMP_REQUEST_LOCAL_CLIENT_HELLO, .desc = llmp_sender_describe(world->sender)};
}

int llmp_raw_hear_code(struct llmp_raw *peer, struct llmp_response *response) {
    struct llmp_span body;
    int64_t end = llmp_os_now() + LLMP_TEST_PATIENCE;
    int code;
    while ((code = llmp_frame_read(&peer->reader, peer->fd, &body)) == -EAGAIN) {
        llmp_world_round(peer->world, end);
    }
    return code < 0 ? code : llmp_response_decode(body, response);
}

struct llmp_response llmp_raw_hear(struct llmp_raw *peer, enum llmp_response_kind kind) {
    struct llmp_response response;
    assert_int_equal(llmp_raw_hear_code(peer, &response), 0);
    assert_int_equal(response.kind, kind);
    return response;
}

void llmp_raw_sees_end(struct llmp_raw *peer) {
    struct llmp_response response;
    assert_int_equal(llmp_raw_hear_code(peer, &response), -EPIPE);
}

struct llmp_raw llmp_raw_greeted(struct llmp_world *world) {
    struct llmp_raw peer = llmp_raw_connect(world);
    llmp_raw_hear(&peer, LLMP_RESPONSE_BROKER_CONNECT_HELLO);
    return peer;
}

uint32_t llmp_raw_join(struct llmp_world *world) {
    struct llmp_raw peer = llmp_raw_greeted(world);
    struct llmp_request hello = llmp_raw_client_hello(world);
    llmp_raw_say(&peer, &hello);
    uint32_t id = llmp_raw_hear(&peer, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED).id;
    llmp_raw_sees_end(&peer);
    llmp_raw_close(&peer);
    return id;
}

void llmp_raw_quit(struct llmp_world *world, uint32_t id) {
    struct llmp_raw peer = llmp_raw_greeted(world);
    llmp_raw_say(&peer, &(struct llmp_request){.kind = LLMP_REQUEST_CLIENT_QUIT, .id = id});
    llmp_raw_sees_end(&peer);
    llmp_raw_close(&peer);
}
