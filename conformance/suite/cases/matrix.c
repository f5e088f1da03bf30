/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The broker of one implementation and the clients of another (--peer), from the handshake to EXITING. */
#include "suite/cases/sections.h"

enum { TAG = 0x3A7, CLIENTS = 3, SMALL = 1000, LARGE = 3, LARGE_LENGTH = 250000, ROUNDS = 5, WAIT_MS = 10000 };

struct group {
    struct lc_actor *broker;
    struct lc_actor *clients[CLIENTS];
    uint32_t ids[CLIENTS];
};

typedef struct lc_actor *(*spawn_fn)(struct lc_case *c, const char *role);

static struct group start(struct lc_case *c, spawn_fn spawn_broker, spawn_fn spawn_client) {
    struct group group = {.broker = spawn_broker(c, "broker")};
    uint16_t port = lc_open_broker(c, group.broker, NULL);
    for (int i = 0; i < CLIENTS; i++) {
        group.clients[i] = spawn_client(c, "client");
        group.ids[i] = lc_connect_client(c, group.clients[i], port);
        lc_check_u64(c, "client id", (uint64_t)i + 1, group.ids[i]);
    }
    return group;
}

static uint64_t seed_of(const struct lc_case *c, uint32_t id) {
    return (lc_seed(c) >> 8) + id * UINT64_C(1000000);
}

static void send_all(struct lc_case *c, struct group *group, int count, int length) {
    for (int i = 0; i < CLIENTS; i++) {
        lc_send_request(c, group->clients[i], "client.send", "{s:i, s:i, s:I, s:i, s:i, s:i}", "tag", TAG, "length",
                        length, "seed", (json_int_t)seed_of(c, group->ids[i]), "flags", 1, "count", count, "timeout_ms",
                        WAIT_MS);
    }
    for (int i = 0; i < CLIENTS; i++) {
        lc_check_u64(c, "sent", (uint64_t)count, lc_field_u64(c, lc_wait_reply(c, group->clients[i]), "sent"));
    }
}

/* A client need not return its own messages. */
static void receive_all(struct lc_case *c, struct group *group, int count, int length) {
    for (int i = 0; i < CLIENTS; i++) {
        lc_send_request(c, group->clients[i], "client.drain", "{s:i, s:i}", "count", CLIENTS * count, "timeout_ms",
                        2000);
    }
    for (int i = 0; i < CLIENTS; i++) {
        const json_t *reply = lc_wait_reply(c, group->clients[i]);
        for (int from = 0; from < CLIENTS; from++) {
            uint32_t id = group->ids[from];
            if (from != i || lc_has_drained(reply, id)) {
                lc_check_drained(c, reply, id, (uint64_t)count,
                                 lc_drain_digest_seeds(0, TAG, 1, (size_t)length, seed_of(c, id), (uint64_t)count));
            }
        }
    }
}

static void stop(struct lc_case *c, struct group *group) {
    lc_call(c, group->clients[2], "client.close", "{}");
    lc_call(c, group->broker, "broker.stop", "{}");
    lc_expect_recv_exiting(c, group->clients[0], 5000);
}

static void run_group(struct lc_case *c, spawn_fn spawn_broker, spawn_fn spawn_client) {
    struct group group = start(c, spawn_broker, spawn_client);
    send_all(c, &group, SMALL, 64);
    receive_all(c, &group, SMALL, 64);
    for (int round = 0; round < ROUNDS; round++) { /* each round fills about one page of each client */
        send_all(c, &group, LARGE, LARGE_LENGTH);
        receive_all(c, &group, LARGE, LARGE_LENGTH);
    }
    stop(c, &group);
}

static void own_broker(struct lc_case *c) {
    run_group(c, lc_spawn, lc_spawn_peer);
}

static void own_clients(struct lc_case *c) {
    run_group(c, lc_spawn_peer, lc_spawn);
}

const struct lc_case_def lc_matrix_cases[] = {
    {"BROKER-3/matrix-broker", "its broker with the clients of the peer", "broker", LC_NAMED_PROVIDERS, own_broker, 60,
     false},
    {"TCP-2/matrix-client", "the broker of the peer with its clients", "client", LC_NAMED_PROVIDERS, own_clients, 60,
     false},
    {0},
};
