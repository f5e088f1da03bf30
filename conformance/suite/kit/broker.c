/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The usual openings around a broker, and a client made of nothing but a socket and two pages. */
#include "suite/kit/case_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { CONNECT_MS = 5000, HOST_NAME = 256 };

/* ---------------------------------------------------------------- parties */

static uint16_t port_field(struct lc_case *c, const json_t *reply) {
    uint64_t port = lc_field_u64(c, reply, "port");
    lc_check(c, port > 0 && port <= UINT16_MAX, "a port", "%llu", (unsigned long long)port);
    return (uint16_t)port;
}

uint16_t lc_open_broker_with(struct lc_case *c, struct lc_actor *broker, struct lc_desc *broadcast, json_t *more) {
    json_t *arguments = json_pack("{s:s}", "provider", lc_provider_name(c));
    if (more) {
        json_object_update(arguments, more);
        json_decref(more);
    }
    bool listens = !json_is_false(json_object_get(arguments, "listen"));
    const json_t *reply = lc_call(c, broker, "broker.open", "o", arguments);
    if (broadcast) {
        *broadcast = lc_field_desc(c, reply, "description");
    }
    return listens ? port_field(c, reply) : 0;
}

uint16_t lc_open_broker(struct lc_case *c, struct lc_actor *broker, struct lc_desc *broadcast) {
    return lc_open_broker_with(c, broker, broadcast, NULL);
}

uint32_t lc_connect_client(struct lc_case *c, struct lc_actor *client, uint16_t port) {
    const json_t *reply = lc_call(c, client, "client.connect", "{s:s, s:i, s:i}", "provider", lc_provider_name(c),
                                  "port", port, "timeout_ms", CONNECT_MS);
    return (uint32_t)lc_field_u64(c, reply, "client_id");
}

/* ---------------------------------------------------------------- raw */

static void close_socket(void *socket) {
    if (*(int *)socket >= 0) {
        close(*(int *)socket);
    }
}

static int patient(int milliseconds) {
    return (int)(milliseconds * lc_time_factor);
}

static void read_response(struct lc_case *c, int socket, enum lc_response wanted, struct lc_tcp_message *message) {
    static const char *const names[] = {"BrokerConnectHello", "LocalClientAccepted", "RemoteBrokerAccepted", "Error"};
    uint8_t body[1024];
    long length = lc_frame_read(socket, body, sizeof body, patient(CONNECT_MS));
    if (length < 0) {
        lc_fail(c, names[wanted], "%s", strerror((int)-length));
    }
    if (!lc_response_decode(body, (size_t)length, message)) {
        lc_fail(c, names[wanted], "a frame of %ld bytes that POST-3 does not know", length);
    }
    if (message->kind != (uint32_t)wanted) {
        lc_fail(c, names[wanted], "%s%s%.200s", names[message->kind], message->kind == LC_ERROR ? ": " : "",
                message->kind == LC_ERROR ? message->text : "");
    }
}

int lc_raw_connect(struct lc_case *c, uint16_t port, struct lc_desc *broadcast) {
    struct lc_tcp_message hello;
    int *socket = lc_alloc(c, sizeof *socket);
    *socket = lc_tcp_connect(port);
    lc_check(c, *socket >= 0, "a broker that accepts connections", "%s", strerror(-*socket));
    read_response(c, *socket, LC_BROKER_CONNECT_HELLO, &hello);
    if (broadcast) {
        *broadcast = hello.desc;
    }
    return *socket; /* the caller's, as cases reset and cut connections; the process ends with the case */
}

static void introduce(struct lc_case *c, struct lc_raw_client *client) {
    uint8_t body[256];
    struct lc_tcp_message hello = {.kind = LC_LOCAL_CLIENT_HELLO, .desc = client->out->map->desc};
    size_t length = lc_request_encode(body, sizeof body, &hello);
    int error = lc_frame_write(client->socket, body, length, patient(CONNECT_MS));
    lc_check(c, error == 0, "that the broker takes LocalClientHello", "%s", strerror(-error));
}

/* The id is known only now; it goes into the page and into all messages from here on (TCP-2). */
static void take_id(struct lc_case *c, struct lc_raw_client *client) {
    struct lc_tcp_message accepted;
    read_response(c, client->socket, LC_LOCAL_CLIENT_ACCEPTED, &accepted);
    client->id = accepted.id;
    client->out->sender = accepted.id;
    lc_put32(client->out->map->base, LC_PAGE_SENDER_ID, accepted.id);
}

struct lc_raw_client *lc_raw_client_connect(struct lc_case *c, struct lc_actor *broker, uint16_t port) {
    struct lc_desc broadcast;
    if (c->provider == LC_MEMFD) {
        lc_error(c, "a raw client over memfd: its maps would have to stand before the broker starts");
    }
    struct lc_raw_client *client = lc_alloc(c, sizeof *client);
    client->socket = lc_raw_connect(c, port, &broadcast);
    lc_defer(c, close_socket, &client->socket);
    client->out = lc_new_channel(c, 0, 0);
    introduce(c, client);
    take_id(c, client);
    int error = lc_wait_hangup(client->socket, patient(CONNECT_MS));
    lc_check(c, error == 0, "that the broker closes the connection", "%s", strerror(-error));
    close(client->socket);
    client->socket = -1;
    client->in = lc_open_reader(c, broker, &broadcast, false);
    client->in->is_broadcast = true;
    return client;
}
