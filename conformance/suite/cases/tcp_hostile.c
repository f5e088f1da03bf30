/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* TCP peers that are slow, hasty, or no peers at all; maps that cannot be used (SPEC.md, sections 10 and 13). */
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "suite/cases/sections.h"
#include "suite/kit/tcp_peer.h"

/* ---------------------------------------------------------------- frames that are wrong */

static void oversized(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    static const uint32_t lengths[] = {UINT32_MAX, UINT32_C(1) << 31};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int socket = lc_raw_connect(c, port, NULL);
        uint32_t prefix = htonl(lengths[i]);
        lc_tcp_write(c, socket, &prefix, sizeof prefix);
        lc_note(c, "a length of %u bytes", lengths[i]);
        lc_tcp_expect_refused(c, socket);
    }
    lc_tcp_check_service(c, broker, port);
}

/* Half of a frame after half of a frame, one of each length, all open at the same time; somebody else is served. */
static void silent_and_half(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    uint8_t frame[LC_TCP_FRAME_MAX];
    size_t length = lc_tcp_hello_frame(c, frame);
    int open[8];
    for (size_t i = 0; i < 8; i++) {
        open[i] = lc_tcp_connect(port);
        lc_tcp_write(c, open[i], frame, length * i / 8);
    }
    lc_tcp_check_service(c, broker, port);
    for (size_t i = 0; i < 8; i++) {
        close(open[i]);
    }
    lc_tcp_check_service(c, broker, port);
}

static void cut_off(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    uint8_t frame[LC_TCP_FRAME_MAX];
    size_t length = lc_tcp_hello_frame(c, frame);
    static const size_t cuts[] = {0, 1, 3, 4, 5, 13};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        int socket = lc_raw_connect(c, port, NULL);
        lc_tcp_write(c, socket, frame, cuts[i] < length ? cuts[i] : length - 1);
        close(socket);
    }
    lc_tcp_check_service(c, broker, port);
}

static void reset(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    for (int i = 0; i < 20; i++) {
        lc_close_with_reset(lc_tcp_connect(port));
        lc_close_with_reset(lc_raw_connect(c, port, NULL));
    }
    lc_tcp_check_service(c, broker, port);
}

struct body {
    const char *what;
    uint8_t bytes[40];
    size_t length;
};

static void refuse_bodies(struct lc_case *c, const struct body *bodies, size_t count) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    for (size_t i = 0; i < count; i++) {
        int socket = lc_raw_connect(c, port, NULL);
        lc_note(c, "%s", bodies[i].what);
        lc_frame_write(socket, bodies[i].bytes, bodies[i].length, LC_TCP_TIMEOUT_MS);
        lc_tcp_expect_refused(c, socket);
    }
    lc_tcp_check_service(c, broker, port);
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
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_raw_client *client = lc_raw_client_connect(c, broker, port);
    int socket = lc_raw_connect(c, port, NULL);
    lc_frame_write(socket, body, length, LC_TCP_TIMEOUT_MS);
    lc_wait_hangup(socket, LC_TCP_TIMEOUT_MS);
    close(socket);
    for (uint64_t i = 0; i < 20; i++) {
        lc_writer_send(client->out, LC_TCP_TAG, 0, 10, i);
        lc_raw_client_expect(c, client, LC_TCP_TAG, client->id, 0, 10, i);
    }
    lc_tcp_check_service(c, broker, port);
}

static void number_out_of_range(struct lc_case *c) {
    static const uint8_t body[] = {2, 0x81, 0x80, 0x80, 0x80, 0x10}; /* 2^32 + 1: not client 1 */
    quit_refused(c, body, sizeof body);
}

static void accepts_longer(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    int socket = lc_raw_connect(c, port, NULL);
    struct lc_writer *writer = lc_new_channel(c, 0, 0);
    uint8_t bytes[64];
    struct lc_bytes out = {.at = bytes, .capacity = sizeof bytes};
    lc_post_put_raw(&out, "\x80\x80\x00", 3);             /* index 0 in three bytes */
    lc_post_put_raw(&out, "\x80\x80\xc0\x80\x80\x00", 6); /* 2^20 in six */
    lc_post_put_raw(&out, writer->map->desc.id, LC_ID_BYTES);
    lc_post_put_raw(&out, "more", 4);
    lc_check_u64(c, "the map's size", LC_PAGE_DEFAULT, writer->map->size);
    lc_frame_write(socket, bytes, out.length, LC_TCP_TIMEOUT_MS);
    lc_check_u64(c, "the first client's id", 1, lc_tcp_expect_accepted(c, socket));
    close(socket);
}

/* A broker whose name is not UTF-8: its hello is refused, whatever else is in it. */
static void client_refuses(struct lc_case *c) {
    uint16_t port;
    int listener = lc_tcp_listen(&port);
    struct lc_actor *client = lc_spawn(c, "client");
    lc_send_request(c, client, "client.connect", "{s:s, s:i, s:i}", "provider", lc_provider_name(c), "port", port,
                    "timeout_ms", 3000);
    int socket = lc_accept(listener, LC_TCP_TIMEOUT_MS);
    lc_check(c, socket >= 0, "a client that connects", "%s", strerror(-socket));
    struct lc_writer *broadcast = lc_new_channel(c, 0, 0);
    uint8_t bytes[64];
    struct lc_bytes hello = {.at = bytes, .capacity = sizeof bytes};
    lc_post_put_varint(&hello, LC_BROKER_CONNECT_HELLO);
    lc_post_put_desc(&hello, &broadcast->map->desc);
    lc_post_put_bytes(&hello, "a\xff", 2);
    lc_frame_write(socket, bytes, hello.length, LC_TCP_TIMEOUT_MS);
    struct lc_tcp_message accepted = {.kind = LC_LOCAL_CLIENT_ACCEPTED, .id = 1};
    lc_frame_write(socket, bytes, lc_response_encode(bytes, sizeof bytes, &accepted), LC_TCP_TIMEOUT_MS);
    const json_t *reply;
    enum lc_outcome outcome = lc_wait_any_reply(c, client, &reply);
    lc_check(c, outcome == LC_REFUSED || outcome == LC_CRASHED, "a refusal", "the client is connected");
    lc_check_alive(c, client);
    close(socket);
    close(listener);
}

/* ---------------------------------------------------------------- maps that cannot be used */

static void refuse_desc(struct lc_case *c, uint16_t port, const struct lc_desc *desc) {
    int socket = lc_raw_connect(c, port, NULL);
    uint8_t frame[LC_TCP_FRAME_MAX];
    lc_note(c, "LocalClientHello with %s of %llu bytes", lc_desc_show(desc), (unsigned long long)desc->size);
    lc_tcp_write(c, socket, frame,
                 lc_tcp_request_frame(frame, &(struct lc_tcp_message){.kind = LC_LOCAL_CLIENT_HELLO, .desc = *desc}));
    lc_tcp_expect_refused(c, socket);
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
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_desc desc;
    for (int which = 0; unusable(c, which, &desc); which++) {
        refuse_desc(c, port, &desc);
    }
    lc_tcp_check_service(c, broker, port);
}

/* Whatever the answer is: somebody else is served, before and after the broker has looked at the map. */
static void others_served(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_raw_client *client = lc_raw_client_connect(c, broker, port);
    struct lc_desc desc;
    for (int which = 0; unusable(c, which, &desc); which++) {
        lc_note(c, "LocalClientHello with %s of %llu bytes", lc_desc_show(&desc), (unsigned long long)desc.size);
        int socket = lc_raw_connect(c, port, NULL);
        uint8_t frame[LC_TCP_FRAME_MAX];
        struct lc_tcp_message hello = {.kind = LC_LOCAL_CLIENT_HELLO, .desc = desc};
        lc_tcp_write(c, socket, frame, lc_tcp_request_frame(frame, &hello));
        (void)lc_frame_read(socket, frame, sizeof frame, LC_TCP_TIMEOUT_MS);
        close(socket);
        for (uint64_t i = 0; i < 5; i++) {
            lc_writer_send(client->out, LC_TCP_TAG, 0, 10, i);
            lc_raw_client_expect(c, client, LC_TCP_TAG, client->id, 0, 10, i);
        }
        lc_check_alive(c, broker);
    }
    lc_tcp_check_service(c, broker, port);
}

/*
 * After one that cannot be used, an id is the one by which the broker knows the client: its messages carry it, and
 * ClientQuit removes it alone.
 */
static void told_and_known(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    int socket = lc_raw_connect(c, port, NULL);
    uint8_t frame[LC_TCP_FRAME_MAX];
    struct lc_tcp_message hello = {.kind = LC_LOCAL_CLIENT_HELLO, .desc = lc_desc_of(LC_PAGE_DEFAULT, "2000000000")};
    lc_tcp_write(c, socket, frame, lc_tcp_request_frame(frame, &hello));
    (void)lc_frame_read(socket, frame, sizeof frame, LC_TCP_TIMEOUT_MS);
    close(socket);
    struct lc_raw_client *going = lc_raw_client_connect(c, broker, port);
    struct lc_raw_client *staying = lc_raw_client_connect(c, broker, port);
    lc_tcp_quit(c, port, going->id);
    for (uint64_t i = 0; i < 20; i++) {
        lc_writer_send(staying->out, LC_TCP_TAG, 0, 10, i);
        lc_raw_client_expect(c, staying, LC_TCP_TAG, staying->id, 0, 10, i);
    }
    lc_check(c, lc_wait_until(lc_is_left, going->out->map->base, 5000), "that the client that quit is removed",
             "its page is not left");
}

/* As BROKER-2 says: those that never got in took no id that counts, or one each that is not used again. */
static void ids_afterwards(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    uint32_t first = lc_tcp_check_service(c, broker, port);
    struct lc_desc nothing = lc_desc_of(LC_PAGE_DEFAULT, "abc");
    refuse_desc(c, port, &nothing);
    uint32_t second = lc_tcp_check_service(c, broker, port);
    lc_check(c, second > first, "an id above the one before", "%u after %u", second, first);
}

const struct lc_case_def lc_tcp_hostile_cases[] = {
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
    {0},
};
