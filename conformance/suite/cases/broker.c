/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broker with clients that behave: forwarding, ids, the protocol's own messages (SPEC.md, section 9). */
#include <string.h>

#include "suite/cases/sections.h"
#include "suite/kit/broker_fixture.h"

/* ---------------------------------------------------------------- forwarding */

static void everyone_gets_everything(struct lc_case *c) {
    enum { CLIENTS = 3, MESSAGES = 20 };
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = lc_fixture_connect(c, &scene);
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
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *one = lc_fixture_connect(c, &scene);
    struct lc_raw_client *other = lc_fixture_connect(c, &scene);
    for (uint64_t m = 0; m < MESSAGES; m++) {
        lc_fixture_send(one, m % 90, m);
        lc_fixture_send(other, m % 70, m + MESSAGES);
    }
    uint64_t next[2] = {0, MESSAGES};
    for (uint64_t m = 0; m < 2 * (uint64_t)MESSAGES; m++) {
        struct lc_message message;
        lc_next_message(c, one->in, &message);
        bool first = message.sender == one->id;
        lc_check(c, first || message.sender == other->id, "one of the two senders", "%u", message.sender);
        uint64_t seed = next[first ? 0 : 1]++;
        lc_check_u64(c, "length", first ? seed % 90 : (seed - MESSAGES) % 70, message.length);
        lc_check_u64(c, "digest", lc_payload_digest((size_t)message.length, seed),
                     lc_crc(0, message.payload, (size_t)message.length));
    }
}

static void fields_kept(struct lc_case *c) {
    static const uint32_t values[] = {0, 1, 3, 0x7fffffff, 0x80000000, 0xffffffff};
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &scene);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        lc_writer_send(client->out, values[i], values[i], 2000 + i, i);
        lc_raw_client_expect(c, client, values[i], client->id, values[i], 2000 + i, i);
    }
}

static void many_pages(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &scene);
    struct lc_raw_client *reader = lc_fixture_connect(c, &scene);
    for (uint64_t m = 0; m < 40; m++) {
        if (!lc_writer_fits(client->out, 300000)) {
            lc_writer_turn_page(client->out, lc_new_map(c, LC_PAGE_DEFAULT));
        }
        lc_fixture_send(client, 300000, m);
        lc_fixture_expect(c, reader, client->id, 300000, m);
    }
    lc_check(c, reader->in->pages >= 10, "at least ten broadcast pages", "%d", (int)reader->in->pages);
}

/* Lengths from a client's first slot and from later ones, to the broadcast's first slot and to later ones. */
static void each_length(struct lc_case *c, void (*check)(struct lc_case *c, const struct lc_message *message)) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    for (uint64_t first = 0; first <= 75; first += 25) {
        struct lc_raw_client *client = lc_fixture_connect(c, &scene);
        struct lc_message message;
        while (client->in->last_id < lc_current_msg_id(client->in->map.base)) {
            lc_next_message(c, client->in, &message); /* what was sent before it came */
        }
        for (uint64_t length = first; length <= 150; length++) {
            lc_fixture_send(client, length, length);
            lc_next_message(c, client->in, &message); /* the oracle checks it against BROKER-7 */
            lc_check_u64(c, "length", length, message.length);
            check(c, &message);
        }
    }
}

static void nothing_more(struct lc_case *c, const struct lc_message *message) {
    (void)c;
    (void)message;
}

static void shortest(struct lc_case *c, const struct lc_message *message) {
    lc_check_u64(c, "buf_len_padded", lc_padded(message->offset, message->length), message->padded);
}

static void slots_long_enough(struct lc_case *c) {
    each_length(c, nothing_more);
}

static void slots_short_enough(struct lc_case *c) {
    each_length(c, shortest);
}

static bool contains(const uint8_t *bytes, size_t length, const char *what) {
    return memmem(bytes, length, what, strlen(what)) != NULL;
}

/* What lies behind a payload in its slot is marked, and must not turn up in the broadcast. */
static void nothing_from_behind(struct lc_case *c) {
    static const char secret[] = "SECRET";
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &scene);
    for (uint64_t length = 1; length <= 64; length++) {
        uint64_t slot = lc_writer_prepare(client->out, LC_FIXTURE_TAG, 0, length, length);
        uint8_t *behind = client->out->map->base + slot + LC_MSG_HEADER + length;
        uint64_t padding = lc_get64(client->out->map->base, slot + LC_MSG_PADDED) - length;
        for (uint64_t i = 0; i < padding; i++) {
            behind[i] = (uint8_t)secret[i % (sizeof secret - 1)];
        }
        lc_writer_commit(client->out);
        struct lc_message message;
        lc_next_message(c, client->in, &message);
        bool leaked = contains(message.payload + message.length, (size_t)(message.padded - message.length), secret);
        lc_check(c, !leaked, "nothing but the payload", "bytes from behind a payload of %d bytes", (int)length);
    }
}

static void sender_is_the_channel(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *one = lc_fixture_connect(c, &scene);
    struct lc_raw_client *other = lc_fixture_connect(c, &scene);
    one->out->sender = other->id;
    lc_fixture_send(one, 10, 1);
    one->out->sender = one->id;
    lc_fixture_send(other, 20, 2);
    for (int i = 0; i < 2; i++) { /* a broker may also throw out who speaks in another's name */
        struct lc_message message;
        lc_next_message(c, other->in, &message);
        if (message.length == 20) {
            lc_check_u64(c, "sender of the other client's own message", other->id, message.sender);
            return;
        }
        lc_check_u64(c, "sender of a message that names another client", one->id, message.sender);
    }
}

/* ---------------------------------------------------------------- ids */

static void ids_count_up(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    for (uint32_t id = 1; id <= 8; id++) {
        struct lc_raw_client *client = lc_fixture_connect(c, &scene);
        lc_check_u64(c, "client id", id, client->id);
        lc_fixture_send(client, 10, id);
        lc_fixture_expect(c, client, id, 10, id);
    }
}

static void ids_not_again(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    for (uint32_t id = 1; id <= 4; id++) {
        struct lc_raw_client *client = lc_fixture_connect(c, &scene);
        lc_check_u64(c, "client id", id, client->id);
        lc_send_client_exit(client, client->id);
    }
}

/* ---------------------------------------------------------------- the protocol's own messages */

static void expect_only(struct lc_case *c, struct lc_raw_client *reader, struct lc_raw_client *sender) {
    lc_fixture_send(sender, 11, 99);
    lc_fixture_expect(c, reader, sender->id, 11, 99); /* in order: nothing came before it */
}

static void exit_not_forwarded(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *going = lc_fixture_connect(c, &scene);
    struct lc_raw_client *staying = lc_fixture_connect(c, &scene);
    lc_send_client_exit(going, going->id);
    expect_only(c, staying, staying);
}

static void exiting_not_forwarded(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *going = lc_fixture_connect(c, &scene);
    struct lc_raw_client *staying = lc_fixture_connect(c, &scene);
    lc_writer_send(going->out, LC_TAG_EXITING, 0, 0, 0);
    expect_only(c, staying, staying);
}

static void slow_receiver_not_forwarded(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &scene);
    lc_writer_send(client->out, LC_TAG_SLOW_RECEIVER, 0, 0, 0);
    expect_only(c, client, client);
}

static void end_not_forwarded(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &scene);
    for (int i = 0; i < 3; i++) {
        lc_writer_turn_page(client->out, lc_new_map(c, LC_PAGE_DEFAULT));
        expect_only(c, client, client);
    }
}

static void new_client_by_message(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &scene);
    struct lc_writer *other = lc_new_channel(c, 0, client->id + 1);
    uint8_t payload[LC_EOP_PAYLOAD];
    lc_eop_payload(payload, &other->map->desc);
    lc_writer_prepare_bytes(client->out, LC_TAG_NEW_SHM_CLIENT, 0, payload, sizeof payload);
    lc_writer_commit(client->out);
    lc_check(c, lc_wait_until(lc_is_joined, other->map->base, 5000), "that the broker joins the channel",
             "receivers_joined_count is 0");
    lc_writer_send(other, LC_FIXTURE_TAG, 0, 44, 4);
    struct lc_message message;
    lc_next_message(c, client->in, &message);
    lc_check_u64(c, "length of what the new client sent", 44, message.length);
    lc_check_u64(c, "its sender", client->id + 1, message.sender);
}

static void exit_of_another(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *liar = lc_fixture_connect(c, &scene);
    struct lc_raw_client *other = lc_fixture_connect(c, &scene);
    lc_send_client_exit(liar, other->id);
    for (uint64_t i = 0; i < 20; i++) {
        lc_fixture_send(other, 10, i);
        lc_fixture_expect(c, other, other->id, 10, i);
    }
}

const struct lc_case_def lc_broker_cases[] = {
    {"BROKER-1/everyone", "three clients get what each sends, themselves included", "broker", LC_NAMED_PROVIDERS,
     everyone_gets_everything, 0, false},
    {"BROKER-1/order", "a thousand messages of two clients, each in its order", "broker", LC_NAMED_PROVIDERS,
     order_of_each_client, 0, false},
    {"BROKER-1/many-pages", "large messages over ten pages and more", "broker", LC_NAMED_PROVIDERS, many_pages, 0,
     false},
    {"BROKER-2/count-up", "the first is 1, each next one more", "broker", LC_NAMED_PROVIDERS, ids_count_up, 0, false},
    {"BROKER-2/not-again", "ids of clients that went", "broker", LC_NAMED_PROVIDERS, ids_not_again, 0, false},
    {"BROKER-3/fields", "tags, flags and payloads as they were", "broker", LC_NAMED_PROVIDERS, fields_kept, 0, false},
    {"BROKER-7/padding", "payloads of 0 to 150 bytes", "broker", LC_NAMED_PROVIDERS, slots_long_enough, 0, false},
    {"BROKER-18/shortest", "no more padding than MSG-1 asks", "broker", LC_NAMED_PROVIDERS, slots_short_enough, 0,
     false},
    {"BROKER-8/nothing-from-behind", "marked bytes behind the payload", "broker", LC_NAMED_PROVIDERS,
     nothing_from_behind, 0, false},
    {"BROKER-9/sender", "a message that names another client", "broker", LC_NAMED_PROVIDERS, sender_is_the_channel, 0,
     false},
    {"BROKER-4/client-exit", "CLIENT_EXIT is not forwarded", "broker", LC_NAMED_PROVIDERS, exit_not_forwarded, 0,
     false},
    {"BROKER-4/exiting", "EXITING is not forwarded", "broker", LC_NAMED_PROVIDERS, exiting_not_forwarded, 0, false},
    {"BROKER-4/slow-receiver", "SLOW_RECEIVER is not forwarded", "broker", LC_NAMED_PROVIDERS,
     slow_receiver_not_forwarded, 0, false},
    {"BROKER-4/end-of-page", "END_OF_PAGE is followed", "broker", LC_NAMED_PROVIDERS, end_not_forwarded, 0, false},
    {"BROKER-4/new-client", "NEW_SHM_CLIENT registers a channel", "broker", LC_NAMED_PROVIDERS, new_client_by_message,
     0, false},
    {"BROKER-10/exit-of-another", "CLIENT_EXIT that names another client", "broker", LC_NAMED_PROVIDERS,
     exit_of_another, 0, false},
    {0},
};
