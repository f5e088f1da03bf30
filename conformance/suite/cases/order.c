/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Several processes at once: every reader gets every message of every writer, once and in order, across page changes,
 * with all of them on one core or stopped and continued while they run (RECV-4, BROKER-1).
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "suite/cases/sections.h"

enum { TAG = 0x04DE4, BATCHES = 40, BATCH = 500, MESSAGES = BATCHES * BATCH, READERS = 3, WAIT_MS = 10000 };

/* Lengths with no pattern in common with a page's size. */
static uint64_t length_of(uint64_t batch) {
    return batch * 97 % 700;
}

static uint64_t seed_of(const struct lc_case *c, uint32_t sender, uint64_t batch) {
    return (lc_seed(c) >> 8) + sender * UINT64_C(1000000) + batch * BATCH;
}

static uint32_t expected_digest(const struct lc_case *c, uint32_t sender) {
    uint8_t payload[700];
    uint32_t crc = 0;
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        for (uint64_t i = 0; i < BATCH; i++) {
            lc_payload_fill(payload, (size_t)length_of(batch), seed_of(c, sender, batch) + i);
            crc = lc_drain_digest(crc, TAG, 0, payload, (size_t)length_of(batch));
        }
    }
    return crc;
}

/* ---------------------------------------------------------------- disturbance */

struct crowd {
    pid_t pids[16];
    size_t count;
};

static void add(struct crowd *crowd, struct lc_actor *actor) {
    crowd->pids[crowd->count++] = lc_actor_pid(actor);
}

static void pin_all(struct lc_case *c, const struct crowd *crowd) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    sched_setaffinity(0, sizeof one, &one);
    for (size_t i = 0; i < crowd->count; i++) {
        if (sched_setaffinity(crowd->pids[i], sizeof one, &one) != 0) {
            lc_error(c, "pinning a process to one core");
        }
    }
}

/* Stops one after the other for a moment, until it is killed. */
static void stop_and_continue(struct lc_case *c, void *argument) {
    const struct crowd *crowd = argument;
    uint64_t random = lc_seed(c);
    for (;;) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        pid_t pid = crowd->pids[(random >> 33) % crowd->count];
        struct timespec moment = {.tv_nsec = (long)(random >> 44)}; /* up to a millisecond */
        kill(pid, SIGSTOP);
        nanosleep(&moment, NULL);
        kill(pid, SIGCONT);
        nanosleep(&moment, NULL);
    }
}

enum disturbance { NONE, ONE_CORE, STOPPED };

struct disturbed {
    enum disturbance how;
    pid_t helper;
    struct crowd crowd;
};

static void disturb(struct lc_case *c, struct disturbed *disturbed) {
    if (disturbed->how == ONE_CORE) {
        pin_all(c, &disturbed->crowd);
    } else if (disturbed->how == STOPPED) {
        disturbed->helper = lc_fork_helper(c, stop_and_continue, &disturbed->crowd);
    }
}

static void calm(struct disturbed *disturbed) {
    if (disturbed->how == STOPPED) {
        kill(disturbed->helper, SIGKILL);
        for (size_t i = 0; i < disturbed->crowd.count; i++) {
            kill(disturbed->crowd.pids[i], SIGCONT);
        }
    }
}

/* ---------------------------------------------------------------- direct channels */

/* Without a sender that can be told of them there is one reader: EOP-8 is another case's matter. */
static int readers_of(const struct lc_case *c) {
    return lc_has_option(c, "receivers") ? READERS : 1;
}

static void request_batch(struct lc_case *c, struct lc_actor *sender, uint32_t id, uint64_t batch) {
    lc_send_request(c, sender, "sender.send", "{s:i, s:I, s:I, s:i, s:i}", "tag", TAG, "length",
                    (json_int_t)length_of(batch), "seed", (json_int_t)seed_of(c, id, batch), "count", BATCH,
                    "timeout_ms", WAIT_MS);
}

static void request_drain(struct lc_case *c, struct lc_actor *actor, const char *verb, int count) {
    lc_send_request(c, actor, verb, "{s:i, s:i}", "count", count, "timeout_ms", WAIT_MS);
}

static void check_sender(struct lc_case *c, const json_t *reply, uint32_t sender) {
    char name[16];
    snprintf(name, sizeof name, "%u", sender);
    const json_t *of = json_object_get(json_object_get(reply, "senders"), name);
    lc_check(c, of != NULL, "messages of every sender", "none of sender %u", sender);
    lc_check_u64(c, "messages of a sender", MESSAGES, lc_field_u64(c, of, "count"));
    lc_check_u64(c, "digest of all that a sender sent", expected_digest(c, sender), lc_field_u64(c, of, "digest"));
}

static void streams(struct lc_case *c, enum disturbance how, uint32_t senders) {
    struct disturbed disturbed = {.how = how};
    struct lc_actor *from[4];
    struct lc_actor *to[4][READERS];
    int readers = readers_of(c);
    for (uint32_t s = 0; s < senders; s++) {
        from[s] = lc_spawn(c, "sender");
        add(&disturbed.crowd, from[s]);
        struct lc_desc desc = lc_open_sender_for(c, from[s], s, readers);
        for (int r = 0; r < readers; r++) {
            to[s][r] = lc_spawn(c, "receiver");
            add(&disturbed.crowd, to[s][r]);
            lc_open_receiver(c, to[s][r], &desc);
            request_drain(c, to[s][r], "receiver.drain", MESSAGES);
        }
    }
    disturb(c, &disturbed);
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        for (uint32_t s = 0; s < senders; s++) {
            request_batch(c, from[s], s, batch);
        }
        for (uint32_t s = 0; s < senders; s++) {
            lc_check_u64(c, "sent", BATCH, lc_field_u64(c, lc_wait_reply(c, from[s]), "sent"));
        }
    }
    for (uint32_t s = 0; s < senders; s++) {
        for (int r = 0; r < readers; r++) {
            check_sender(c, lc_wait_reply(c, to[s][r]), s);
        }
    }
    calm(&disturbed);
}

/* One batch at a time, read before the next: for senders that cannot wait for a receiver, too. */
static void paced(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_actor *receiver = lc_spawn(c, "receiver");
    struct lc_desc desc = lc_open_sender_for(c, sender, 1, 1);
    lc_open_receiver(c, receiver, &desc);
    uint8_t *first = lc_open_reader(c, sender, &desc, false)->map.base;
    if (lc_get16(first, LC_PAGE_JOINED) == 0) {
        lc_join(first); /* whether a receiver joins the page it starts on is RECV-6's matter */
    }
    uint8_t payload[700];
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        uint32_t crc = 0;
        for (uint64_t i = 0; i < BATCH; i++) {
            lc_payload_fill(payload, (size_t)length_of(batch), seed_of(c, 1, batch) + i);
            crc = lc_drain_digest(crc, TAG, 0, payload, (size_t)length_of(batch));
        }
        request_drain(c, receiver, "receiver.drain", BATCH);
        request_batch(c, sender, 1, batch);
        lc_check_u64(c, "sent", BATCH, lc_field_u64(c, lc_wait_reply(c, sender), "sent"));
        const json_t *of = json_object_get(json_object_get(lc_wait_reply(c, receiver), "senders"), "1");
        lc_check(c, of != NULL, "a batch of messages", "none");
        lc_check_u64(c, "messages of a batch", BATCH, lc_field_u64(c, of, "count"));
        lc_check_u64(c, "digest of a batch", crc, lc_field_u64(c, of, "digest"));
    }
}

static void undisturbed(struct lc_case *c) {
    streams(c, NONE, 1);
}

static void two_writers(struct lc_case *c) {
    streams(c, NONE, 2);
}

static void on_one_core(struct lc_case *c) {
    streams(c, ONE_CORE, 1);
}

static void stopped(struct lc_case *c) {
    streams(c, STOPPED, 1);
}

/* ---------------------------------------------------------------- the suite's own readers and writers */

static void read_all(struct lc_case *c, void *argument) {
    struct lc_reader *reader = argument;
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        for (uint64_t i = 0; i < BATCH; i++) {
            lc_expect_message(c, reader, TAG, 1, 0, length_of(batch), seed_of(c, 1, batch) + i);
        }
    }
    lc_reader_close(reader);
}

static void raw_readers(struct lc_case *c) {
    struct disturbed disturbed = {.how = STOPPED};
    struct lc_actor *sender = lc_spawn(c, "sender");
    int readers = readers_of(c);
    struct lc_desc desc = lc_open_sender_for(c, sender, 1, readers);
    pid_t helpers[READERS];
    struct lc_reader *reader[READERS];
    for (int r = 0; r < readers; r++) {
        reader[r] = lc_read_channel(c, sender, &desc);
    }
    for (int r = 0; r < readers; r++) {
        helpers[r] = lc_fork_helper(c, read_all, reader[r]);
        disturbed.crowd.pids[disturbed.crowd.count++] = helpers[r];
    }
    add(&disturbed.crowd, sender);
    disturb(c, &disturbed);
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        request_batch(c, sender, 1, batch);
        lc_check_u64(c, "sent", BATCH, lc_field_u64(c, lc_wait_reply(c, sender), "sent"));
    }
    calm(&disturbed);
    for (int r = 0; r < readers; r++) {
        lc_wait_helper(c, helpers[r]);
    }
}

enum { MAPS = 12 };

struct writing {
    struct lc_writer *writer;
    struct lc_map *maps[MAPS];
};

static void write_all(struct lc_case *c, void *argument) {
    struct writing *writing = argument;
    size_t next = 0;
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        for (uint64_t i = 0; i < BATCH; i++) {
            if (!lc_writer_fits(writing->writer, length_of(batch))) {
                lc_writer_turn_page(writing->writer, writing->maps[next++]);
            }
            lc_writer_send(writing->writer, TAG, 0, length_of(batch), seed_of(c, 1, batch) + i);
        }
    }
}

static void raw_writer(struct lc_case *c) {
    struct disturbed disturbed = {.how = STOPPED};
    struct writing writing = {.writer = lc_new_channel(c, 0, 1)};
    for (size_t i = 0; i < MAPS; i++) {
        writing.maps[i] = lc_new_map(c, LC_PAGE_DEFAULT);
    }
    struct lc_actor *receivers[2];
    for (int r = 0; r < 2; r++) {
        receivers[r] = lc_spawn(c, "receiver");
        add(&disturbed.crowd, receivers[r]);
        lc_open_receiver(c, receivers[r], &writing.writer->map->desc);
        request_drain(c, receivers[r], "receiver.drain", MESSAGES);
    }
    disturb(c, &disturbed);
    lc_wait_helper(c, lc_fork_helper(c, write_all, &writing));
    for (int r = 0; r < 2; r++) {
        check_sender(c, lc_wait_reply(c, receivers[r]), 1);
    }
    calm(&disturbed);
}

/* ---------------------------------------------------------------- through a broker */

enum { CLIENTS = 3, CLIENT_BATCHES = 6 };

static uint32_t client_digest(const struct lc_case *c, uint32_t sender) {
    uint8_t payload[700];
    uint32_t crc = 0;
    for (uint64_t i = 0; i < (uint64_t)CLIENT_BATCHES * BATCH; i++) {
        uint64_t length = length_of(sender);
        lc_payload_fill(payload, (size_t)length, seed_of(c, sender, 0) + i);
        crc = lc_drain_digest(crc, TAG, 0, payload, (size_t)length);
    }
    return crc;
}

/* A client may leave out its own messages: BROKER-1 is about what stands on the broadcast. */
static void check_client(struct lc_case *c, const json_t *reply, const uint32_t *ids, uint32_t own) {
    for (int i = 0; i < CLIENTS; i++) {
        char name[16];
        snprintf(name, sizeof name, "%u", ids[i]);
        const json_t *of = json_object_get(json_object_get(reply, "senders"), name);
        if (of == NULL && ids[i] == own) {
            continue;
        }
        lc_check(c, of != NULL, "messages of every client", "none of client %u", ids[i]);
        lc_check_u64(c, "messages of a client", UINT64_C(1) * CLIENT_BATCHES * BATCH, lc_field_u64(c, of, "count"));
        lc_check_u64(c, "digest of all that a client sent", client_digest(c, ids[i]), lc_field_u64(c, of, "digest"));
    }
}

static void through_a_broker(struct lc_case *c, enum disturbance how) {
    struct disturbed disturbed = {.how = how};
    struct lc_actor *broker = lc_spawn(c, "broker");
    add(&disturbed.crowd, broker);
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_actor *clients[CLIENTS];
    uint32_t ids[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = lc_spawn(c, "client");
        add(&disturbed.crowd, clients[i]);
        ids[i] = lc_connect_client(c, clients[i], port);
    }
    disturb(c, &disturbed);
    for (int i = 0; i < CLIENTS; i++) {
        lc_send_request(c, clients[i], "client.send", "{s:i, s:I, s:I, s:i, s:i}", "tag", TAG, "length",
                        (json_int_t)length_of(ids[i]), "seed", (json_int_t)seed_of(c, ids[i], 0), "count",
                        CLIENT_BATCHES * BATCH, "timeout_ms", WAIT_MS);
    }
    for (int i = 0; i < CLIENTS; i++) {
        lc_check_u64(c, "sent", UINT64_C(1) * CLIENT_BATCHES * BATCH,
                     lc_field_u64(c, lc_wait_reply(c, clients[i]), "sent"));
    }
    for (int i = 0; i < CLIENTS; i++) {
        lc_send_request(c, clients[i], "client.drain", "{s:i, s:i}", "count", CLIENTS * CLIENT_BATCHES * BATCH,
                        "timeout_ms", 2000);
    }
    for (int i = 0; i < CLIENTS; i++) {
        check_client(c, lc_wait_reply(c, clients[i]), ids, ids[i]);
    }
    calm(&disturbed);
}

static void broker_undisturbed(struct lc_case *c) {
    through_a_broker(c, NONE);
}

static void broker_on_one_core(struct lc_case *c) {
    through_a_broker(c, ONE_CORE);
}

static void broker_stopped(struct lc_case *c) {
    through_a_broker(c, STOPPED);
}

const struct lc_case_def lc_order_cases[] = {
    {"RECV-4/paced", "20000 messages, a batch at a time", "sender receiver", LC_NAMED_PROVIDERS, paced, 60, false},
    {"RECV-4/stream", "20000 messages, every receiver gets them all", "sender receiver", LC_NAMED_PROVIDERS,
     undisturbed, 60, false},
    {"RECV-4/two-writers", "two channels at the same time", "sender receiver", LC_NAMED_PROVIDERS, two_writers, 60,
     false},
    {"RECV-4/one-core", "all processes on one core", "sender receiver", LC_NAMED_PROVIDERS, on_one_core, 60, false},
    {"RECV-4/stopped", "processes stopped and continued all the time", "sender receiver", LC_NAMED_PROVIDERS, stopped,
     60, false},
    {"SEND-3/raw-readers", "the suite's readers, stopped and continued", "sender", LC_EACH_PROVIDER, raw_readers, 60,
     false},
    {"RECV-4/raw-writer", "the suite's writer, two receivers stopped and continued", "receiver", LC_EACH_PROVIDER,
     raw_writer, 60, false},
    {"BROKER-1/clients", "three clients send at once, each gets everything", "broker client", LC_NAMED_PROVIDERS,
     broker_undisturbed, 60, false},
    {"BROKER-1/one-core", "the same on one core", "broker client", LC_NAMED_PROVIDERS, broker_on_one_core, 60, false},
    {"BROKER-1/stopped", "the same, stopped and continued all the time", "broker client", LC_NAMED_PROVIDERS,
     broker_stopped, 60, false},
    {0},
};
