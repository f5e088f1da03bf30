/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broker with clients that keep to the protocol: forwarding, ids, messages of the protocol (SPEC.md, section 9). */
#include <string.h>

#include "suite/cases/sections.h"
#include "suite/kit/broker_fixture.h"

/* ---------------------------------------------------------------- forwarding */

static void all_get_all(struct lc_case *c) {
    enum { CLIENTS = 3, MESSAGES = 20 };
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = lc_fixture_connect(c, &fixture);
    }
    for (uint64_t m = 0; m < MESSAGES; m++) {
        struct lc_raw_client *from = clients[m % CLIENTS];
        lc_fixture_send(from, 30 * m, m);
        for (int i = 0; i < CLIENTS; i++) {
            lc_fixture_expect(c, clients[i], from->id, 30 * m, m);
        }
    }
}

static void order_of_each_client(struct lc_case *c) {
    enum { MESSAGES = 500 };
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *one = lc_fixture_connect(c, &fixture);
    struct lc_raw_client *other = lc_fixture_connect(c, &fixture);
    for (uint64_t m = 0; m < MESSAGES; m++) {
        lc_fixture_send(one, m % 90, m);
        lc_fixture_send(other, m % 70, m + MESSAGES);
    }
    uint64_t next[2] = {0, MESSAGES};
    for (uint64_t m = 0; m < 2 * (uint64_t)MESSAGES; m++) {
        struct lc_message message;
        lc_next_message(c, one->in, &message);
        bool first = message.sender == one->id;
        lc_check(c, first || message.sender == other->id, "a message of one of the two clients", "sender %u",
                 message.sender);
        uint64_t seed = next[first ? 0 : 1]++;
        lc_check_u64(c, "length", first ? seed % 90 : (seed - MESSAGES) % 70, message.length);
        lc_check_payload(c, "digest", message.length, seed, message.payload);
    }
}

static void fields_unchanged(struct lc_case *c) {
    static const uint32_t values[] = {0, 1, 3, 0x7fffffff, 0x80000000, 0xffffffff};
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        lc_writer_send(client->out, values[i], values[i], 2000 + i, i);
        lc_raw_client_expect(c, client, values[i], client->id, values[i], 2000 + i, i);
    }
}

static void many_pages(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    struct lc_raw_client *reader = lc_fixture_connect(c, &fixture);
    for (uint64_t m = 0; m < 40; m++) {
        lc_raw_client_send(c, client, LC_FIXTURE_TAG, 300000, m);
        lc_fixture_expect(c, reader, client->id, 300000, m);
    }
    lc_check(c, reader->in->pages >= 10, "at least ten page turns of the broadcast", "%d", (int)reader->in->pages);
}

/* ---------------------------------------------------------------- slots */

/*
 * Sends messages of all lengths up to 150 bytes, from the first slot and from later slots of a client's page, to the
 * first slot and to later slots of the broadcast. `check` may be null; the oracle checks BROKER-7.
 */
static void each_length(struct lc_case *c, void (*check)(struct lc_case *c, const struct lc_message *message)) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    for (uint64_t first = 0; first <= 75; first += 25) {
        struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
        struct lc_message message;
        while (client->in->last_id < lc_current_msg_id(client->in->map.base)) {
            lc_next_message(c, client->in, &message); /* messages of earlier clients */
        }
        for (uint64_t length = first; length <= 150; length++) {
            lc_fixture_send(client, length, length);
            lc_next_message(c, client->in, &message);
            lc_check_u64(c, "length", length, message.length);
            if (check != NULL) {
                check(c, &message);
            }
        }
    }
}

static void check_shortest(struct lc_case *c, const struct lc_message *message) {
    lc_check_u64(c, "buf_len_padded", lc_padded(message->offset, message->length), message->padded);
}

static void long_enough_slots(struct lc_case *c) {
    each_length(c, NULL);
}

static void shortest_slots(struct lc_case *c) {
    each_length(c, check_shortest);
}

static bool contains(const uint8_t *bytes, size_t length, const char *what) {
    return memmem(bytes, length, what, strlen(what)) != NULL;
}

/* The padding of the client's slot contains marked bytes, which must not appear in the broadcast. */
static void padding_not_copied(struct lc_case *c) {
    static const char secret[] = "SECRET";
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    for (uint64_t length = 1; length <= 64; length++) {
        uint64_t slot = lc_writer_prepare(client->out, LC_FIXTURE_TAG, 0, length, length);
        uint8_t *padding = client->out->map->base + slot + LC_MSG_HEADER + length;
        uint64_t count = lc_get64(client->out->map->base, slot + LC_MSG_PADDED) - length;
        for (uint64_t i = 0; i < count; i++) {
            padding[i] = (uint8_t)secret[i % (sizeof secret - 1)];
        }
        lc_writer_commit(client->out);
        struct lc_message message;
        lc_next_message(c, client->in, &message);
        bool copied = contains(message.payload + message.length, (size_t)(message.padded - message.length), secret);
        lc_check(c, !copied, "only the payload is copied", "padding of a payload of %d bytes", (int)length);
    }
}

/* The broker may also remove a client that uses another client's id. */
static void sender_is_the_channel(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *one = lc_fixture_connect(c, &fixture);
    struct lc_raw_client *other = lc_fixture_connect(c, &fixture);
    one->out->sender = other->id;
    lc_fixture_send(one, 10, 1);
    one->out->sender = one->id;
    lc_fixture_send(other, 20, 2);
    for (int i = 0; i < 2; i++) {
        struct lc_message message;
        lc_next_message(c, other->in, &message);
        if (message.length == 20) {
            lc_check_u64(c, "sender of the other client's own message:", other->id, message.sender);
            return;
        }
        lc_check_u64(c, "sender of a message that names another client:", one->id, message.sender);
    }
}

/* ---------------------------------------------------------------- ids */

static void ids_count_up(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    for (uint32_t id = 1; id <= 8; id++) {
        struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
        lc_check_u64(c, "client id", id, client->id);
        lc_fixture_send(client, 10, id);
        lc_fixture_expect(c, client, id, 10, id);
    }
}

static void ids_not_reused(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    for (uint32_t id = 1; id <= 4; id++) {
        struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
        lc_check_u64(c, "client id", id, client->id);
        lc_raw_client_exit(client, client->id);
    }
}

/* ---------------------------------------------------------------- messages of the protocol */

/* Sends a message and expects it. The broadcast keeps the order, so no message may be forwarded before it. */
static void expect_next(struct lc_case *c, struct lc_raw_client *reader, struct lc_raw_client *sender) {
    lc_fixture_send(sender, 11, 99);
    lc_fixture_expect(c, reader, sender->id, 11, 99);
}

static void client_exit_not_forwarded(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *leaving = lc_fixture_connect(c, &fixture);
    struct lc_raw_client *staying = lc_fixture_connect(c, &fixture);
    lc_raw_client_exit(leaving, leaving->id);
    expect_next(c, staying, staying);
}

static void exiting_not_forwarded(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *leaving = lc_fixture_connect(c, &fixture);
    struct lc_raw_client *staying = lc_fixture_connect(c, &fixture);
    lc_writer_send(leaving->out, LC_TAG_EXITING, 0, 0, 0);
    expect_next(c, staying, staying);
}

static void slow_receiver_not_forwarded(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    lc_writer_send(client->out, LC_TAG_SLOW_RECEIVER, 0, 0, 0);
    expect_next(c, client, client);
}

static void end_of_page_not_forwarded(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    for (int i = 0; i < 3; i++) {
        lc_writer_turn_page(client->out, lc_new_map(c, LC_PAGE_DEFAULT));
        expect_next(c, client, client);
    }
}

static void new_client_by_message(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    struct lc_writer *other = lc_new_channel(c, 0, client->id + 1);
    lc_raw_client_add_channel(client, &other->map->desc);
    lc_check_within(c, lc_is_joined, other->map->base, 5000, "the broker joins the channel",
                    "receivers_joined_count is 0");
    lc_writer_send(other, LC_FIXTURE_TAG, 0, 44, 4);
    struct lc_message message;
    lc_next_message(c, client->in, &message);
    lc_check_u64(c, "length of the new client's message:", 44, message.length);
    lc_check_u64(c, "sender of the new client's message:", client->id + 1, message.sender);
}

static void exit_of_another(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *liar = lc_fixture_connect(c, &fixture);
    struct lc_raw_client *other = lc_fixture_connect(c, &fixture);
    lc_raw_client_exit(liar, other->id);
    for (uint64_t i = 0; i < 20; i++) {
        lc_fixture_send(other, 10, i);
        lc_fixture_expect(c, other, other->id, 10, i);
    }
}

const struct lc_case_def lc_broker_cases[] = {
    {"BROKER-1/everyone", "three clients get all messages, including their own", "broker", LC_NAMED_PROVIDERS,
     all_get_all, 0, false},
    {"BROKER-1/order", "1000 messages of two clients keep the order of each client", "broker", LC_NAMED_PROVIDERS,
     order_of_each_client, 0, false},
    {"BROKER-1/many-pages", "large messages on ten pages and more", "broker", LC_NAMED_PROVIDERS, many_pages, 0, false},
    {"BROKER-2/count-up", "client ids start at 1 and increase by one", "broker", LC_NAMED_PROVIDERS, ids_count_up, 0,
     false},
    {"BROKER-2/not-again", "ids of clients that left are not reused", "broker", LC_NAMED_PROVIDERS, ids_not_reused, 0,
     false},
    {"BROKER-3/fields", "tag, flags and payload are forwarded unchanged", "broker", LC_NAMED_PROVIDERS,
     fields_unchanged, 0, false},
    {"BROKER-7/padding", "forwarded payloads of 0 to 150 bytes", "broker", LC_NAMED_PROVIDERS, long_enough_slots, 0,
     false},
    {"BROKER-18/shortest", "forwarded messages have no more padding than MSG-1 asks for", "broker", LC_NAMED_PROVIDERS,
     shortest_slots, 0, false},
    {"BROKER-8/nothing-from-behind", "the padding of a client's slot is not forwarded", "broker", LC_NAMED_PROVIDERS,
     padding_not_copied, 0, false},
    {"BROKER-9/sender", "a message that names another client as its sender", "broker", LC_NAMED_PROVIDERS,
     sender_is_the_channel, 0, false},
    {"BROKER-4/client-exit", "CLIENT_EXIT is not forwarded", "broker", LC_NAMED_PROVIDERS, client_exit_not_forwarded, 0,
     false},
    {"BROKER-4/exiting", "EXITING is not forwarded", "broker", LC_NAMED_PROVIDERS, exiting_not_forwarded, 0, false},
    {"BROKER-4/slow-receiver", "SLOW_RECEIVER is not forwarded", "broker", LC_NAMED_PROVIDERS,
     slow_receiver_not_forwarded, 0, false},
    {"BROKER-4/end-of-page", "END_OF_PAGE is followed and not forwarded", "broker", LC_NAMED_PROVIDERS,
     end_of_page_not_forwarded, 0, false},
    {"BROKER-4/new-client", "NEW_SHM_CLIENT registers a channel", "broker", LC_NAMED_PROVIDERS, new_client_by_message,
     0, false},
    {"BROKER-10/exit-of-another", "CLIENT_EXIT that names another client has no effect on that client", "broker",
     LC_NAMED_PROVIDERS, exit_of_another, 0, false},
    {0},
};
