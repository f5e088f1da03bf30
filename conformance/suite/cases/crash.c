/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Crash points: each role is killed at each step of the protocol. Who survives goes on, what was delivered stays
 * delivered, and nothing is left behind.
 */
#include <signal.h>

#include "suite/cases/sections.h"

enum { TAG = 0xC4A5, SENDER = 2 };

/* ---------------------------------------------------------------- a sender */

struct pair {
    struct lc_actor *sender, *receiver;
};

static struct pair open_pair(struct lc_case *c) {
    struct pair pair = {lc_spawn(c, "sender"), lc_spawn(c, "receiver")};
    struct lc_desc desc = lc_open_sender_for(c, pair.sender, SENDER, 1);
    lc_open_receiver(c, pair.receiver, &desc);
    return pair;
}

/* What comes before the receiver has nothing more, or an error, is a prefix of what was sent: how long it was. */
static uint64_t read_prefix(struct lc_case *c, struct pair *pair, uint64_t length) {
    uint64_t got = 0;
    for (;;) {
        const json_t *reply;
        enum lc_outcome outcome =
            lc_call_may_refuse(c, pair->receiver, &reply, "receiver.recv", "{s:i}", "timeout_ms", 300);
        const json_t *message = json_array_get(json_object_get(reply, "messages"), 0);
        if (message == NULL) {
            lc_note(c, "then %s", outcome == LC_OK ? "nothing" : "an error");
            lc_check_alive(c, pair->receiver);
            return got;
        }
        lc_check_u64(c, "length", length, lc_field_u64(c, message, "length"));
        lc_check_u64(c, "digest", lc_payload_digest((size_t)length, got), lc_field_u64(c, message, "digest"));
        got++;
    }
}

static void killed_while_allocating(struct lc_case *c) {
    struct pair pair = open_pair(c);
    for (uint64_t i = 0; i < 10; i++) {
        lc_send_message(c, pair.sender, TAG, 100, i);
    }
    lc_call(c, pair.sender, "sender.alloc", "{s:i, s:i}", "length", 100, "timeout_ms", 100);
    lc_kill(c, pair.sender);
    lc_check_u64(c, "messages of the killed sender", 10, read_prefix(c, &pair, 100));
}

/* The receiver stands on the first page; what is behind it may be gone with the sender. */
static void killed_after_pages(struct lc_case *c) {
    struct pair pair = open_pair(c);
    uint64_t length = lc_page_size(c) * 3 / 10;
    for (uint64_t i = 0; i < 8; i++) {
        lc_send_message(c, pair.sender, TAG, length, i);
    }
    lc_kill(c, pair.sender);
    uint64_t got = read_prefix(c, &pair, length);
    lc_check(c, got >= 3, "at least the first page's three messages", "%d", (int)got);
}

static void killed_while_streaming(struct lc_case *c) {
    for (int round = 0; round < 5; round++) {
        struct pair pair = open_pair(c);
        lc_send_request(c, pair.sender, "sender.send", "{s:i, s:i, s:i, s:i, s:i}", "tag", TAG, "length", 300, "seed",
                        0, "count", 10000000, "timeout_ms", 10000);
        const json_t *reply =
            lc_call(c, pair.receiver, "receiver.drain", "{s:i, s:i}", "count", 1000 * (round + 1), "timeout_ms", 5000);
        uint64_t before = lc_field_u64(c, reply, "received");
        lc_kill(c, pair.sender);
        enum lc_outcome outcome;
        uint64_t more;
        do { /* to the end, whatever the end is; the digests of all are checked by RECV-4 */
            outcome = lc_call_may_refuse(c, pair.receiver, &reply, "receiver.drain", "{s:i, s:i}", "count", 100000,
                                         "timeout_ms", 200);
            more = outcome == LC_OK ? lc_field_u64(c, reply, "received") : 0;
        } while (more == 100000);
        lc_note(c, "%d messages before the kill", (int)before);
        lc_check_alive(c, pair.receiver);
    }
}

/* ---------------------------------------------------------------- a receiver */

static void send_on(struct lc_case *c, struct lc_actor *sender, uint64_t length, int count) {
    for (int i = 0; i < count; i++) {
        const json_t *reply;
        if (lc_call_may_refuse(c, sender, &reply, "sender.send", "{s:i, s:I, s:i, s:i}", "tag", TAG, "length",
                               (json_int_t)length, "seed", i, "timeout_ms", 100) == LC_REFUSED) {
            break; /* nobody reads any more: its right */
        }
    }
    lc_check_alive(c, sender);
}

static void receiver_killed(struct lc_case *c) {
    uint64_t length = lc_page_size(c) * 3 / 10;
    for (int read = 0; read < 4; read++) { /* on a page, and where the page ends */
        struct pair pair = open_pair(c);
        for (uint64_t i = 0; i < 4; i++) {
            lc_send_message(c, pair.sender, TAG, length, i);
        }
        for (uint64_t i = 0; i < (uint64_t)read; i++) {
            lc_expect_recv(c, pair.receiver, TAG, SENDER, 0, length, i);
        }
        lc_kill(c, pair.receiver);
        send_on(c, pair.sender, length, 300);
        lc_stop(c, pair.sender);
    }
}

static void other_receiver_goes_on(struct lc_case *c) {
    if (!lc_has_option(c, "receivers")) {
        lc_skip(c, "the option receivers");
    }
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_actor *victim = lc_spawn(c, "receiver");
    struct lc_desc desc = lc_open_sender_for(c, sender, SENDER, 2);
    struct lc_reader *survivor = lc_read_channel(c, sender, &desc);
    lc_open_receiver(c, victim, &desc);
    uint64_t length = lc_page_size(c) * 3 / 10;
    lc_send_message(c, sender, TAG, length, 0);
    lc_expect_message(c, survivor, TAG, SENDER, 0, length, 0);
    lc_kill(c, victim);
    uint64_t sent = 1;
    const json_t *reply;
    while (sent < 400 &&
           lc_call_may_refuse(c, sender, &reply, "sender.send", "{s:i, s:I, s:I, s:i}", "tag", TAG, "length",
                              (json_int_t)length, "seed", (json_int_t)sent, "timeout_ms", 100) == LC_OK) {
        lc_expect_message(c, survivor, TAG, SENDER, 0, length, sent);
        sent++;
    }
    lc_note(c, "%d messages went through", (int)sent);
    lc_check_alive(c, sender);
}

/* ---------------------------------------------------------------- clients and brokers */

static void expect_service(struct lc_case *c, struct lc_raw_client *client, uint64_t seed) {
    lc_writer_send(client->out, TAG, 0, 60, seed);
    struct lc_message message;
    do {
        lc_next_message(c, client->in, &message);
    } while (message.sender != client->id);
    lc_check_u64(c, "digest", lc_payload_digest(60, seed), lc_crc(0, message.payload, (size_t)message.length));
}

static void client_killed_sending(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_raw_client *other = lc_raw_client_connect(c, broker, port);
    for (uint64_t round = 0; round < 5; round++) {
        struct lc_actor *victim = lc_spawn_peer(c, "client");
        lc_connect_client(c, victim, port);
        lc_send_request(c, victim, "client.send", "{s:i, s:i, s:i, s:i, s:i}", "tag", TAG, "length", 500, "seed", 0,
                        "count", 10000000, "timeout_ms", 10000);
        expect_service(c, other, round);
        lc_kill(c, victim);
        expect_service(c, other, round + 100);
    }
    lc_check_alive(c, broker);
    expect_service(c, lc_raw_client_connect(c, broker, port), 7);
}

/* What a client committed before it was killed is delivered: it did so in good order, only its goodbye is missing. */
static void killed_after_commit(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_raw_client *reader = lc_raw_client_connect(c, broker, port);
    struct lc_actor *victim = lc_spawn_peer(c, "client");
    uint32_t id = lc_connect_client(c, victim, port);
    lc_call(c, victim, "client.send", "{s:i, s:i, s:i, s:i, s:i}", "tag", TAG, "length", 500, "seed", 0, "count", 500,
            "timeout_ms", 10000);
    lc_raw_client_expect(c, reader, TAG, id, 0, 500, 0);
    lc_kill(c, victim);
    for (uint64_t i = 1; i < 500; i++) {
        lc_raw_client_expect(c, reader, TAG, id, 0, 500, i);
    }
}

struct roster {
    struct lc_case *c;
    struct lc_actor *broker;
    uint32_t id;
};

static bool is_off_the_roster(void *argument) {
    struct roster *roster = argument;
    const json_t *reply = lc_call(roster->c, roster->broker, "broker.clients", "{}");
    const json_t *clients = json_object_get(reply, "clients");
    for (size_t i = 0; i < json_array_size(clients); i++) {
        if (json_integer_value(json_array_get(clients, i)) == roster->id) {
            return false;
        }
    }
    return true;
}

static void killed_client_is_removed(struct lc_case *c) {
    if (!lc_has_option(c, "clients")) {
        lc_skip(c, "the option clients");
    }
    struct roster roster = {.c = c, .broker = lc_spawn(c, "broker")};
    uint16_t port = lc_open_broker(c, roster.broker, NULL);
    struct lc_actor *victim = lc_spawn(c, "client");
    roster.id = lc_connect_client(c, victim, port);
    lc_check(c, !is_off_the_roster(&roster), "the client among broker.clients", "it is not there");
    lc_kill(c, victim);
    lc_check(c, lc_wait_until(is_off_the_roster, &roster, 30000), "that it is removed within 30 s",
             "it is still there");
}

/* Seen from outside by a broker that ends when its only client has gone. */
static void killed_client_counts_as_gone(struct lc_case *c) {
    if (!lc_has_option(c, "exit_after")) {
        lc_skip(c, "the option exit_after");
    }
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker_with(c, broker, NULL, json_pack("{s:i}", "exit_after", 1));
    struct lc_actor *victim = lc_spawn(c, "client");
    lc_connect_client(c, victim, port);
    lc_call(c, victim, "client.send", "{s:i, s:i, s:i, s:i}", "tag", TAG, "length", 10, "seed", 1, "timeout_ms", 1000);
    lc_kill(c, victim);
    const json_t *reply;
    enum lc_outcome outcome = lc_call_may_refuse(c, broker, &reply, "broker.wait", "{s:i}", "timeout_ms", 30000);
    lc_check(c, outcome == LC_OK, "that the client counts as gone within 30 s", "the broker still waits for it");
}

static void broker_killed(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn_peer(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_actor *client = lc_spawn(c, "client");
    lc_connect_client(c, client, port);
    lc_kill(c, broker);
    const json_t *reply;
    for (int i = 0; i < 30; i++) {
        lc_call_may_refuse(c, client, &reply, "client.send", "{s:i, s:i, s:i, s:i}", "tag", TAG, "length", 200000,
                           "seed", i, "timeout_ms", 20);
    }
    lc_call_may_refuse(c, client, &reply, "client.recv", "{s:i}", "timeout_ms", 100);
    lc_check_alive(c, client);
}

/* ---------------------------------------------------------------- what is left */

struct remains {
    struct lc_desc descs[2];
    enum lc_provider provider;
};

static bool nothing_left(void *argument) {
    struct remains *remains = argument;
    return !lc_segment_exists(remains->provider, &remains->descs[0], 0) &&
           !lc_segment_exists(remains->provider, &remains->descs[1], 0);
}

static struct remains run_once(struct lc_case *c, struct pair *pair) {
    struct remains remains = {.provider = lc_provider(c)};
    *pair = (struct pair){lc_spawn(c, "sender"), lc_spawn(c, "receiver")};
    remains.descs[0] = lc_open_sender_for(c, pair->sender, SENDER, 1);
    struct lc_reader *reader = lc_open_reader(c, pair->sender, &remains.descs[0], false);
    lc_open_receiver(c, pair->receiver, &remains.descs[0]);
    uint64_t length = lc_page_size(c) * 2 / 3;
    for (uint64_t i = 0; i < 2; i++) {
        lc_send_message(c, pair->sender, TAG, length, i);
        lc_expect_recv(c, pair->receiver, TAG, SENDER, 0, length, i);
        lc_expect_message(c, reader, TAG, SENDER, 0, length, i);
    }
    remains.descs[1] = reader->map.desc;
    lc_reader_close(reader);
    return remains;
}

static void nothing_left_in_good_order(struct lc_case *c) {
    struct pair pair;
    struct remains remains = run_once(c, &pair);
    lc_call(c, pair.receiver, "receiver.close", "{}");
    lc_call(c, pair.sender, "sender.close", "{}");
    lc_stop(c, pair.receiver);
    lc_stop(c, pair.sender);
    lc_check(c, lc_wait_until(nothing_left, &remains, 3000), "no segment of the channel's", "%s or %s is still there",
             lc_desc_show(&remains.descs[0]), lc_desc_show(&remains.descs[1]));
}

static void nothing_left_after_a_kill(struct lc_case *c) {
    struct pair pair;
    struct remains remains = run_once(c, &pair);
    lc_kill(c, pair.sender);
    lc_kill(c, pair.receiver);
    struct lc_actor *next = lc_spawn(c, "sender");
    lc_open_sender_for(c, next, SENDER, 1);
    lc_check(c, lc_wait_until(nothing_left, &remains, 3000), "no segment of the channel's once another one was made",
             "%s or %s is still there", lc_desc_show(&remains.descs[0]), lc_desc_show(&remains.descs[1]));
}

const struct lc_case_def lc_crash_cases[] = {
    {"ID-4/sender-killed-allocating", "a sender is killed with a message allocated", "sender receiver",
     LC_NAMED_PROVIDERS, killed_while_allocating, 0, false},
    {"EOP-9/sender-killed", "a sender is killed while its receiver is pages behind", "sender receiver",
     LC_NAMED_PROVIDERS, killed_after_pages, 0, false},
    {"RECV-13/sender-killed-streaming", "a sender is killed in the middle of a stream", "sender receiver",
     LC_NAMED_PROVIDERS, killed_while_streaming, 60, false},
    {"EOP-7/receiver-killed", "a receiver is killed on a page and at its end", "sender receiver", LC_NAMED_PROVIDERS,
     receiver_killed, 60, false},
    {"EOP-8/receiver-killed", "one of two receivers is killed", "sender receiver", LC_NAMED_PROVIDERS,
     other_receiver_goes_on, 60, false},
    {"BROKER-16/client-killed", "clients are killed while they send", "broker", LC_NAMED_PROVIDERS,
     client_killed_sending, 60, false},
    {"BROKER-11/client-killed", "a client is killed right after it has sent", "broker", LC_NAMED_PROVIDERS,
     killed_after_commit, 0, false},
    {"BROKER-12/removed", "a killed client is removed", "broker client", LC_NAMED_PROVIDERS, killed_client_is_removed,
     60, false},
    {"BROKER-12/counts-as-gone", "a broker ends once its killed client is gone", "broker client", LC_NAMED_PROVIDERS,
     killed_client_counts_as_gone, 60, false},
    {"ID-4/broker-killed", "a broker is killed; its client lives", "client", LC_NAMED_PROVIDERS, broker_killed, 0,
     false},
    {"ID-9/channel", "a channel that ended leaves nothing", "sender receiver", LC_NAMED_PROVIDERS,
     nothing_left_in_good_order, 0, false},
    {"ID-10/channel", "a channel whose processes were killed leaves nothing", "sender receiver", LC_NAMED_PROVIDERS,
     nothing_left_after_a_kill, 0, false},
    {0},
};
