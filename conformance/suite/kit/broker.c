/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Brokers and clients of the implementation, and a client that the suite plays. */
#include "suite/kit/case_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { CONNECT_MS = 5000 };

/* ---------------------------------------------------------------- the implementation's */

static uint16_t port_of(struct lc_case *c, const json_t *reply) {
    uint64_t port = lc_field_u64(c, reply, "port");
    lc_check(c, port > 0 && port <= UINT16_MAX, "a port from 1 to 65535", "%llu", (unsigned long long)port);
    return (uint16_t)port;
}

uint16_t lc_open_broker_with(struct lc_case *c, struct lc_actor *broker, struct lc_desc *broadcast, json_t *more) {
    json_t *arguments = json_pack("{s:s}", "provider", lc_provider_name(c));
    if (more != NULL) {
        json_object_update(arguments, more);
        json_decref(more);
    }
    bool listens = !json_is_false(json_object_get(arguments, "listen"));
    const json_t *reply = lc_call(c, broker, "broker.open", "o", arguments);
    if (broadcast != NULL) {
        *broadcast = lc_field_desc(c, reply, "description");
    }
    return listens ? port_of(c, reply) : 0;
}

uint16_t lc_open_broker(struct lc_case *c, struct lc_actor *broker, struct lc_desc *broadcast) {
    return lc_open_broker_with(c, broker, broadcast, NULL);
}

uint32_t lc_connect_client(struct lc_case *c, struct lc_actor *client, uint16_t port) {
    const json_t *reply = lc_call(c, client, "client.connect", "{s:s, s:i, s:i}", "provider", lc_provider_name(c),
                                  "port", port, "timeout_ms", CONNECT_MS);
    return (uint32_t)lc_field_u64(c, reply, "client_id");
}

/* ---------------------------------------------------------------- the handshake of a raw client */

static void close_socket(void *socket) {
    if (*(int *)socket >= 0) {
        (void)close(*(int *)socket);
    }
}

void lc_expect_response(struct lc_case *c, int socket, enum lc_response kind, int timeout_ms,
                        struct lc_tcp_message *response) {
    static const char *const names[] = {"BrokerConnectHello", "LocalClientAccepted", "RemoteBrokerAccepted", "Error"};
    uint8_t body[1024];
    long length = lc_frame_read(socket, body, sizeof body, timeout_ms);
    if (length < 0) {
        lc_fail(c, names[kind], "%s", strerror((int)-length));
    }
    if (!lc_response_decode(body, (size_t)length, response)) {
        lc_fail(c, names[kind], "a frame of %ld bytes that is not a response (POST-3)", length);
    }
    if (response->kind != (uint32_t)kind) {
        lc_fail(c, names[kind], "%s%s%.200s", names[response->kind], response->kind == LC_ERROR ? ": " : "",
                response->kind == LC_ERROR ? response->text : "");
    }
}

int lc_raw_connect(struct lc_case *c, uint16_t port, struct lc_desc *broadcast) {
    struct lc_tcp_message hello;
    int socket = lc_tcp_connect(port);
    lc_check(c, socket >= 0, "the broker accepts the connection", "%s", strerror(-socket));
    lc_expect_response(c, socket, LC_BROKER_CONNECT_HELLO, lc_scaled_ms(CONNECT_MS), &hello);
    if (broadcast != NULL) {
        *broadcast = hello.desc;
    }
    return socket;
}

static void send_hello(struct lc_case *c, struct lc_raw_client *client) {
    uint8_t body[256];
    struct lc_tcp_message hello = {.kind = LC_LOCAL_CLIENT_HELLO, .desc = client->out->map->desc};
    size_t length = lc_request_encode(body, sizeof body, &hello);
    int rc = lc_frame_write(client->socket, body, length, lc_scaled_ms(CONNECT_MS));
    lc_check(c, rc == 0, "the broker reads LocalClientHello", "%s", strerror(-rc));
}

/* From the response on, the client writes its id to its page and to all messages (TCP-2). */
static void receive_id(struct lc_case *c, struct lc_raw_client *client) {
    struct lc_tcp_message accepted;
    lc_expect_response(c, client->socket, LC_LOCAL_CLIENT_ACCEPTED, lc_scaled_ms(CONNECT_MS), &accepted);
    client->id = accepted.id;
    client->out->sender = accepted.id;
    lc_put32(client->out->map->base, LC_PAGE_SENDER_ID, accepted.id);
}

struct lc_raw_client *lc_raw_client_connect(struct lc_case *c, struct lc_actor *broker, uint16_t port) {
    struct lc_desc broadcast;
    if (c->provider == LC_MEMFD) {
        lc_error(c, "a raw client over memfd: the broker can only open maps that exist before it starts");
    }
    struct lc_raw_client *client = lc_alloc(c, sizeof *client);
    client->socket = lc_raw_connect(c, port, &broadcast);
    lc_defer(c, close_socket, &client->socket);
    client->out = lc_new_channel(c, 0, 0);
    send_hello(c, client);
    receive_id(c, client);
    int rc = lc_wait_hangup(client->socket, lc_scaled_ms(CONNECT_MS));
    lc_check(c, rc == 0, "the broker closes the connection", "%s", strerror(-rc));
    (void)close(client->socket);
    client->socket = -1;
    client->in = lc_open_reader(c, broker, &broadcast, false);
    client->in->is_broadcast = true;
    return client;
}

/* ---------------------------------------------------------------- messages of a raw client */

void lc_raw_client_send(struct lc_case *c, struct lc_raw_client *client, uint32_t tag, uint64_t length, uint64_t seed) {
    if (!lc_writer_fits(client->out, length)) {
        lc_writer_turn_page(client->out, lc_new_map(c, LC_PAGE_DEFAULT));
    }
    lc_writer_send(client->out, tag, 0, length, seed);
}

void lc_raw_client_add_channel(struct lc_raw_client *client, const struct lc_desc *desc) {
    uint8_t payload[LC_EOP_PAYLOAD];
    lc_eop_payload(payload, desc);
    lc_writer_prepare_bytes(client->out, LC_TAG_NEW_SHM_CLIENT, 0, payload, sizeof payload);
    lc_writer_commit(client->out);
}

void lc_raw_client_exit(struct lc_raw_client *client, uint32_t names) {
    uint8_t payload[8] = {0};
    memcpy(payload, &names, sizeof names);
    lc_writer_prepare_bytes(client->out, LC_TAG_CLIENT_EXIT, 0, payload, sizeof payload);
    lc_writer_commit(client->out);
}

void lc_raw_client_expect(struct lc_case *c, struct lc_raw_client *client, uint32_t tag, uint32_t sender,
                          uint32_t flags, uint64_t length, uint64_t seed) {
    struct lc_message message;
    const struct lc_message wanted = {.tag = tag, .sender = sender, .flags = flags, .length = length};
    do {
        lc_next_message(c, client->in, &message);
    } while (message.sender != sender);
    lc_check_message_fields(c, client->in, &message, &wanted, seed);
}
