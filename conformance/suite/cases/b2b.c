/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Brokers that forward messages to each other over TCP (SPEC.md, section 11). */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "suite/cases/sections.h"
#include "suite/kit/b2b.h"

enum { TAG = LC_B2B_TAG, TIMEOUT_MS = LC_B2B_TIMEOUT_MS, BODY = LC_B2B_BODY, COPIES_MAX = 6 };

/* ---------------------------------------------------------------- one broker and the suite */

static void accepts(struct lc_case *c) {
    struct lc_b2b_fixture fixture = lc_b2b_open(c);
    lc_check(c, fixture.id > fixture.client->id, "an id larger than the client's", "%u", fixture.id);
    lc_b2b_check_link(c, &fixture, 1);
}

static void incoming(struct lc_case *c) {
    struct lc_b2b_fixture fixture = lc_b2b_open(c);
    for (uint64_t i = 0; i < 20; i++) {
        uint32_t flags = i % 2 == 0 ? 0 : LC_FLAG_COMPRESSED;
        lc_b2b_send_remote(c, fixture.link, TAG + (uint32_t)i, flags, 70 * i, i);
        lc_b2b_expect_local(c, &fixture, TAG + (uint32_t)i, flags, 70 * i, i);
    }
}

static void outgoing(struct lc_case *c) {
    struct lc_b2b_fixture fixture = lc_b2b_open(c);
    for (uint64_t i = 0; i < 20; i++) {
        lc_writer_send(fixture.client->out, TAG, 0, 70 * i, i);
    }
    for (uint64_t i = 0; i < 20; i++) {
        lc_b2b_expect_remote(c, fixture.link, TAG, (size_t)(70 * i), i);
    }
}

/* A message of the link is not sent back over the link: the next frame is a message of the client. */
static void not_back(struct lc_case *c) {
    struct lc_b2b_fixture fixture = lc_b2b_open(c);
    lc_b2b_check_link(c, &fixture, 1);
    lc_writer_send(fixture.client->out, TAG + 1, 0, 33, 2);
    lc_b2b_expect_remote(c, fixture.link, TAG + 1, 33, 2);
}

/* The payload of the RemoteNewMessage in SPEC.md, whose tag is 0x1337. */
static void expect_spec_message(struct lc_case *c, struct lc_b2b_fixture *fixture) {
    struct lc_message message;
    lc_b2b_next_foreign(c, fixture->client, &message);
    lc_check_u64(c, "tag", 0x1337, message.tag);
    lc_check_u64(c, "length", 3, message.length);
    lc_check(c, memcmp(message.payload, "\1\2\3", 3) == 0, "the payload 01 02 03", "%02x %02x %02x", message.payload[0],
             message.payload[1], message.payload[2]);
}

static void bytes(struct lc_case *c) {
    struct lc_b2b_fixture fixture = lc_b2b_open(c);
    static const uint8_t frame[] = {0x05, 0xb7, 0x26, 0x00, 0x03, 0x01, 0x02, 0x03};
    lc_b2b_write_frame(c, fixture.link, frame, sizeof frame);
    expect_spec_message(c, &fixture);
}

/* Plays the side of the handshake that accepts a link. */
static void accept_link(struct lc_case *c, int socket) {
    uint8_t body[BODY];
    struct lc_writer *broadcast = lc_new_channel(c, 0, 0);
    struct lc_tcp_message hello = {.kind = LC_BROKER_CONNECT_HELLO, .desc = broadcast->map->desc, .text = "host"};
    lc_b2b_write_frame(c, socket, body, lc_response_encode(body, sizeof body, &hello));
    struct lc_tcp_message request;
    long length = lc_frame_read(socket, body, sizeof body, TIMEOUT_MS);
    bool valid = length > 0 && lc_request_decode(body, (size_t)length, &request);
    lc_check(c, valid && request.kind == LC_REMOTE_BROKER_HELLO, "RemoteBrokerHello", "a frame of %ld bytes", length);
    struct lc_tcp_message accepted = {.kind = LC_REMOTE_BROKER_ACCEPTED, .id = 5};
    lc_b2b_write_frame(c, socket, body, lc_response_encode(body, sizeof body, &accepted));
}

/* The client connects before the link is made; B2B-2/late-client tests the other order. */
static void connects(struct lc_case *c) {
    uint16_t port;
    int listener = lc_tcp_listen(&port);
    struct lc_actor *broker = lc_spawn(c, "broker");
    struct lc_raw_client *client = lc_b2b_connect_client(c, broker, lc_open_broker(c, broker, NULL));
    lc_send_request(c, broker, "broker.link", "{s:i, s:i}", "port", port, "timeout_ms", 5000);
    int socket = lc_accept(listener, TIMEOUT_MS);
    lc_check(c, socket >= 0, "the broker connects", "%s", strerror(-socket));
    accept_link(c, socket);
    lc_wait_reply(c, broker);
    lc_writer_send(client->out, TAG, 0, 44, 4);
    lc_b2b_expect_remote(c, socket, TAG, 44, 4);
    lc_b2b_send_remote(c, socket, TAG, 0, 45, 5);
    struct lc_message message;
    lc_b2b_next_foreign(c, client, &message);
    lc_check_payload(c, "digest", 45, 5, message.payload);
    (void)close(listener);
}

/* ---------------------------------------------------------------- two brokers */

struct two {
    struct lc_b2b_fixture sides[2];
};

static struct two open_two(struct lc_case *c) {
    struct two two;
    for (int i = 0; i < 2; i++) {
        two.sides[i] = (struct lc_b2b_fixture){.broker = i == 0 ? lc_spawn(c, "broker") : lc_spawn_peer(c, "broker")};
        two.sides[i].port = lc_open_broker(c, two.sides[i].broker, NULL);
    }
    return two;
}

static void link_from(struct lc_case *c, struct two *two, int from) {
    lc_call(c, two->sides[from].broker, "broker.link", "{s:i, s:i}", "port", two->sides[1 - from].port, "timeout_ms",
            5000);
}

static void connect_both_clients(struct lc_case *c, struct two *two) {
    for (int i = 0; i < 2; i++) {
        two->sides[i].client = lc_b2b_connect_client(c, two->sides[i].broker, two->sides[i].port);
    }
}

/* Sends messages in both directions in turn. A duplicate would be received in the place of the next message. */
static void exchange(struct lc_case *c, struct two *two) {
    for (uint64_t i = 0; i < 6; i++) {
        lc_note(c, "message %d, to the %s broker", (int)i, i % 2 == 0 ? "second" : "first");
        lc_writer_send(two->sides[i % 2].client->out, TAG, 0, 40, i);
        struct lc_message message;
        lc_b2b_next_foreign(c, two->sides[(i + 1) % 2].client, &message);
        lc_check_payload(c, "digest", 40, i, message.payload);
        lc_check_u64(c, "flags", LC_FLAG_FROM_B2B, message.flags);
    }
}

static void two_brokers(struct lc_case *c) {
    struct two two = open_two(c);
    connect_both_clients(c, &two);
    link_from(c, &two, 0);
    exchange(c, &two);
}

static void late_clients(struct lc_case *c) {
    struct two two = open_two(c);
    link_from(c, &two, 0);
    connect_both_clients(c, &two);
    exchange(c, &two);
}

/* ---------------------------------------------------------------- two links between two brokers */

/* Reads up to the message with this tag; adds the messages with TAG before it to `copies`. */
static void read_up_to(struct lc_case *c, struct lc_raw_client *client, uint32_t tag, unsigned *copies) {
    struct lc_message message;
    do {
        int rc = lc_reader_wait(client->in, &message, TIMEOUT_MS);
        lc_check(c, rc == 1, "a message over the link", "%s", strerror(-rc));
        *copies += message.tag == TAG ? 1 : 0;
        lc_check(c, *copies <= COPIES_MAX, "at most six copies of one message", "more");
    } while (message.tag != tag);
}

static void cross(struct lc_case *c, struct two *two, int from, uint32_t tag, unsigned *copies) {
    lc_writer_send(two->sides[from].client->out, tag, 0, 40, tag);
    read_up_to(c, two->sides[1 - from].client, tag, copies);
}

/*
 * LibAFL recognises a link by its id. If its broker and its listener count at the same pace, both links get the same id
 * (BROKER-2), and no loop forms. So the first link must work before the second one is made, and another client connects
 * in between.
 */
static struct two link_both_ways(struct lc_case *c) {
    struct two two = open_two(c);
    unsigned copies = 0;
    connect_both_clients(c, &two);
    link_from(c, &two, 0);
    cross(c, &two, 0, TAG + 1, &copies);
    lc_b2b_connect_client(c, two.sides[0].broker, two.sides[0].port);
    link_from(c, &two, 1);
    return two;
}

/*
 * Messages cross in the order of the broadcast: when a later message has crossed, all copies before it have crossed
 * too. Each round takes a looping copy one round further, so no timeout is needed. Without a loop there is one copy on
 * the sender's broadcast, and one per link on the other.
 */
static void no_loop(struct lc_case *c) {
    struct two two = link_both_ways(c);
    unsigned copies = 0;
    lc_writer_send(two.sides[0].client->out, TAG, 0, 40, 1);
    for (uint32_t i = 0; i < 2 * COPIES_MAX; i++) {
        cross(c, &two, (int)(i % 2), TAG + 2 + i, &copies);
    }
    lc_check(c, copies > 0, "the message itself", "none");
}

/* ---------------------------------------------------------------- hostile links */

static void reserved_tags(struct lc_case *c) {
    static const uint32_t tags[] = {LC_TAG_EXITING,       LC_TAG_SLOW_RECEIVER,  LC_TAG_END_OF_PAGE, LC_TAG_UNSET,
                                    LC_TAG_UNINITIALIZED, LC_TAG_NEW_SHM_CLIENT, LC_TAG_CLIENT_EXIT};
    static const size_t lengths[] = {0, 8, 32};
    struct lc_b2b_fixture fixture = lc_b2b_open(c);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        for (size_t l = 0; l < 3; l++) {
            lc_note(c, "the other broker sends tag 0x%08x with %d bytes", tags[i], (int)lengths[l]);
            lc_b2b_send_remote(c, fixture.link, tags[i], 0, lengths[l], 1);
            lc_b2b_check_service(c, &fixture, i);
        }
    }
}

/* The pause is longer than LibAFL's timeout of three seconds. It is within the length on one link, and within the body
 * on another. */
static void pause_within_frame(struct lc_case *c) {
    static const uint8_t frame[] = {0, 0, 0, 8, 5, 0xb7, 0x26, 0, 3, 1, 2, 3};
    static const size_t sent[] = {2, 7};
    struct lc_b2b_fixture fixture = lc_b2b_open(c);
    uint32_t id;
    int links[] = {fixture.link, lc_b2b_link(c, fixture.port, &id)};
    for (size_t i = 0; i < 2; i++) {
        (void)lc_write(links[i], frame, sent[i], TIMEOUT_MS);
    }
    (void)nanosleep(&(struct timespec){.tv_sec = 3, .tv_nsec = 500000000}, NULL);
    for (size_t i = 0; i < 2; i++) {
        (void)lc_write(links[i], frame + sent[i], sizeof frame - sent[i], TIMEOUT_MS);
        expect_spec_message(c, &fixture);
    }
    lc_b2b_check_link(c, &fixture, 3);
}

/* LibAFL waits for three seconds. One of five messages must cross within half a second. */
static void crosses_at_once(struct lc_case *c) {
    struct lc_b2b_fixture fixture = lc_b2b_open(c);
    lc_b2b_check_link(c, &fixture, 9);
    int64_t best = TIMEOUT_MS;
    for (uint64_t i = 0; i < 5; i++) {
        int64_t start = lc_now_ms();
        lc_writer_send(fixture.client->out, TAG, 0, 10, i);
        lc_b2b_expect_remote(c, fixture.link, TAG, 10, i);
        int64_t duration = lc_now_ms() - start;
        best = duration < best ? duration : best;
    }
    lc_check(c, best < 500, "one of five messages crosses within 500 ms", "%d ms at best", (int)best);
}

static void broken_links(struct lc_case *c) {
    static const uint8_t oversized[] = {0xff, 0xff, 0xff, 0xff, 0};
    static const uint8_t garbage[] = {0, 0, 0, 3, 0xff, 0xff, 0xff};
    static const uint8_t truncated[] = {0, 0, 0, 8, 5, 0xb7};
    struct lc_b2b_fixture fixture = lc_b2b_open(c);
    lc_note(c, "a frame of 4 GiB");
    (void)lc_write(fixture.link, oversized, sizeof oversized, TIMEOUT_MS);
    lc_b2b_check_service(c, &fixture, 1);
    lc_note(c, "a frame that is not a message");
    (void)lc_write(fixture.link, garbage, sizeof garbage, TIMEOUT_MS);
    lc_b2b_check_service(c, &fixture, 2);
    lc_note(c, "a connection that is closed within a frame");
    (void)lc_write(fixture.link, truncated, sizeof truncated, TIMEOUT_MS);
    (void)close(fixture.link);
    lc_b2b_check_service(c, &fixture, 3);
    lc_note(c, "a connection that is reset");
    lc_close_with_reset(fixture.link);
    lc_b2b_check_service(c, &fixture, 4);
}

const struct lc_case_def lc_b2b_cases[] = {
    {"B2B-1/accepts", "a broker accepts a link", "broker b2b", LC_NAMED_PROVIDERS, accepts, 60, false},
    {"B2B-1/connects", "a broker links to another one", "broker b2b", LC_NAMED_PROVIDERS, connects, 60, false},
    {"B2B-2/in", "messages of a link appear on the broadcast", "broker b2b", LC_NAMED_PROVIDERS, incoming, 60, false},
    {"B2B-2/out", "messages of clients are sent over a link", "broker b2b", LC_NAMED_PROVIDERS, outgoing, 60, false},
    {"B2B-2/not-back", "a message of a link is not sent back", "broker b2b", LC_NAMED_PROVIDERS, not_back, 60, false},
    {"B2B-2/two-brokers", "two brokers exchange messages, each once", "broker b2b", LC_NAMED_PROVIDERS, two_brokers, 60,
     false},
    {"B2B-2/late-client", "the same with clients that connect after the link is made", "broker b2b", LC_FIRST_PROVIDER,
     late_clients, 60, false},
    {"POST-4/bytes", "the bytes of RemoteNewMessage in SPEC.md", "broker b2b", LC_NAMED_PROVIDERS, bytes, 60, false},
    {"B2B-3/no-loop", "two links between two brokers do not form a loop", "broker b2b", LC_FIRST_PROVIDER, no_loop, 60,
     false},
    {"B2B-4/reserved-tags", "a link sends reserved tags", "broker b2b", LC_FIRST_PROVIDER, reserved_tags, 120, false},
    {"B2B-5/pause", "a pause of 3.5 s within a frame", "broker b2b", LC_FIRST_PROVIDER, pause_within_frame, 60, false},
    {"B2B-6/at-once", "messages cross at once while the other broker is silent", "broker b2b", LC_FIRST_PROVIDER,
     crosses_at_once, 90, false},
    {"B2B-7/ends", "closed connections, invalid frames, and a frame of 4 GiB", "broker b2b", LC_NAMED_PROVIDERS,
     broken_links, 90, false},
    {0},
};
