/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Frames and the handshake, byte by byte, and leaving by TCP (SPEC.md, sections 10 and 13). */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite/cases/sections.h"
#include "suite/kit/tcp_peer.h"

/* ---------------------------------------------------------------- the handshake */

static void handshake(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    struct lc_desc broadcast;
    struct lc_desc told;
    uint16_t port = lc_open_broker(c, broker, &broadcast);
    int socket = lc_raw_connect(c, port, &told);
    lc_check_u64(c, "the broadcast's size in BrokerConnectHello", broadcast.size, told.size);
    lc_check(c, memcmp(broadcast.id, told.id, sizeof told.id) == 0, "the id of the broadcast's first map", "%s",
             lc_desc_show(&told));
    uint8_t frame[LC_TCP_FRAME_MAX];
    lc_tcp_write(c, socket, frame, lc_tcp_hello_frame(c, frame));
    lc_check_u64(c, "the first client's id", 1, lc_tcp_expect_accepted(c, socket));
    close(socket);
}

static void handshake_of_client(struct lc_case *c) {
    uint16_t port;
    int listener = lc_tcp_listen(&port);
    struct lc_actor *client = lc_spawn(c, "client");
    lc_send_request(c, client, "client.connect", "{s:s, s:i, s:i}", "provider", lc_provider_name(c), "port", port,
                    "timeout_ms", 5000);
    int socket = lc_accept(listener, LC_TCP_TIMEOUT_MS);
    lc_check(c, socket >= 0, "a client that connects", "%s", strerror(-socket));
    struct lc_writer *broadcast = lc_new_channel(c, 0, 0);
    struct lc_tcp_message hello = {.kind = LC_BROKER_CONNECT_HELLO, .desc = broadcast->map->desc, .text = "host"};
    uint8_t body[LC_TCP_FRAME_MAX];
    lc_frame_write(socket, body, lc_response_encode(body, sizeof body, &hello), LC_TCP_TIMEOUT_MS);
    long length = lc_frame_read(socket, body, sizeof body, LC_TCP_TIMEOUT_MS);
    struct lc_tcp_message request;
    bool good = length > 0 && lc_request_decode(body, (size_t)length, &request);
    lc_check(c, good && request.kind == LC_LOCAL_CLIENT_HELLO, "LocalClientHello", "a frame of %ld bytes", length);
    struct lc_tcp_message accepted = {.kind = LC_LOCAL_CLIENT_ACCEPTED, .id = 77};
    lc_frame_write(socket, body, lc_response_encode(body, sizeof body, &accepted), LC_TCP_TIMEOUT_MS);
    close(socket);
    close(listener);
    const json_t *reply = lc_wait_reply(c, client);
    lc_check_u64(c, "client_id", 77, lc_field_u64(c, reply, "client_id"));
    lc_check_u64(c, "receivers_joined_count of the broadcast's first page", 0,
                 lc_get16(broadcast->map->base, LC_PAGE_JOINED));
    struct lc_reader *reader = lc_read_channel(c, client, &request.desc);
    lc_call(c, client, "client.send", "{s:i, s:i, s:i, s:i}", "tag", LC_TCP_TAG, "length", 30, "seed", 4, "timeout_ms",
            1000);
    lc_expect_message(c, reader, LC_TCP_TAG, 77, 0, 30, 4);
    lc_check_u64(c, "sender_id in the client's page header", 77, lc_get32(reader->map.base, LC_PAGE_SENDER_ID));
    lc_writer_send(broadcast, LC_TCP_TAG, 0, 20, 5);
    reply = lc_call(c, client, "client.recv", "{s:i}", "timeout_ms", 2000);
    lc_check_u64(c, "messages", 1, json_array_size(json_object_get(reply, "messages")));
}

struct unread {
    uint16_t here, there; /* ports */
};

/* Whether the peer has read all that this socket sent: the kernel shows how much waits at the other end. */
static bool was_read(void *argument) {
    const struct unread *unread = argument;
    FILE *table = fopen("/proc/net/tcp", "re");
    char line[256];
    bool read_all = true;
    while (table != NULL && fgets(line, sizeof line, table) != NULL) {
        unsigned local;
        unsigned remote;
        unsigned long waiting;
        if (sscanf(line, "%*d: %*x:%x %*x:%x %*x %*x:%lx", &local, &remote, &waiting) == 3 && local == unread->there &&
            remote == unread->here) {
            read_all = waiting == 0;
        }
    }
    if (table != NULL) {
        fclose(table);
    }
    return read_all;
}

static uint16_t port_of(int socket) {
    struct sockaddr_in name = {0};
    socklen_t size = sizeof name;
    getsockname(socket, (struct sockaddr *)&name, &size);
    return ntohs(name.sin_port);
}

/* Each byte is sent when the one before has been read. */
static void in_pieces(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    int socket = lc_raw_connect(c, port, NULL);
    uint8_t frame[LC_TCP_FRAME_MAX];
    size_t length = lc_tcp_hello_frame(c, frame);
    struct unread unread = {port_of(socket), port};
    for (size_t i = 0; i < length; i++) {
        lc_tcp_write(c, socket, frame + i, 1);
        lc_check(c, lc_wait_until(was_read, &unread, LC_TCP_TIMEOUT_MS), "a broker that reads", "byte %d is not read",
                 (int)i);
    }
    lc_check_u64(c, "the first client's id", 1, lc_tcp_expect_accepted(c, socket));
    close(socket);
    lc_check_u64(c, "the next client's id", 2, lc_tcp_check_service(c, broker, port));
}

/* The answer before the question: the client's frame is sent before the broker's hello is read. */
static void pipelined(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    int socket = lc_tcp_connect(port);
    uint8_t frame[LC_TCP_FRAME_MAX];
    lc_tcp_write(c, socket, frame, lc_tcp_hello_frame(c, frame));
    long hello = lc_frame_read(socket, frame, sizeof frame, LC_TCP_TIMEOUT_MS);
    lc_check(c, hello > 0, "BrokerConnectHello", "%s", strerror((int)-hello));
    lc_check_u64(c, "the first client's id", 1, lc_tcp_expect_accepted(c, socket));
    close(socket);
    lc_check_u64(c, "the next client's id", 2, lc_tcp_check_service(c, broker, port));
}

static void listens_locally(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct sockaddr_in other = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, "127.0.0.2", &other.sin_addr); /* this machine too, and not the address it listens on */
    int socket_of_other = socket(AF_INET, SOCK_STREAM, 0);
    int rc = connect(socket_of_other, (struct sockaddr *)&other, sizeof other);
    close(socket_of_other);
    lc_check(c, rc != 0, "a listener on 127.0.0.1 alone", "127.0.0.2 is served as well");
}

/* ---------------------------------------------------------------- leaving by TCP */

static void quit(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_raw_client *first = lc_raw_client_connect(c, broker, port);
    struct lc_raw_client *second = lc_raw_client_connect(c, broker, port);
    lc_writer_send(first->out, LC_TCP_TAG, 0, 10, 1);
    lc_raw_client_expect(c, second, LC_TCP_TAG, first->id, 0, 10, 1);
    lc_tcp_quit(c, port, first->id);
    lc_writer_send(second->out, LC_TCP_TAG, 0, 20, 2);
    lc_raw_client_expect(c, second, LC_TCP_TAG, second->id, 0, 20, 2);
    lc_check(c, lc_wait_until(lc_is_left, first->out->map->base, 5000), "that the broker leaves the page of who quit",
             "receivers_left_count is 0");
}

static void quit_of_nobody(struct lc_case *c) {
    static const uint32_t ids[] = {0, 5, 1000, UINT32_MAX};
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_raw_client *client = lc_raw_client_connect(c, broker, port);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        lc_note(c, "ClientQuit{%u}", ids[i]);
        lc_tcp_quit(c, port, ids[i]);
        lc_writer_send(client->out, LC_TCP_TAG, 0, 10, i);
        lc_raw_client_expect(c, client, LC_TCP_TAG, client->id, 0, 10, i);
    }
    lc_tcp_check_service(c, broker, port);
}

const struct lc_case_def lc_tcp_cases[] = {
    {"TCP-2/broker", "hello, accepted, closed", "broker", LC_NAMED_PROVIDERS, handshake, 0, false},
    {"TCP-2/client", "what a client says, and does with its id", "client", LC_NAMED_PROVIDERS, handshake_of_client, 0,
     false},
    {"POST-2/requests", "a client's hello and its description, byte by byte", "broker", LC_NAMED_PROVIDERS, handshake,
     0, false},
    {"POST-3/responses", "a broker's hello and answer, byte by byte", "broker", LC_NAMED_PROVIDERS, handshake, 0,
     false},
    {"POST-5/descriptions", "a description as a broker and a client write it", "client", LC_NAMED_PROVIDERS,
     handshake_of_client, 0, false},
    {"TCP-1/in-pieces", "a frame that comes byte by byte", "broker", LC_NAMED_PROVIDERS, in_pieces, 0, false},
    {"TCP-1/pipelined", "a request before the broker's hello is read", "broker", LC_NAMED_PROVIDERS, pipelined, 0,
     false},
    {"TCP-9/local", "nobody is served on another address", "broker", LC_FIRST_PROVIDER, listens_locally, 0, false},
    {"TCP-3/quit", "a client that quits over TCP", "broker", LC_NAMED_PROVIDERS, quit, 0, false},
    {"TCP-7/nobody", "ClientQuit of ids that nobody has, and of the listener's", "broker", LC_NAMED_PROVIDERS,
     quit_of_nobody, 0, false},
    {0},
};
