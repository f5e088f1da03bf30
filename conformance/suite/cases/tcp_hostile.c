/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Silent TCP peers, invalid frames, and maps that cannot be used (SPEC.md, sections 10 and 13). */
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "suite/cases/sections.h"
#include "suite/kit/broker_fixture.h"
#include "suite/kit/tcp_peer.h"

static uint32_t check_service(struct lc_case *c, struct lc_broker_fixture *fixture) {
    return lc_tcp_check_service(c, fixture->broker, fixture->port);
}

/* ---------------------------------------------------------------- incomplete frames */

static void oversized(struct lc_case *c) {
    static const uint32_t lengths[] = {UINT32_MAX, UINT32_C(1) << 31};
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int socket = lc_raw_connect(c, fixture.port, NULL);
        uint32_t prefix = htonl(lengths[i]);
        lc_tcp_write(c, socket, &prefix, sizeof prefix);
        lc_note(c, "a frame of %u bytes", lengths[i]);
        lc_tcp_expect_refused(c, socket);
    }
    check_service(c, &fixture);
}

/* Eight connections are open at the same time; each has sent an eighth more of a frame than the one before. */
static void silent_peers(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    uint8_t frame[LC_TCP_FRAME_MAX];
    size_t length = lc_tcp_hello_frame(c, frame);
    int sockets[8];
    for (size_t i = 0; i < 8; i++) {
        sockets[i] = lc_tcp_connect(fixture.port);
        lc_tcp_write(c, sockets[i], frame, length * i / 8);
    }
    check_service(c, &fixture);
    for (size_t i = 0; i < 8; i++) {
        (void)close(sockets[i]);
    }
    check_service(c, &fixture);
}

static void truncated(struct lc_case *c) {
    static const size_t lengths[] = {0, 1, 3, 4, 5, 13};
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    uint8_t frame[LC_TCP_FRAME_MAX];
    size_t length = lc_tcp_hello_frame(c, frame);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int socket = lc_raw_connect(c, fixture.port, NULL);
        lc_tcp_write(c, socket, frame, lengths[i] < length ? lengths[i] : length - 1);
        (void)close(socket);
    }
    check_service(c, &fixture);
}

static void resets(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    for (int i = 0; i < 20; i++) {
        lc_close_with_reset(lc_tcp_connect(fixture.port));
        lc_close_with_reset(lc_raw_connect(c, fixture.port, NULL));
    }
    check_service(c, &fixture);
}

/* ---------------------------------------------------------------- invalid bodies */

struct body {
    const char *what;
    uint8_t bytes[40];
    size_t length;
};

static void expect_refused_bodies(struct lc_case *c, const struct body *bodies, size_t count) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    for (size_t i = 0; i < count; i++) {
        int socket = lc_raw_connect(c, fixture.port, NULL);
        lc_note(c, "%s", bodies[i].what);
        (void)lc_frame_write(socket, bodies[i].bytes, bodies[i].length, LC_TCP_TIMEOUT_MS);
        lc_tcp_expect_refused(c, socket);
    }
    check_service(c, &fixture);
}

static void garbage(struct lc_case *c) {
    static const struct body bodies[] = {
        {"an empty body", {0}, 0},
        {"eight bytes of ff", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8},
        {"HTTP", "GET / HTTP/1.1\r\n\r\n", 18},
    };
    expect_refused_bodies(c, bodies, sizeof bodies / sizeof bodies[0]);
}

static void invalid_values(struct lc_case *c) {
    static const struct body bodies[] = {
        {"an unknown index", {3, 0}, 2},
        {"an index of six bytes", {0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, 6},
        {"LocalClientHello without a description", {0}, 1},
        {"LocalClientHello with an id of 19 bytes", {0, 0x80, 0x80, 0x40, '1', '2', '3'}, 23},
        {"a size of eleven bytes", {0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 32},
        {"RemoteBrokerHello with a truncated name", {1, 5, 'a', 'b'}, 4},
        {"RemoteBrokerHello with a name that is not UTF-8", {1, 2, 0xc3, 0x28}, 4},
        {"RemoteBrokerHello with a surrogate", {1, 3, 0xed, 0xa0, 0x80}, 5},
    };
    expect_refused_bodies(c, bodies, sizeof bodies / sizeof bodies[0]);
}

/*
 * There is no response to ClientQuit, so the case checks that the broker still serves its client. 2^32 + 1 is not 1. A
 * broker may act on ClientQuit late (TCP-3): the case waits until it has acted on a later one.
 */
static void number_out_of_range(struct lc_case *c) {
    static const uint8_t body[] = {2, 0x81, 0x80, 0x80, 0x80, 0x10};
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    struct lc_raw_client *leaving = lc_fixture_connect(c, &fixture);
    int socket = lc_raw_connect(c, fixture.port, NULL);
    (void)lc_frame_write(socket, body, sizeof body, LC_TCP_TIMEOUT_MS);
    (void)lc_wait_hangup(socket, LC_TCP_TIMEOUT_MS);
    (void)close(socket);
    lc_tcp_quit(c, fixture.port, leaving->id);
    lc_check_within(c, lc_is_left, leaving->out->map->base, 5000, "the broker removes the client that quit",
                    "it has not left its page");
    lc_tcp_check_client(c, client, 20);
    check_service(c, &fixture);
}

static void longer_values(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    int socket = lc_raw_connect(c, fixture.port, NULL);
    struct lc_writer *writer = lc_new_channel(c, 0, 0);
    uint8_t bytes[64];
    struct lc_bytes out = {.at = bytes, .capacity = sizeof bytes};
    lc_post_put_raw(&out, "\x80\x80\x00", 3);             /* the index 0 in three bytes */
    lc_post_put_raw(&out, "\x80\x80\xc0\x80\x80\x00", 6); /* 2^20 in six bytes */
    lc_post_put_raw(&out, writer->map->desc.id, LC_ID_BYTES);
    lc_post_put_raw(&out, "more", 4);
    lc_check_u64(c, "size of the map:", LC_PAGE_DEFAULT, writer->map->size);
    (void)lc_frame_write(socket, bytes, out.length, LC_TCP_TIMEOUT_MS);
    lc_check_u64(c, "id of the first client:", 1, lc_tcp_expect_accepted(c, socket));
    (void)close(socket);
}

/* The host name in BrokerConnectHello is not UTF-8, so the client must refuse the frame. */
static void client_refuses(struct lc_case *c) {
    struct lc_actor *client = lc_spawn(c, "client");
    int socket = lc_tcp_accept_client(c, client, 3000);
    struct lc_writer *broadcast = lc_new_channel(c, 0, 0);
    uint8_t bytes[64];
    struct lc_bytes hello = {.at = bytes, .capacity = sizeof bytes};
    lc_post_put_varint(&hello, LC_BROKER_CONNECT_HELLO);
    lc_post_put_desc(&hello, &broadcast->map->desc);
    lc_post_put_bytes(&hello, "a\xff", 2);
    (void)lc_frame_write(socket, bytes, hello.length, LC_TCP_TIMEOUT_MS);
    lc_tcp_send_response(socket, &(struct lc_tcp_message){.kind = LC_LOCAL_CLIENT_ACCEPTED, .id = 1});
    enum lc_outcome outcome = lc_wait_any_reply(c, client, NULL);
    lc_check(c, outcome == LC_REFUSED || outcome == LC_CRASHED, "the client refuses the hello", "it has connected");
    lc_check_alive(c, client);
    (void)close(socket);
}

/* ---------------------------------------------------------------- maps that cannot be used */

/* Fills the description number `which` of a map that must not become a client's. Returns false after the last one. */
static bool unusable(struct lc_case *c, int which, struct lc_desc *desc) {
    static const char *const ids[] = {"", "abc", "-1", "4294967297", "/nothing_of_anybody", "12x"};
    int names = (int)(sizeof ids / sizeof ids[0]);
    if (which < names) {
        *desc = lc_desc_of(LC_PAGE_DEFAULT, ids[which]);
        return true;
    }
    struct lc_map *map = lc_new_map(c, LC_PAGE_DEFAULT); /* zeros: not a page */
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
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_desc desc;
    for (int which = 0; unusable(c, which, &desc); which++) {
        lc_tcp_expect_refused(c, lc_tcp_send_hello(c, fixture.port, &desc));
    }
    check_service(c, &fixture);
}

/* Sends LocalClientHello, waits for any response, and closes the connection. */
static void send_hello_and_close(struct lc_case *c, uint16_t port, const struct lc_desc *desc) {
    uint8_t body[LC_TCP_FRAME_MAX];
    int socket = lc_tcp_send_hello(c, port, desc);
    (void)lc_frame_read(socket, body, sizeof body, LC_TCP_TIMEOUT_MS);
    (void)close(socket);
}

static void others_are_served(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    struct lc_desc desc;
    for (int which = 0; unusable(c, which, &desc); which++) {
        send_hello_and_close(c, fixture.port, &desc);
        lc_tcp_check_client(c, client, 5);
        lc_check_alive(c, fixture.broker);
    }
    check_service(c, &fixture);
}

/*
 * After a failed registration, the id that a client receives must still be the one by which the broker knows it: its
 * messages have it, and ClientQuit with it removes this client only.
 */
static void ids_agree(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_desc missing = lc_desc_of(LC_PAGE_DEFAULT, "2000000000");
    send_hello_and_close(c, fixture.port, &missing);
    struct lc_raw_client *leaving = lc_fixture_connect(c, &fixture);
    struct lc_raw_client *staying = lc_fixture_connect(c, &fixture);
    lc_tcp_quit(c, fixture.port, leaving->id);
    lc_tcp_check_client(c, staying, 20);
    lc_check_within(c, lc_is_left, leaving->out->map->base, 5000, "the broker removes the client that quit",
                    "it has not left its page");
}

/* BROKER-2: a refused client gets no id, or one that is not used again. */
static void ids_after_refusal(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    uint32_t first = check_service(c, &fixture);
    struct lc_desc invalid = lc_desc_of(LC_PAGE_DEFAULT, "abc");
    lc_tcp_expect_refused(c, lc_tcp_send_hello(c, fixture.port, &invalid));
    uint32_t second = check_service(c, &fixture);
    lc_check(c, second > first, "an id larger than the previous one", "%u after %u", second, first);
}

const struct lc_case_def lc_tcp_hostile_cases[] = {
    {"TCP-4/oversized", "frames of 2 and 4 GiB are refused", "broker", LC_NAMED_PROVIDERS, oversized, 0, false},
    {"TCP-5/silent", "eight peers that send nothing, or a part of a frame", "broker", LC_NAMED_PROVIDERS, silent_peers,
     0, false},
    {"TCP-6/cut", "connections that are closed at each place in a frame", "broker", LC_NAMED_PROVIDERS, truncated, 0,
     false},
    {"TCP-6/reset", "connections that are reset", "broker", LC_NAMED_PROVIDERS, resets, 0, false},
    {"TCP-6/garbage", "bodies that are not a request are refused", "broker", LC_NAMED_PROVIDERS, garbage, 0, false},
    {"POST-7/refuses", "invalid postcard values are refused", "broker", LC_NAMED_PROVIDERS, invalid_values, 0, false},
    {"POST-7/client", "a client refuses a host name that is not UTF-8", "client", LC_NAMED_PROVIDERS, client_refuses, 0,
     false},
    {"POST-1/range", "a client id of more than 32 bits", "broker", LC_NAMED_PROVIDERS, number_out_of_range, 0, false},
    {"POST-7/accepts", "varints longer than needed, and bytes after the value, are accepted", "broker",
     LC_NAMED_PROVIDERS, longer_values, 0, false},
    {"TCP-8/unusable", "clients whose map cannot be used are refused", "broker", LC_NAMED_PROVIDERS, unusable_maps, 0,
     false},
    {"TCP-8/others-served", "the broker serves other clients after such a client", "broker", LC_NAMED_PROVIDERS,
     others_are_served, 60, false},
    {"BROKER-2/told-and-known", "client ids after a failed registration", "broker", LC_NAMED_PROVIDERS, ids_agree, 0,
     false},
    {"TCP-8/ids-afterwards", "ids of clients that connect after a refused one", "broker", LC_NAMED_PROVIDERS,
     ids_after_refusal, 0, false},
    {0},
};
