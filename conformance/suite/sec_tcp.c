/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Frames and the handshake, byte by byte, from peers that are slow, hasty, or no peers at all (SPEC.md, 10 and 13). */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite/sections.h"

enum { TAG = 0x7C9, WAIT_MS = 3000, FRAME = 512 };

/* ---------------------------------------------------------------- talking */

static void write_all(struct lc_case *c, int socket, const void *bytes, size_t length) {
    int rc = lc_write(socket, bytes, length, WAIT_MS);
    lc_check(c, rc == 0, "a broker that reads", "%s", strerror(-rc));
}

/* A whole frame, length included. */
static size_t frame_of(uint8_t frame[FRAME], const struct lc_tcp_message *request) {
    size_t length = lc_request_encode(frame + 4, FRAME - 4, request);
    uint32_t prefix = htonl((uint32_t)length);
    memcpy(frame, &prefix, sizeof prefix);
    return 4 + length;
}

static size_t client_hello(struct lc_case *c, uint8_t frame[FRAME]) {
    struct lc_writer *writer = lc_new_channel(c, 0, 0);
    return frame_of(frame, &(struct lc_tcp_message){.kind = LC_LOCAL_CLIENT_HELLO, .desc = writer->map->desc});
}

static uint32_t expect_accepted(struct lc_case *c, int socket) {
    uint8_t body[FRAME];
    struct lc_tcp_message answer;
    long length = lc_frame_read(socket, body, sizeof body, WAIT_MS);
    lc_check(c, length > 0, "LocalClientAccepted", "%s", strerror((int)-length));
    bool good = lc_response_decode(body, (size_t)length, &answer);
    lc_check(c, good && answer.kind == LC_LOCAL_CLIENT_ACCEPTED, "LocalClientAccepted", "a frame of kind %d",
             good ? (int)answer.kind : -1);
    lc_check(c, lc_wait_hangup(socket, WAIT_MS) == 0, "that the broker closes the connection", "it stays open");
    return answer.id;
}

/* Refused: an Error, or the connection closed, within the time. Returns whether the peer said Error. */
static void expect_refused(struct lc_case *c, int socket) {
    uint8_t body[FRAME];
    struct lc_tcp_message answer;
    long length = lc_frame_read(socket, body, sizeof body, WAIT_MS);
    if (length > 0) {
        bool good = lc_response_decode(body, (size_t)length, &answer);
        lc_check(c, good && answer.kind == LC_ERROR, "an Error or a closed connection", "a frame of kind %d",
                 good ? (int)answer.kind : -1);
        lc_check(c, lc_wait_hangup(socket, WAIT_MS) == 0, "that the connection is closed", "it stays open");
    } else {
        lc_check(c, length == -EPIPE || length == -ECONNRESET, "an Error or a closed connection", "%s",
                 strerror((int)-length));
    }
    close(socket);
}

/* Everything works for a client that comes now, whatever happened before. */
static uint32_t expect_service(struct lc_case *c, struct lc_party *broker, uint16_t port) {
    lc_check_alive(c, broker);
    struct lc_raw_client *client = lc_raw_connect(c, broker, port);
    uint64_t seed = lc_seed(c) + client->id;
    lc_writer_send(client->out, TAG, 0, 100, seed);
    lc_raw_expect(c, client, TAG, client->id, 0, 100, seed);
    return client->id;
}

/* ---------------------------------------------------------------- the handshake */

static void handshake(struct lc_case *c) {
    struct lc_party *broker = lc_play(c, "broker");
    struct lc_desc broadcast;
    struct lc_desc told;
    uint16_t port = lc_open_broker(c, broker, &broadcast);
    int socket = lc_raw_hello(c, port, &told);
    lc_check_u64(c, "the broadcast's size in BrokerConnectHello", broadcast.size, told.size);
    lc_check(c, memcmp(broadcast.id, told.id, sizeof told.id) == 0, "the id of the broadcast's first map", "%s",
             lc_desc_show(&told));
    uint8_t frame[FRAME];
    write_all(c, socket, frame, client_hello(c, frame));
    lc_check_u64(c, "the first client's id", 1, expect_accepted(c, socket));
    close(socket);
}

static void handshake_of_client(struct lc_case *c) {
    uint16_t port;
    int listener = lc_tcp_listen(&port);
    struct lc_party *client = lc_play(c, "client");
    lc_request(c, client, "client.connect", "{s:s, s:i, s:i}", "provider", lc_provider_name(c), "port", port,
               "timeout_ms", 5000);
    int socket = lc_accept(listener, WAIT_MS);
    lc_check(c, socket >= 0, "a client that connects", "%s", strerror(-socket));
    struct lc_writer *broadcast = lc_new_channel(c, 0, 0);
    struct lc_tcp_message hello = {.kind = LC_BROKER_CONNECT_HELLO, .desc = broadcast->map->desc, .text = "host"};
    uint8_t body[FRAME];
    lc_frame_write(socket, body, lc_response_encode(body, sizeof body, &hello), WAIT_MS);
    long length = lc_frame_read(socket, body, sizeof body, WAIT_MS);
    struct lc_tcp_message request;
    bool good = length > 0 && lc_request_decode(body, (size_t)length, &request);
    lc_check(c, good && request.kind == LC_LOCAL_CLIENT_HELLO, "LocalClientHello", "a frame of %ld bytes", length);
    struct lc_tcp_message accepted = {.kind = LC_LOCAL_CLIENT_ACCEPTED, .id = 77};
    lc_frame_write(socket, body, lc_response_encode(body, sizeof body, &accepted), WAIT_MS);
    close(socket);
    close(listener);
    const json_t *answer = lc_answer(c, client);
    lc_check_u64(c, "client_id", 77, lc_field_u64(c, answer, "client_id"));
    lc_check_u64(c, "receivers_joined_count of the broadcast's first page", 0,
                 lc_get16(broadcast->map->base, LC_PAGE_JOINED));
    struct lc_reader *reader = lc_read_channel(c, client, &request.desc);
    lc_ask(c, client, "client.send", "{s:i, s:i, s:i, s:i}", "tag", TAG, "length", 30, "seed", 4, "timeout_ms", 1000);
    lc_expect(c, reader, TAG, 77, 0, 30, 4);
    lc_check_u64(c, "sender_id in the client's page header", 77, lc_get32(reader->map.base, LC_PAGE_SENDER_ID));
    lc_writer_send(broadcast, TAG, 0, 20, 5);
    answer = lc_ask(c, client, "client.recv", "{s:i}", "timeout_ms", 2000);
    lc_check_u64(c, "messages", 1, json_array_size(json_object_get(answer, "messages")));
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
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    int socket = lc_raw_hello(c, port, NULL);
    uint8_t frame[FRAME];
    size_t length = client_hello(c, frame);
    struct unread unread = {port_of(socket), port};
    for (size_t i = 0; i < length; i++) {
        write_all(c, socket, frame + i, 1);
        lc_check(c, lc_until(was_read, &unread, WAIT_MS), "a broker that reads", "byte %d is not read", (int)i);
    }
    lc_check_u64(c, "the first client's id", 1, expect_accepted(c, socket));
    close(socket);
    lc_check_u64(c, "the next client's id", 2, expect_service(c, broker, port));
}

/* The answer before the question: the client's frame is sent before the broker's hello is read. */
static void pipelined(struct lc_case *c) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    int socket = lc_tcp_connect(port);
    uint8_t frame[FRAME];
    write_all(c, socket, frame, client_hello(c, frame));
    long hello = lc_frame_read(socket, frame, sizeof frame, WAIT_MS);
    lc_check(c, hello > 0, "BrokerConnectHello", "%s", strerror((int)-hello));
    lc_check_u64(c, "the first client's id", 1, expect_accepted(c, socket));
    close(socket);
    lc_check_u64(c, "the next client's id", 2, expect_service(c, broker, port));
}

static void listens_locally(struct lc_case *c) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct sockaddr_in other = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, "127.0.0.2", &other.sin_addr); /* this machine too, and not the address it listens on */
    int socket_of_other = socket(AF_INET, SOCK_STREAM, 0);
    int rc = connect(socket_of_other, (struct sockaddr *)&other, sizeof other);
    close(socket_of_other);
    lc_check(c, rc != 0, "a listener on 127.0.0.1 alone", "127.0.0.2 is served as well");
}

/* ---------------------------------------------------------------- frames that are wrong */

static void oversized(struct lc_case *c) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    static const uint32_t lengths[] = {UINT32_MAX, UINT32_C(1) << 31};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int socket = lc_raw_hello(c, port, NULL);
        uint32_t prefix = htonl(lengths[i]);
        write_all(c, socket, &prefix, sizeof prefix);
        lc_note(c, "a length of %u bytes", lengths[i]);
        expect_refused(c, socket);
    }
    expect_service(c, broker, port);
}

/* Half of a frame after half of a frame, one of each length, all open at the same time; somebody else is served. */
static void silent_and_half(struct lc_case *c) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    uint8_t frame[FRAME];
    size_t length = client_hello(c, frame);
    int open[8];
    for (size_t i = 0; i < 8; i++) {
        open[i] = lc_tcp_connect(port);
        write_all(c, open[i], frame, length * i / 8);
    }
    expect_service(c, broker, port);
    for (size_t i = 0; i < 8; i++) {
        close(open[i]);
    }
    expect_service(c, broker, port);
}

static void cut_off(struct lc_case *c) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    uint8_t frame[FRAME];
    size_t length = client_hello(c, frame);
    static const size_t cuts[] = {0, 1, 3, 4, 5, 13};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        int socket = lc_raw_hello(c, port, NULL);
        write_all(c, socket, frame, cuts[i] < length ? cuts[i] : length - 1);
        close(socket);
    }
    expect_service(c, broker, port);
}

static void reset(struct lc_case *c) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    for (int i = 0; i < 20; i++) {
        lc_reset(lc_tcp_connect(port));
        lc_reset(lc_raw_hello(c, port, NULL));
    }
    expect_service(c, broker, port);
}

struct body {
    const char *what;
    uint8_t bytes[40];
    size_t length;
};

static void refuse_bodies(struct lc_case *c, const struct body *bodies, size_t count) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    for (size_t i = 0; i < count; i++) {
        int socket = lc_raw_hello(c, port, NULL);
        lc_note(c, "%s", bodies[i].what);
        lc_frame_write(socket, bodies[i].bytes, bodies[i].length, WAIT_MS);
        expect_refused(c, socket);
    }
    expect_service(c, broker, port);
}

static void garbage(struct lc_case *c) {
    static const struct body bodies[] = {
        {"an empty body", {0}, 0},
        {"eight bytes of ff", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8},
        {"HTTP", "GET / HTTP/1.1\r\n\r\n", 18},
    };
    refuse_bodies(c, bodies, sizeof bodies / sizeof bodies[0]);
}

static void decoder_refuses(struct lc_case *c) {
    static const struct body bodies[] = {
        {"an unknown index", {3, 0}, 2},
        {"an index of six bytes", {0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, 6},
        {"LocalClientHello without its description", {0}, 1},
        {"LocalClientHello whose id has 19 bytes", {0, 0x80, 0x80, 0x40, '1', '2', '3'}, 23},
        {"a size of eleven bytes", {0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 32},
        {"RemoteBrokerHello with a name that is cut off", {1, 5, 'a', 'b'}, 4},
        {"RemoteBrokerHello with a name that is not UTF-8", {1, 2, 0xc3, 0x28}, 4},
        {"RemoteBrokerHello with a surrogate", {1, 3, 0xed, 0xa0, 0x80}, 5},
    };
    refuse_bodies(c, bodies, sizeof bodies / sizeof bodies[0]);
}

/* Nothing is answered to ClientQuit, so that all there is to see is that everybody else is served on. */
static void quit_refused(struct lc_case *c, const uint8_t *body, size_t length) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_raw_client *client = lc_raw_connect(c, broker, port);
    int socket = lc_raw_hello(c, port, NULL);
    lc_frame_write(socket, body, length, WAIT_MS);
    lc_wait_hangup(socket, WAIT_MS);
    close(socket);
    for (uint64_t i = 0; i < 20; i++) {
        lc_writer_send(client->out, TAG, 0, 10, i);
        lc_raw_expect(c, client, TAG, client->id, 0, 10, i);
    }
    expect_service(c, broker, port);
}

static void number_out_of_range(struct lc_case *c) {
    static const uint8_t body[] = {2, 0x81, 0x80, 0x80, 0x80, 0x10}; /* 2^32 + 1: not client 1 */
    quit_refused(c, body, sizeof body);
}

static void accepts_longer(struct lc_case *c) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    int socket = lc_raw_hello(c, port, NULL);
    struct lc_writer *writer = lc_new_channel(c, 0, 0);
    uint8_t bytes[64];
    struct lc_bytes out = {.at = bytes, .capacity = sizeof bytes};
    lc_post_put_raw(&out, "\x80\x80\x00", 3);             /* index 0 in three bytes */
    lc_post_put_raw(&out, "\x80\x80\xc0\x80\x80\x00", 6); /* 2^20 in six */
    lc_post_put_raw(&out, writer->map->desc.id, LC_ID_BYTES);
    lc_post_put_raw(&out, "more", 4);
    lc_check_u64(c, "the map's size", LC_PAGE_DEFAULT, writer->map->size);
    lc_frame_write(socket, bytes, out.length, WAIT_MS);
    lc_check_u64(c, "the first client's id", 1, expect_accepted(c, socket));
    close(socket);
}

/* A broker whose name is not UTF-8: its hello is refused, whatever else is in it. */
static void client_refuses(struct lc_case *c) {
    uint16_t port;
    int listener = lc_tcp_listen(&port);
    struct lc_party *client = lc_play(c, "client");
    lc_request(c, client, "client.connect", "{s:s, s:i, s:i}", "provider", lc_provider_name(c), "port", port,
               "timeout_ms", 3000);
    int socket = lc_accept(listener, WAIT_MS);
    lc_check(c, socket >= 0, "a client that connects", "%s", strerror(-socket));
    struct lc_writer *broadcast = lc_new_channel(c, 0, 0);
    uint8_t bytes[64];
    struct lc_bytes hello = {.at = bytes, .capacity = sizeof bytes};
    lc_post_put_varint(&hello, LC_BROKER_CONNECT_HELLO);
    lc_post_put_desc(&hello, &broadcast->map->desc);
    lc_post_put_bytes(&hello, "a\xff", 2);
    lc_frame_write(socket, bytes, hello.length, WAIT_MS);
    struct lc_tcp_message accepted = {.kind = LC_LOCAL_CLIENT_ACCEPTED, .id = 1};
    lc_frame_write(socket, bytes, lc_response_encode(bytes, sizeof bytes, &accepted), WAIT_MS);
    const json_t *answer;
    enum lc_outcome outcome = lc_answer_any(c, client, &answer);
    lc_check(c, outcome == LC_REFUSED || outcome == LC_CRASHED, "a refusal", "the client is connected");
    lc_check_alive(c, client);
    close(socket);
    close(listener);
}

/* ---------------------------------------------------------------- maps that cannot be used */

static void send_quit(struct lc_case *c, uint16_t port, uint32_t id);
static bool has_left(void *page);

static void refuse_desc(struct lc_case *c, uint16_t port, const struct lc_desc *desc) {
    int socket = lc_raw_hello(c, port, NULL);
    uint8_t frame[FRAME];
    lc_note(c, "LocalClientHello with %s of %llu bytes", lc_desc_show(desc), (unsigned long long)desc->size);
    write_all(c, socket, frame,
              frame_of(frame, &(struct lc_tcp_message){.kind = LC_LOCAL_CLIENT_HELLO, .desc = *desc}));
    expect_refused(c, socket);
}

/* Returns what may not be a client's map, one after the other. */
static bool unusable(struct lc_case *c, int which, struct lc_desc *desc) {
    static const char *const ids[] = {"", "abc", "-1", "4294967297", "/nothing_of_anybody", "12x"};
    int names = (int)(sizeof ids / sizeof ids[0]);
    if (which < names) {
        *desc = lc_desc_of(LC_PAGE_DEFAULT, ids[which]);
        return true;
    }
    struct lc_map *map = lc_new_map(c, LC_PAGE_DEFAULT); /* zeros: no page */
    *desc = map->desc;
    struct lc_writer writer;
    switch (which - names) {
    case 0: return true;
    case 1: memset(desc->id, '7', sizeof desc->id); return true;
    case 2:
        lc_writer_start(&writer, map, 0);
        desc->size = 2 * LC_PAGE_DEFAULT;
        return true;
    case 3:
        lc_writer_start(&writer, map, 0);
        desc->size = UINT64_C(1) << 62;
        return true;
    case 4:
        lc_writer_start(&writer, map, 0);
        desc->size = LC_PAGE_HEADER;
        return true;
    case 5:
        lc_writer_start(&writer, map, 0);
        lc_put64(map->base, LC_PAGE_MAGIC, LC_MAGIC_GIVEN_UP);
        return true;
    default: return false;
    }
}

static void unusable_maps(struct lc_case *c) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_desc desc;
    for (int which = 0; unusable(c, which, &desc); which++) {
        refuse_desc(c, port, &desc);
    }
    expect_service(c, broker, port);
}

/* Whatever the answer is: somebody else is served, before and after the broker has looked at the map. */
static void others_served(struct lc_case *c) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_raw_client *client = lc_raw_connect(c, broker, port);
    struct lc_desc desc;
    for (int which = 0; unusable(c, which, &desc); which++) {
        lc_note(c, "LocalClientHello with %s of %llu bytes", lc_desc_show(&desc), (unsigned long long)desc.size);
        int socket = lc_raw_hello(c, port, NULL);
        uint8_t frame[FRAME];
        struct lc_tcp_message hello = {.kind = LC_LOCAL_CLIENT_HELLO, .desc = desc};
        write_all(c, socket, frame, frame_of(frame, &hello));
        (void)lc_frame_read(socket, frame, sizeof frame, WAIT_MS);
        close(socket);
        for (uint64_t i = 0; i < 5; i++) {
            lc_writer_send(client->out, TAG, 0, 10, i);
            lc_raw_expect(c, client, TAG, client->id, 0, 10, i);
        }
        lc_check_alive(c, broker);
    }
    expect_service(c, broker, port);
}

/*
 * After one that cannot be used, an id is the one by which the broker knows the client: its messages carry it, and
 * ClientQuit removes it alone.
 */
static void told_and_known(struct lc_case *c) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    int socket = lc_raw_hello(c, port, NULL);
    uint8_t frame[FRAME];
    struct lc_tcp_message hello = {.kind = LC_LOCAL_CLIENT_HELLO, .desc = lc_desc_of(LC_PAGE_DEFAULT, "2000000000")};
    write_all(c, socket, frame, frame_of(frame, &hello));
    (void)lc_frame_read(socket, frame, sizeof frame, WAIT_MS);
    close(socket);
    struct lc_raw_client *going = lc_raw_connect(c, broker, port);
    struct lc_raw_client *staying = lc_raw_connect(c, broker, port);
    send_quit(c, port, going->id);
    for (uint64_t i = 0; i < 20; i++) {
        lc_writer_send(staying->out, TAG, 0, 10, i);
        lc_raw_expect(c, staying, TAG, staying->id, 0, 10, i);
    }
    lc_check(c, lc_until(has_left, going->out->map->base, 5000), "that the client that quit is removed",
             "its page is not left");
}

/* As BROKER-2 says: those that never got in took no id that counts, or one each that is not used again. */
static void ids_afterwards(struct lc_case *c) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    uint32_t first = expect_service(c, broker, port);
    struct lc_desc nothing = lc_desc_of(LC_PAGE_DEFAULT, "abc");
    refuse_desc(c, port, &nothing);
    uint32_t second = expect_service(c, broker, port);
    lc_check(c, second > first, "an id above the one before", "%u after %u", second, first);
}

/* ---------------------------------------------------------------- leaving by TCP */

static void send_quit(struct lc_case *c, uint16_t port, uint32_t id) {
    int socket = lc_raw_hello(c, port, NULL);
    uint8_t frame[FRAME];
    write_all(c, socket, frame, frame_of(frame, &(struct lc_tcp_message){.kind = LC_CLIENT_QUIT, .id = id}));
    int rc = lc_wait_hangup(socket, WAIT_MS);
    lc_check(c, rc == 0, "a closed connection, and no answer", "%s", strerror(-rc));
    close(socket);
}

static bool has_left(void *page) {
    return lc_get16(page, LC_PAGE_LEFT) != 0;
}

static void quit(struct lc_case *c) {
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_raw_client *first = lc_raw_connect(c, broker, port);
    struct lc_raw_client *second = lc_raw_connect(c, broker, port);
    lc_writer_send(first->out, TAG, 0, 10, 1);
    lc_raw_expect(c, second, TAG, first->id, 0, 10, 1);
    send_quit(c, port, first->id);
    lc_writer_send(second->out, TAG, 0, 20, 2);
    lc_raw_expect(c, second, TAG, second->id, 0, 20, 2);
    lc_check(c, lc_until(has_left, first->out->map->base, 5000), "that the broker leaves the page of who quit",
             "receivers_left_count is 0");
}

static void quit_of_nobody(struct lc_case *c) {
    static const uint32_t ids[] = {0, 5, 1000, UINT32_MAX};
    struct lc_party *broker = lc_play(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_raw_client *client = lc_raw_connect(c, broker, port);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        lc_note(c, "ClientQuit{%u}", ids[i]);
        send_quit(c, port, ids[i]);
        lc_writer_send(client->out, TAG, 0, 10, i);
        lc_raw_expect(c, client, TAG, client->id, 0, 10, i);
    }
    expect_service(c, broker, port);
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
    {"TCP-4/oversized", "lengths of 2 and 4 GiB", "broker", LC_NAMED_PROVIDERS, oversized, 0, false},
    {"TCP-5/silent", "eight peers that say nothing or a part of a frame", "broker", LC_NAMED_PROVIDERS, silent_and_half,
     0, false},
    {"TCP-6/cut", "hang-ups at every place in a frame", "broker", LC_NAMED_PROVIDERS, cut_off, 0, false},
    {"TCP-6/reset", "resets", "broker", LC_NAMED_PROVIDERS, reset, 0, false},
    {"TCP-6/garbage", "bodies that are no request", "broker", LC_NAMED_PROVIDERS, garbage, 0, false},
    {"POST-7/refuses", "values that postcard forbids", "broker", LC_NAMED_PROVIDERS, decoder_refuses, 0, false},
    {"POST-7/client", "a client that is greeted with a name that is not UTF-8", "client", LC_NAMED_PROVIDERS,
     client_refuses, 0, false},
    {"POST-1/range", "a client id beyond 32 bits", "broker", LC_NAMED_PROVIDERS, number_out_of_range, 0, false},
    {"POST-7/accepts", "varints longer than needed, bytes behind the value", "broker", LC_NAMED_PROVIDERS,
     accepts_longer, 0, false},
    {"TCP-8/unusable", "maps that are none, or not what they claim", "broker", LC_NAMED_PROVIDERS, unusable_maps, 0,
     false},
    {"TCP-8/others-served", "others are served whatever such a peer is told", "broker", LC_NAMED_PROVIDERS,
     others_served, 60, false},
    {"BROKER-2/told-and-known", "ids after a registration that failed", "broker", LC_NAMED_PROVIDERS, told_and_known, 0,
     false},
    {"TCP-8/ids-afterwards", "ids of those who come after one that failed", "broker", LC_NAMED_PROVIDERS,
     ids_afterwards, 0, false},
    {"TCP-3/quit", "a client that quits over TCP", "broker", LC_NAMED_PROVIDERS, quit, 0, false},
    {"TCP-7/nobody", "ClientQuit of ids that nobody has, and of the listener's", "broker", LC_NAMED_PROVIDERS,
     quit_of_nobody, 0, false},
    {0},
};
