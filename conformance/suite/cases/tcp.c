/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Frames and the handshake, byte by byte, and ClientQuit (SPEC.md, sections 10 and 13). */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite/cases/sections.h"
#include "suite/kit/broker_fixture.h"
#include "suite/kit/tcp_peer.h"

/* ---------------------------------------------------------------- the handshake */

static void handshake(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    struct lc_desc broadcast;
    struct lc_desc received;
    uint16_t port = lc_open_broker(c, broker, &broadcast);
    int socket = lc_raw_connect(c, port, &received);
    lc_check_u64(c, "size in BrokerConnectHello:", broadcast.size, received.size);
    lc_check(c, memcmp(broadcast.id, received.id, sizeof received.id) == 0, "the id of the first broadcast page", "%s",
             lc_desc_show(&received));
    uint8_t frame[LC_TCP_FRAME_MAX];
    lc_tcp_write(c, socket, frame, lc_tcp_hello_frame(c, frame));
    lc_check_u64(c, "id of the first client:", 1, lc_tcp_expect_accepted(c, socket));
    (void)close(socket);
}

/* Plays the broker's side of the handshake. Returns the description in LocalClientHello. */
static struct lc_desc accept_as_client(struct lc_case *c, int socket, const struct lc_desc *broadcast, uint32_t id) {
    struct lc_tcp_message hello = {.kind = LC_BROKER_CONNECT_HELLO, .desc = *broadcast, .text = "host"};
    struct lc_tcp_message accepted = {.kind = LC_LOCAL_CLIENT_ACCEPTED, .id = id};
    struct lc_tcp_message request;
    uint8_t body[LC_TCP_FRAME_MAX];
    lc_tcp_send_response(socket, &hello);
    long length = lc_frame_read(socket, body, sizeof body, LC_TCP_TIMEOUT_MS);
    bool valid = length > 0 && lc_request_decode(body, (size_t)length, &request);
    lc_check(c, valid && request.kind == LC_LOCAL_CLIENT_HELLO, "LocalClientHello", "a frame of %ld bytes", length);
    lc_tcp_send_response(socket, &accepted);
    (void)close(socket);
    return request.desc;
}

static void handshake_of_client(struct lc_case *c) {
    struct lc_actor *client = lc_spawn(c, "client");
    int socket = lc_tcp_accept_client(c, client, 5000);
    struct lc_writer *broadcast = lc_new_channel(c, 0, 0);
    struct lc_desc desc = accept_as_client(c, socket, &broadcast->map->desc, 77);
    const json_t *reply = lc_wait_reply(c, client);
    lc_check_u64(c, "client_id", 77, lc_field_u64(c, reply, "client_id"));
    lc_check_u64(c, "receivers_joined_count of the first broadcast page:", 0,
                 lc_get16(broadcast->map->base, LC_PAGE_JOINED));
    struct lc_reader *reader = lc_read_channel(c, client, &desc);
    lc_send_message(c, client, LC_TCP_TAG, 30, 4);
    lc_expect_message(c, reader, LC_TCP_TAG, 77, 0, 30, 4);
    lc_check_u64(c, "sender_id of the client's page:", 77, lc_get32(reader->map.base, LC_PAGE_SENDER_ID));
    lc_writer_send(broadcast, LC_TCP_TAG, 0, 20, 5);
    reply = lc_call(c, client, "client.recv", "{s:i}", "timeout_ms", 2000);
    lc_check_u64(c, "number of messages:", 1, json_array_size(json_object_get(reply, "messages")));
}

/* ---------------------------------------------------------------- frames */

/* The ports of the two ends of a connection. */
struct connection {
    uint16_t suite, broker;
};

/* Returns true if the broker has read all bytes: /proc/net/tcp shows how many wait in its receive queue. */
static bool was_read(void *argument) {
    const struct connection *connection = argument;
    FILE *table = fopen("/proc/net/tcp", "re");
    char line[256];
    bool read_all = true;
    while (table != NULL && fgets(line, sizeof line, table) != NULL) {
        unsigned local;
        unsigned remote;
        unsigned long waiting;
        if (sscanf(line, "%*d: %*x:%x %*x:%x %*x %*x:%lx", &local, &remote, &waiting) == 3 &&
            local == connection->broker && remote == connection->suite) {
            read_all = waiting == 0;
        }
    }
    if (table != NULL) {
        (void)fclose(table);
    }
    return read_all;
}

static uint16_t port_of(int socket) {
    struct sockaddr_in name = {0};
    socklen_t size = sizeof name;
    (void)getsockname(socket, (struct sockaddr *)&name, &size);
    return ntohs(name.sin_port);
}

/* The broker accepts the first client, and serves another one. */
static void check_two_clients(struct lc_case *c, struct lc_broker_fixture *fixture, int socket) {
    lc_check_u64(c, "id of the first client:", 1, lc_tcp_expect_accepted(c, socket));
    (void)close(socket);
    lc_check_u64(c, "id of the next client:", 2, lc_tcp_check_service(c, fixture->broker, fixture->port));
}

/* Each byte is sent after the broker has read the previous one. */
static void in_pieces(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    int socket = lc_raw_connect(c, fixture.port, NULL);
    uint8_t frame[LC_TCP_FRAME_MAX];
    size_t length = lc_tcp_hello_frame(c, frame);
    struct connection connection = {port_of(socket), fixture.port};
    for (size_t i = 0; i < length; i++) {
        lc_tcp_write(c, socket, frame + i, 1);
        lc_check(c, lc_wait_until(was_read, &connection, LC_TCP_TIMEOUT_MS), "the broker reads each byte",
                 "it has not read byte %d", (int)i);
    }
    check_two_clients(c, &fixture, socket);
}

/* The client sends its frame before it reads the broker's. */
static void pipelined(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    int socket = lc_tcp_connect(fixture.port);
    uint8_t frame[LC_TCP_FRAME_MAX];
    struct lc_tcp_message hello;
    lc_tcp_write(c, socket, frame, lc_tcp_hello_frame(c, frame));
    lc_expect_response(c, socket, LC_BROKER_CONNECT_HELLO, LC_TCP_TIMEOUT_MS, &hello);
    check_two_clients(c, &fixture, socket);
}

/* 127.0.0.2 is another address of this machine. */
static void listens_locally(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct sockaddr_in other = {.sin_family = AF_INET, .sin_port = htons(fixture.port)};
    (void)inet_pton(AF_INET, "127.0.0.2", &other.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int rc = connect(fd, (struct sockaddr *)&other, sizeof other);
    (void)close(fd);
    lc_check(c, rc != 0, "the broker listens on 127.0.0.1 only", "it also listens on 127.0.0.2");
}

/* ---------------------------------------------------------------- ClientQuit */

static void quit(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *first = lc_fixture_connect(c, &fixture);
    struct lc_raw_client *second = lc_fixture_connect(c, &fixture);
    lc_writer_send(first->out, LC_TCP_TAG, 0, 10, 1);
    lc_raw_client_expect(c, second, LC_TCP_TAG, first->id, 0, 10, 1);
    lc_tcp_quit(c, fixture.port, first->id);
    lc_writer_send(second->out, LC_TCP_TAG, 0, 20, 2);
    lc_raw_client_expect(c, second, LC_TCP_TAG, second->id, 0, 20, 2);
    lc_check_within(c, lc_is_left, first->out->map->base, 5000, "the broker leaves the page of the client that quit",
                    "receivers_left_count is 0");
}

/* 0 is the id of the broker's listener. */
static void quit_of_unknown_ids(struct lc_case *c) {
    static const uint32_t ids[] = {0, 5, 1000, UINT32_MAX};
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        lc_note(c, "ClientQuit{%u}", ids[i]);
        lc_tcp_quit(c, fixture.port, ids[i]);
        lc_writer_send(client->out, LC_TCP_TAG, 0, 10, i);
        lc_raw_client_expect(c, client, LC_TCP_TAG, client->id, 0, 10, i);
    }
    lc_tcp_check_service(c, fixture.broker, fixture.port);
}

const struct lc_case_def lc_tcp_cases[] = {
    {"TCP-2/broker", "the broker's side of the handshake", "broker", LC_NAMED_PROVIDERS, handshake, 0, false},
    {"TCP-2/client", "the client's side of the handshake, and the use of its id", "client", LC_NAMED_PROVIDERS,
     handshake_of_client, 0, false},
    {"POST-2/requests", "the bytes of LocalClientHello", "broker", LC_NAMED_PROVIDERS, handshake, 0, false},
    {"POST-3/responses", "the bytes of BrokerConnectHello and LocalClientAccepted", "broker", LC_NAMED_PROVIDERS,
     handshake, 0, false},
    {"POST-5/descriptions", "the bytes of the descriptions of broker and client", "client", LC_NAMED_PROVIDERS,
     handshake_of_client, 0, false},
    {"TCP-1/in-pieces", "a frame that arrives byte by byte", "broker", LC_NAMED_PROVIDERS, in_pieces, 0, false},
    {"TCP-1/pipelined", "a request that is sent before BrokerConnectHello is read", "broker", LC_NAMED_PROVIDERS,
     pipelined, 0, false},
    {"TCP-9/local", "the broker listens on 127.0.0.1 only", "broker", LC_FIRST_PROVIDER, listens_locally, 0, false},
    {"TCP-3/quit", "ClientQuit removes a client", "broker", LC_NAMED_PROVIDERS, quit, 0, false},
    {"TCP-7/nobody", "ClientQuit with unknown ids, and with the id of the listener", "broker", LC_NAMED_PROVIDERS,
     quit_of_unknown_ids, 0, false},
    {0},
};
