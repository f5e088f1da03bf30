/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Several processes at once: each reader gets each message of each sender, once and in order, while the processes run
 * freely, on one core, or are stopped and continued (RECV-4, BROKER-1).
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "suite/cases/sections.h"

enum { TAG = 0x04DE4, BATCHES = 40, BATCH = 500, MESSAGES = BATCHES * BATCH, READERS = 3, WAIT_MS = 10000 };

/* The lengths have no common period with the size of a page. */
static uint64_t length_of(uint64_t batch) {
    return batch * 97 % 700;
}

static uint64_t seed_of(const struct lc_case *c, uint32_t sender, uint64_t batch) {
    return (lc_seed(c) >> 8) + sender * UINT64_C(1000000) + batch * BATCH;
}

static uint32_t add_batch(const struct lc_case *c, uint32_t crc, uint32_t sender, uint64_t batch) {
    return lc_drain_digest_seeds(crc, TAG, 0, (size_t)length_of(batch), seed_of(c, sender, batch), BATCH);
}

static uint32_t digest_of_all(const struct lc_case *c, uint32_t sender) {
    uint32_t crc = 0;
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        crc = add_batch(c, crc, sender, batch);
    }
    return crc;
}

/* ---------------------------------------------------------------- scheduling */

enum scheduling { FREE, ONE_CORE, STOPPED };

/* The processes of a case, and how they are scheduled. */
struct processes {
    enum scheduling scheduling;
    pid_t pids[16];
    size_t count;
    pid_t helper; /* with STOPPED: stops and continues them */
};

static struct lc_actor *spawn_one(struct lc_case *c, struct processes *processes, const char *role) {
    struct lc_actor *actor = lc_spawn(c, role);
    processes->pids[processes->count++] = lc_actor_pid(actor);
    return actor;
}

static void pin_all(struct lc_case *c, const struct processes *processes) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    (void)sched_setaffinity(0, sizeof one, &one);
    for (size_t i = 0; i < processes->count; i++) {
        if (sched_setaffinity(processes->pids[i], sizeof one, &one) != 0) {
            lc_error(c, "pinning a process to one core: %s", strerror(errno));
        }
    }
}

/* Stops random processes for up to a millisecond each, until it is killed. */
static void stop_and_continue(struct lc_case *c, void *argument) {
    const struct processes *processes = argument;
    uint64_t random = lc_seed(c);
    for (;;) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        pid_t pid = processes->pids[(random >> 33) % processes->count];
        struct timespec pause = {.tv_nsec = (long)(random >> 44)};
        (void)kill(pid, SIGSTOP);
        (void)nanosleep(&pause, NULL);
        (void)kill(pid, SIGCONT);
        (void)nanosleep(&pause, NULL);
    }
}

static void start_scheduling(struct lc_case *c, struct processes *processes) {
    if (processes->scheduling == ONE_CORE) {
        pin_all(c, processes);
    } else if (processes->scheduling == STOPPED) {
        processes->helper = lc_fork_helper(c, stop_and_continue, processes);
    }
}

static void stop_scheduling(struct processes *processes) {
    if (processes->scheduling == STOPPED) {
        (void)kill(processes->helper, SIGKILL);
        for (size_t i = 0; i < processes->count; i++) {
            (void)kill(processes->pids[i], SIGCONT);
        }
    }
}

/* ---------------------------------------------------------------- requests */

static void request_batch(struct lc_case *c, struct lc_actor *sender, uint32_t id, uint64_t batch) {
    lc_send_request(c, sender, "sender.send", "{s:i, s:I, s:I, s:i, s:i}", "tag", TAG, "length",
                    (json_int_t)length_of(batch), "seed", (json_int_t)seed_of(c, id, batch), "count", BATCH,
                    "timeout_ms", WAIT_MS);
}

static void wait_for_batch(struct lc_case *c, struct lc_actor *sender) {
    lc_check_u64(c, "sent", BATCH, lc_field_u64(c, lc_wait_reply(c, sender), "sent"));
}

static void request_drain(struct lc_case *c, struct lc_actor *receiver, int count) {
    lc_send_request(c, receiver, "receiver.drain", "{s:i, s:i}", "count", count, "timeout_ms", WAIT_MS);
}

/* ---------------------------------------------------------------- channels */

/* Without the option receivers a sender has one receiver; EOP-8 tests several. */
static int reader_count(const struct lc_case *c) {
    return lc_has_option(c, "receivers") ? READERS : 1;
}

static void stream(struct lc_case *c, enum scheduling scheduling, uint32_t senders) {
    struct processes processes = {.scheduling = scheduling};
    struct lc_actor *from[4];
    struct lc_actor *to[4][READERS];
    int readers = reader_count(c);
    for (uint32_t s = 0; s < senders; s++) {
        from[s] = spawn_one(c, &processes, "sender");
        struct lc_desc desc = lc_open_sender_for(c, from[s], s, readers);
        for (int r = 0; r < readers; r++) {
            to[s][r] = spawn_one(c, &processes, "receiver");
            lc_open_receiver(c, to[s][r], &desc);
            request_drain(c, to[s][r], MESSAGES);
        }
    }
    start_scheduling(c, &processes);
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        for (uint32_t s = 0; s < senders; s++) {
            request_batch(c, from[s], s, batch);
        }
        for (uint32_t s = 0; s < senders; s++) {
            wait_for_batch(c, from[s]);
        }
    }
    for (uint32_t s = 0; s < senders; s++) {
        for (int r = 0; r < readers; r++) {
            lc_check_drained(c, lc_wait_reply(c, to[s][r]), s, MESSAGES, digest_of_all(c, s));
        }
    }
    stop_scheduling(&processes);
}

/* Each batch is read before the next one is sent, for senders that cannot wait for a receiver. */
static void paced(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_actor *receiver = lc_spawn(c, "receiver");
    struct lc_desc desc = lc_open_sender_for(c, sender, 1, 1);
    lc_open_receiver(c, receiver, &desc);
    uint8_t *first = lc_open_reader(c, sender, &desc, false)->map.base;
    if (lc_get16(first, LC_PAGE_JOINED) == 0) {
        lc_join(first); /* RECV-6 tests whether a receiver joins its first page */
    }
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        request_drain(c, receiver, BATCH);
        request_batch(c, sender, 1, batch);
        wait_for_batch(c, sender);
        lc_check_drained(c, lc_wait_reply(c, receiver), 1, BATCH, add_batch(c, 0, 1, batch));
    }
}

static void stream_free(struct lc_case *c) {
    stream(c, FREE, 1);
}

static void two_senders(struct lc_case *c) {
    stream(c, FREE, 2);
}

static void stream_on_one_core(struct lc_case *c) {
    stream(c, ONE_CORE, 1);
}

static void stream_stopped(struct lc_case *c) {
    stream(c, STOPPED, 1);
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
    struct processes processes = {.scheduling = STOPPED};
    struct lc_actor *sender = spawn_one(c, &processes, "sender");
    int readers = reader_count(c);
    struct lc_desc desc = lc_open_sender_for(c, sender, 1, readers);
    pid_t helpers[READERS];
    struct lc_reader *reader[READERS];
    for (int r = 0; r < readers; r++) {
        reader[r] = lc_read_channel(c, sender, &desc);
    }
    for (int r = 0; r < readers; r++) {
        helpers[r] = lc_fork_helper(c, read_all, reader[r]);
        processes.pids[processes.count++] = helpers[r];
    }
    start_scheduling(c, &processes);
    for (uint64_t batch = 0; batch < BATCHES; batch++) {
        request_batch(c, sender, 1, batch);
        wait_for_batch(c, sender);
    }
    stop_scheduling(&processes);
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
    struct processes processes = {.scheduling = STOPPED};
    struct writing writing = {.writer = lc_new_channel(c, 0, 1)};
    for (size_t i = 0; i < MAPS; i++) {
        writing.maps[i] = lc_new_map(c, LC_PAGE_DEFAULT);
    }
    struct lc_actor *receivers[2];
    for (int r = 0; r < 2; r++) {
        receivers[r] = spawn_one(c, &processes, "receiver");
        lc_open_receiver(c, receivers[r], &writing.writer->map->desc);
        request_drain(c, receivers[r], MESSAGES);
    }
    start_scheduling(c, &processes);
    lc_wait_helper(c, lc_fork_helper(c, write_all, &writing));
    for (int r = 0; r < 2; r++) {
        lc_check_drained(c, lc_wait_reply(c, receivers[r]), 1, MESSAGES, digest_of_all(c, 1));
    }
    stop_scheduling(&processes);
}

/* ---------------------------------------------------------------- through a broker */

enum { CLIENTS = 3, CLIENT_MESSAGES = 6 * BATCH };

/* A client need not return its own messages; BROKER-1 is about the broadcast. */
static void check_client(struct lc_case *c, const json_t *reply, const uint32_t *ids, uint32_t own) {
    for (int i = 0; i < CLIENTS; i++) {
        uint32_t id = ids[i];
        if (id != own || lc_has_drained(reply, id)) {
            lc_check_drained(
                c, reply, id, CLIENT_MESSAGES,
                lc_drain_digest_seeds(0, TAG, 0, (size_t)length_of(id), seed_of(c, id, 0), CLIENT_MESSAGES));
        }
    }
}

static void send_to_broker(struct lc_case *c, struct lc_actor *const *clients, const uint32_t *ids) {
    for (int i = 0; i < CLIENTS; i++) {
        lc_send_request(c, clients[i], "client.send", "{s:i, s:I, s:I, s:i, s:i}", "tag", TAG, "length",
                        (json_int_t)length_of(ids[i]), "seed", (json_int_t)seed_of(c, ids[i], 0), "count",
                        CLIENT_MESSAGES, "timeout_ms", WAIT_MS);
    }
    for (int i = 0; i < CLIENTS; i++) {
        lc_check_u64(c, "sent", CLIENT_MESSAGES, lc_field_u64(c, lc_wait_reply(c, clients[i]), "sent"));
    }
}

static void through_broker(struct lc_case *c, enum scheduling scheduling) {
    struct processes processes = {.scheduling = scheduling};
    struct lc_actor *broker = spawn_one(c, &processes, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_actor *clients[CLIENTS];
    uint32_t ids[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = spawn_one(c, &processes, "client");
        ids[i] = lc_connect_client(c, clients[i], port);
    }
    start_scheduling(c, &processes);
    send_to_broker(c, clients, ids);
    for (int i = 0; i < CLIENTS; i++) {
        lc_send_request(c, clients[i], "client.drain", "{s:i, s:i}", "count", CLIENTS * CLIENT_MESSAGES, "timeout_ms",
                        2000);
    }
    for (int i = 0; i < CLIENTS; i++) {
        check_client(c, lc_wait_reply(c, clients[i]), ids, ids[i]);
    }
    stop_scheduling(&processes);
}

static void broker_free(struct lc_case *c) {
    through_broker(c, FREE);
}

static void broker_on_one_core(struct lc_case *c) {
    through_broker(c, ONE_CORE);
}

static void broker_stopped(struct lc_case *c) {
    through_broker(c, STOPPED);
}

const struct lc_case_def lc_order_cases[] = {
    {"RECV-4/paced", "20000 messages, each batch of 500 read before the next", "sender receiver", LC_NAMED_PROVIDERS,
     paced, 60, false},
    {"RECV-4/stream", "each receiver gets 20000 messages", "sender receiver", LC_NAMED_PROVIDERS, stream_free, 60,
     false},
    {"RECV-4/two-writers", "two channels at the same time", "sender receiver", LC_NAMED_PROVIDERS, two_senders, 60,
     false},
    {"RECV-4/one-core", "all processes run on one core", "sender receiver", LC_NAMED_PROVIDERS, stream_on_one_core, 60,
     false},
    {"RECV-4/stopped", "processes are stopped and continued all the time", "sender receiver", LC_NAMED_PROVIDERS,
     stream_stopped, 60, false},
    {"SEND-3/raw-readers", "the suite's readers are stopped and continued", "sender", LC_EACH_PROVIDER, raw_readers, 60,
     false},
    {"RECV-4/raw-writer", "the suite writes, and two receivers are stopped and continued", "receiver", LC_EACH_PROVIDER,
     raw_writer, 60, false},
    {"BROKER-1/clients", "three clients send at once, and each gets all messages", "broker client", LC_NAMED_PROVIDERS,
     broker_free, 60, false},
    {"BROKER-1/one-core", "the same on one core", "broker client", LC_NAMED_PROVIDERS, broker_on_one_core, 60, false},
    {"BROKER-1/stopped", "the same, with processes stopped and continued all the time", "broker client",
     LC_NAMED_PROVIDERS, broker_stopped, 60, false},
    {0},
};
