/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Crashes: each role is killed at each step of the protocol. The other processes continue, messages that were committed
 * are delivered, and no segment remains.
 */
#include <signal.h>

#include "suite/cases/sections.h"
#include "suite/kit/broker_fixture.h"

enum { TAG = 0xC4A5, SENDER = 2 };

/* ---------------------------------------------------------------- a sender is killed */

struct pair {
    struct lc_actor *sender, *receiver;
};

static struct pair open_pair(struct lc_case *c) {
    struct pair pair = {lc_spawn(c, "sender"), lc_spawn(c, "receiver")};
    struct lc_desc desc = lc_open_sender_for(c, pair.sender, SENDER, 1);
    lc_open_receiver(c, pair.receiver, &desc);
    return pair;
}

/*
 * Receives until there is no message, or an error. Fails unless the messages are the first ones that were sent; returns
 * how many there are.
 */
static uint64_t receive_prefix(struct lc_case *c, struct pair *pair, uint64_t length) {
    uint64_t count = 0;
    for (;;) {
        const json_t *reply;
        enum lc_outcome outcome =
            lc_call_may_refuse(c, pair->receiver, &reply, "receiver.recv", "{s:i}", "timeout_ms", 300);
        const json_t *message = json_array_get(json_object_get(reply, "messages"), 0);
        if (message == NULL) {
            lc_note(c, "then %s", outcome == LC_OK ? "no message" : "an error");
            lc_check_alive(c, pair->receiver);
            return count;
        }
        lc_check_u64(c, "length", length, lc_field_u64(c, message, "length"));
        lc_check_u64(c, "digest", lc_payload_digest((size_t)length, count), lc_field_u64(c, message, "digest"));
        count++;
    }
}

static void killed_while_allocating(struct lc_case *c) {
    struct pair pair = open_pair(c);
    for (uint64_t i = 0; i < 10; i++) {
        lc_send_message(c, pair.sender, TAG, 100, i);
    }
    lc_call(c, pair.sender, "sender.alloc", "{s:i, s:i}", "length", 100, "timeout_ms", 100);
    lc_kill(c, pair.sender);
    lc_check_u64(c, "number of messages of the killed sender:", 10, receive_prefix(c, &pair, 100));
}

/* The receiver is on the first page. The pages after it may be removed with the sender. */
static void killed_pages_ahead(struct lc_case *c) {
    struct pair pair = open_pair(c);
    uint64_t length = lc_page_size(c) * 3 / 10;
    for (uint64_t i = 0; i < 8; i++) {
        lc_send_message(c, pair.sender, TAG, length, i);
    }
    lc_kill(c, pair.sender);
    uint64_t count = receive_prefix(c, &pair, length);
    lc_check(c, count >= 3, "at least the three messages of the first page", "%d", (int)count);
}

/* RECV-4 checks the content of a stream; here the receiver only has to continue to run. */
static void killed_while_streaming(struct lc_case *c) {
    for (int round = 0; round < 5; round++) {
        struct pair pair = open_pair(c);
        lc_send_request(c, pair.sender, "sender.send", "{s:i, s:i, s:i, s:i, s:i}", "tag", TAG, "length", 300, "seed",
                        0, "count", 10000000, "timeout_ms", 10000);
        const json_t *reply =
            lc_call(c, pair.receiver, "receiver.drain", "{s:i, s:i}", "count", 1000 * (round + 1), "timeout_ms", 5000);
        lc_note(c, "%d messages before the kill", (int)lc_field_u64(c, reply, "received"));
        lc_kill(c, pair.sender);
        uint64_t more;
        do {
            enum lc_outcome outcome = lc_call_may_refuse(c, pair.receiver, &reply, "receiver.drain", "{s:i, s:i}",
                                                         "count", 100000, "timeout_ms", 200);
            more = outcome == LC_OK ? lc_field_u64(c, reply, "received") : 0;
        } while (more == 100000);
        lc_check_alive(c, pair.receiver);
    }
}

/* ---------------------------------------------------------------- a receiver is killed */

/* Sends up to `count` messages. The sender may refuse one, because no receiver reads any more. */
static void send_some(struct lc_case *c, struct lc_actor *sender, uint64_t length, int count) {
    for (int i = 0; i < count; i++) {
        if (lc_call_may_refuse(c, sender, NULL, "sender.send", "{s:i, s:I, s:i, s:i}", "tag", TAG, "length",
                               (json_int_t)length, "seed", i, "timeout_ms", 100) == LC_REFUSED) {
            break;
        }
    }
    lc_check_alive(c, sender);
}

/* The receiver is killed on a page, and where a page ends. */
static void receiver_killed(struct lc_case *c) {
    uint64_t length = lc_page_size(c) * 3 / 10;
    for (uint64_t read = 0; read < 4; read++) {
        struct pair pair = open_pair(c);
        for (uint64_t i = 0; i < 4; i++) {
            lc_send_message(c, pair.sender, TAG, length, i);
        }
        for (uint64_t i = 0; i < read; i++) {
            lc_expect_recv(c, pair.receiver, TAG, SENDER, 0, length, i);
        }
        lc_kill(c, pair.receiver);
        send_some(c, pair.sender, length, 300);
        lc_stop(c, pair.sender);
    }
}

static void other_receiver_continues(struct lc_case *c) {
    lc_require_option(c, "receivers");
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
    while (sent < 400 &&
           lc_call_may_refuse(c, sender, NULL, "sender.send", "{s:i, s:I, s:I, s:i}", "tag", TAG, "length",
                              (json_int_t)length, "seed", (json_int_t)sent, "timeout_ms", 100) == LC_OK) {
        lc_expect_message(c, survivor, TAG, SENDER, 0, length, sent);
        sent++;
    }
    lc_note(c, "%d messages were received", (int)sent);
    lc_check_alive(c, sender);
}

/* ---------------------------------------------------------------- clients and brokers are killed */

static void check_service(struct lc_case *c, struct lc_raw_client *client, uint64_t seed) {
    lc_writer_send(client->out, TAG, 0, 60, seed);
    struct lc_message message;
    do {
        lc_next_message(c, client->in, &message);
    } while (message.sender != client->id);
    lc_check_payload(c, "digest", 60, seed, message.payload);
}

static void client_killed_while_sending(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *other = lc_fixture_connect(c, &fixture);
    for (uint64_t round = 0; round < 5; round++) {
        struct lc_actor *victim = lc_spawn_peer(c, "client");
        lc_connect_client(c, victim, fixture.port);
        lc_send_request(c, victim, "client.send", "{s:i, s:i, s:i, s:i, s:i}", "tag", TAG, "length", 500, "seed", 0,
                        "count", 10000000, "timeout_ms", 10000);
        check_service(c, other, round);
        lc_kill(c, victim);
        check_service(c, other, round + 100);
    }
    lc_check_alive(c, fixture.broker);
    check_service(c, lc_fixture_connect(c, &fixture), 7);
}

/* All messages that a client has committed before it is killed must be forwarded. */
static void client_killed_after_commit(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *reader = lc_fixture_connect(c, &fixture);
    struct lc_actor *victim = lc_spawn_peer(c, "client");
    uint32_t id = lc_connect_client(c, victim, fixture.port);
    lc_call(c, victim, "client.send", "{s:i, s:i, s:i, s:i, s:i}", "tag", TAG, "length", 500, "seed", 0, "count", 500,
            "timeout_ms", 10000);
    lc_raw_client_expect(c, reader, TAG, id, 0, 500, 0);
    lc_kill(c, victim);
    for (uint64_t i = 1; i < 500; i++) {
        lc_raw_client_expect(c, reader, TAG, id, 0, 500, i);
    }
}

struct registered {
    struct lc_case *c;
    struct lc_actor *broker;
    uint32_t id;
};

static bool is_removed(void *argument) {
    struct registered *client = argument;
    const json_t *reply = lc_call(client->c, client->broker, "broker.clients", "{}");
    const json_t *ids = json_object_get(reply, "clients");
    for (size_t i = 0; i < json_array_size(ids); i++) {
        if (json_integer_value(json_array_get(ids, i)) == client->id) {
            return false;
        }
    }
    return true;
}

static void killed_client_is_removed(struct lc_case *c) {
    lc_require_option(c, "clients");
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_actor *victim = lc_spawn(c, "client");
    struct registered client = {c, fixture.broker, lc_connect_client(c, victim, fixture.port)};
    lc_check(c, !is_removed(&client), "broker.clients has the client", "it does not");
    lc_kill(c, victim);
    lc_check_within(c, is_removed, &client, 30000, "the broker removes the client within 30 s",
                    "it is still in broker.clients");
}

/* The broker exits when its only client has left, which shows that it knows of the end of the killed client. */
static void killed_client_counts_as_left(struct lc_case *c) {
    lc_require_option(c, "exit_after");
    struct lc_broker_fixture fixture = lc_fixture_open_with(c, json_pack("{s:i}", "exit_after", 1));
    struct lc_actor *victim = lc_spawn(c, "client");
    lc_connect_client(c, victim, fixture.port);
    lc_call(c, victim, "client.send", "{s:i, s:i, s:i, s:i}", "tag", TAG, "length", 10, "seed", 1, "timeout_ms", 1000);
    lc_kill(c, victim);
    enum lc_outcome outcome = lc_call_may_refuse(c, fixture.broker, NULL, "broker.wait", "{s:i}", "timeout_ms", 30000);
    lc_check(c, outcome == LC_OK, "the client counts as left within 30 s", "the broker still waits for it");
}

static void broker_killed(struct lc_case *c) {
    struct lc_actor *broker = lc_spawn_peer(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_actor *client = lc_spawn(c, "client");
    lc_connect_client(c, client, port);
    lc_kill(c, broker);
    for (int i = 0; i < 30; i++) {
        (void)lc_call_may_refuse(c, client, NULL, "client.send", "{s:i, s:i, s:i, s:i}", "tag", TAG, "length", 200000,
                                 "seed", i, "timeout_ms", 20);
    }
    (void)lc_call_may_refuse(c, client, NULL, "client.recv", "{s:i}", "timeout_ms", 100);
    lc_check_alive(c, client);
}

/* ---------------------------------------------------------------- leftovers */

/* The first two segments of a channel. */
struct segments {
    struct lc_desc descs[2];
    enum lc_provider provider;
};

static bool are_gone(void *argument) {
    struct segments *segments = argument;
    return !lc_segment_exists(segments->provider, &segments->descs[0], 0) &&
           !lc_segment_exists(segments->provider, &segments->descs[1], 0);
}

static struct segments use_two_pages(struct lc_case *c, struct pair *pair) {
    struct segments segments = {.provider = lc_provider(c)};
    *pair = (struct pair){lc_spawn(c, "sender"), lc_spawn(c, "receiver")};
    segments.descs[0] = lc_open_sender_for(c, pair->sender, SENDER, 1);
    struct lc_reader *reader = lc_open_reader(c, pair->sender, &segments.descs[0], false);
    lc_open_receiver(c, pair->receiver, &segments.descs[0]);
    uint64_t length = lc_page_size(c) * 2 / 3;
    for (uint64_t i = 0; i < 2; i++) {
        lc_send_message(c, pair->sender, TAG, length, i);
        lc_expect_recv(c, pair->receiver, TAG, SENDER, 0, length, i);
        lc_expect_message(c, reader, TAG, SENDER, 0, length, i);
    }
    segments.descs[1] = reader->map.desc;
    lc_reader_close(reader);
    return segments;
}

static void check_gone(struct lc_case *c, struct segments *segments) {
    lc_check(c, lc_wait_until(are_gone, segments, 3000), "both segments of the channel are removed",
             "%s or %s still exists", lc_desc_show(&segments->descs[0]), lc_desc_show(&segments->descs[1]));
}

static void nothing_left_after_close(struct lc_case *c) {
    struct pair pair;
    struct segments segments = use_two_pages(c, &pair);
    lc_call(c, pair.receiver, "receiver.close", "{}");
    lc_call(c, pair.sender, "sender.close", "{}");
    lc_stop(c, pair.receiver);
    lc_stop(c, pair.sender);
    check_gone(c, &segments);
}

/* An implementation may remove the leftovers of dead processes when it creates the next map. */
static void nothing_left_after_kill(struct lc_case *c) {
    struct pair pair;
    struct segments segments = use_two_pages(c, &pair);
    lc_kill(c, pair.sender);
    lc_kill(c, pair.receiver);
    lc_open_sender_for(c, lc_spawn(c, "sender"), SENDER, 1);
    check_gone(c, &segments);
}

const struct lc_case_def lc_crash_cases[] = {
    {"ID-4/sender-killed-allocating", "a sender is killed while a message is allocated", "sender receiver",
     LC_NAMED_PROVIDERS, killed_while_allocating, 0, false},
    {"EOP-9/sender-killed", "a sender is killed while it is pages ahead of its receiver", "sender receiver",
     LC_NAMED_PROVIDERS, killed_pages_ahead, 0, false},
    {"RECV-13/sender-killed-streaming", "a sender is killed while it sends a stream", "sender receiver",
     LC_NAMED_PROVIDERS, killed_while_streaming, 60, false},
    {"EOP-7/receiver-killed", "a receiver is killed on a page, and at its end", "sender receiver", LC_NAMED_PROVIDERS,
     receiver_killed, 60, false},
    {"EOP-8/receiver-killed", "one of two receivers is killed", "sender receiver", LC_NAMED_PROVIDERS,
     other_receiver_continues, 60, false},
    {"BROKER-16/client-killed", "clients are killed while they send", "broker", LC_NAMED_PROVIDERS,
     client_killed_while_sending, 60, false},
    {"BROKER-11/client-killed", "a client is killed right after it has sent messages", "broker", LC_NAMED_PROVIDERS,
     client_killed_after_commit, 0, false},
    {"BROKER-12/removed", "a broker removes a killed client", "broker client", LC_NAMED_PROVIDERS,
     killed_client_is_removed, 60, false},
    {"BROKER-12/counts-as-gone", "a broker exits after its only client was killed", "broker client", LC_NAMED_PROVIDERS,
     killed_client_counts_as_left, 60, false},
    {"ID-4/broker-killed", "a client continues to run after its broker was killed", "client", LC_NAMED_PROVIDERS,
     broker_killed, 0, false},
    {"ID-9/channel", "no segment of a closed channel remains", "sender receiver", LC_NAMED_PROVIDERS,
     nothing_left_after_close, 0, false},
    {"ID-10/channel", "no segment remains of a channel whose processes were killed", "sender receiver",
     LC_NAMED_PROVIDERS, nothing_left_after_kill, 0, false},
    {0},
};
