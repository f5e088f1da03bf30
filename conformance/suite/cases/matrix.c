/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The broker of one implementation and the clients of another (--peer): the usual run, from hello to EXITING. */
#include <stdio.h>
#include <string.h>

#include "suite/cases/sections.h"

enum { TAG = 0x3A7, CLIENTS = 3, SMALL = 1000, LARGE = 3, LARGE_LENGTH = 250000, ROUNDS = 5, WAIT_MS = 10000 };

struct play {
    struct lc_actor *broker;
    struct lc_actor *clients[CLIENTS];
    uint32_t ids[CLIENTS];
    uint16_t port;
};

typedef struct lc_actor *(*cast)(struct lc_case *c, const char *role);

static struct play begin(struct lc_case *c, cast broker, cast client) {
    struct play play = {.broker = broker(c, "broker")};
    play.port = lc_open_broker(c, play.broker, NULL);
    for (int i = 0; i < CLIENTS; i++) {
        play.clients[i] = client(c, "client");
        play.ids[i] = lc_connect_client(c, play.clients[i], play.port);
        lc_check_u64(c, "client id", (uint64_t)i + 1, play.ids[i]);
    }
    return play;
}

static uint64_t seed_of(const struct lc_case *c, uint32_t id) {
    return (lc_seed(c) >> 8) + id * UINT64_C(1000000);
}

static void send_all(struct lc_case *c, struct play *play, int count, int length) {
    for (int i = 0; i < CLIENTS; i++) {
        lc_send_request(c, play->clients[i], "client.send", "{s:i, s:i, s:I, s:i, s:i, s:i}", "tag", TAG, "length",
                        length, "seed", (json_int_t)seed_of(c, play->ids[i]), "flags", 1, "count", count, "timeout_ms",
                        WAIT_MS);
    }
    for (int i = 0; i < CLIENTS; i++) {
        lc_check_u64(c, "sent", (uint64_t)count, lc_field_u64(c, lc_wait_reply(c, play->clients[i]), "sent"));
    }
}

static uint32_t digest_of(const struct lc_case *c, uint32_t id, int count, int length) {
    static uint8_t payload[LARGE_LENGTH];
    uint32_t crc = 0;
    for (int i = 0; i < count; i++) {
        lc_payload_fill(payload, (size_t)length, seed_of(c, id) + (uint64_t)i);
        crc = lc_drain_digest(crc, TAG, 1, payload, (size_t)length);
    }
    return crc;
}

/* Own messages may be left out by the client; all others have to be there. */
static void receive_all(struct lc_case *c, struct play *play, int count, int length) {
    for (int i = 0; i < CLIENTS; i++) {
        lc_send_request(c, play->clients[i], "client.drain", "{s:i, s:i}", "count", CLIENTS * count, "timeout_ms",
                        2000);
    }
    for (int i = 0; i < CLIENTS; i++) {
        const json_t *senders = json_object_get(lc_wait_reply(c, play->clients[i]), "senders");
        for (int from = 0; from < CLIENTS; from++) {
            char name[16];
            snprintf(name, sizeof name, "%u", play->ids[from]);
            const json_t *of = json_object_get(senders, name);
            if (of == NULL && from == i) {
                continue;
            }
            lc_check(c, of != NULL, "messages of every client", "none of client %s", name);
            lc_check_u64(c, "messages of a client", (uint64_t)count, lc_field_u64(c, of, "count"));
            lc_check_u64(c, "digest of a client's messages", digest_of(c, play->ids[from], count, length),
                         lc_field_u64(c, of, "digest"));
        }
    }
}

static void go(struct lc_case *c, struct play *play) {
    lc_call(c, play->clients[2], "client.close", "{}");
    lc_call(c, play->broker, "broker.stop", "{}");
    const json_t *reply = lc_call(c, play->clients[0], "client.recv", "{s:i}", "timeout_ms", 5000);
    lc_check(c, strcmp(lc_field_string(c, reply, "end"), "exiting") == 0, "the channel's end", "%s",
             lc_field_string(c, reply, "end"));
}

static void whole_run(struct lc_case *c, cast broker, cast client) {
    struct play play = begin(c, broker, client);
    send_all(c, &play, SMALL, 64);
    receive_all(c, &play, SMALL, 64);
    for (int round = 0; round < ROUNDS; round++) { /* about a page of each client, then the broker's turn */
        send_all(c, &play, LARGE, LARGE_LENGTH);
        receive_all(c, &play, LARGE, LARGE_LENGTH);
    }
    go(c, &play);
}

static void own_broker(struct lc_case *c) {
    whole_run(c, lc_spawn, lc_spawn_peer);
}

static void own_clients(struct lc_case *c) {
    whole_run(c, lc_spawn_peer, lc_spawn);
}

const struct lc_case_def lc_matrix_cases[] = {
    {"BROKER-3/matrix-broker", "its broker, the peer's clients", "broker", LC_NAMED_PROVIDERS, own_broker, 60, false},
    {"TCP-2/matrix-client", "the peer's broker, its clients", "client", LC_NAMED_PROVIDERS, own_clients, 60, false},
    {0},
};
