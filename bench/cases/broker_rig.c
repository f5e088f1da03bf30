/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bringing up and ending a broker with two clients. */
#include "cases/broker_rig.h"

#include <errno.h>
#include <signal.h>

#include "kit/clock.h"
#include "kit/pair.h"

enum { CONNECT_SECONDS = 5 };

struct broker_link {
    struct row_link benchmark;
    struct shared_word port; /* broker: where it listens */
};

static llmp_broker *running; /* in the broker process, for the signal handler */

static void stop_running(void) {
    if (running != NULL) {
        llmp_broker_stop(running);
    }
}

static void note_broadcast(const llmp_broker *broker, struct outcome *out) {
    llmp_broker_stats stats;
    llmp_broker_stats_get(broker, &stats, sizeof stats);
    out->channel.messages = stats.forwarded;
    out->channel.pages_created = stats.pages_created;
    out->channel.window = (uint32_t)stats.window;
}

/* Both clients come, both go, and the broker ends; see exit_after. */
static llmp_broker_options broker_options(const struct benchmark *benchmark) {
    llmp_broker_options options = {.provider = benchmark->provider, .exit_after = 2};
    if (row_needs_inheritance(benchmark)) {
        llmp_sender_options as_sender = row_sender_options(benchmark);
        options.preallocate = true;
        options.page_size = as_sender.page_size;
    }
    return options;
}

static void run_broker(struct broker_link *link, llmp_broker *broker) {
    struct outcome *out = &link->benchmark.report;
    running = broker;
    pair_catch_stop(stop_running);
    usage_read(&out->usage[1]);
    bool complete = llmp_broker_run(broker);
    usage_since(&out->usage[1]);
    note_broadcast(broker, out);
    if (!complete) {
        outcome_fail(out, "failed: the broker was stopped");
    }
}

static int broker_over_tcp(void *context) {
    struct broker_rig *rig = context;
    struct broker_link *link = rig->link;
    struct outcome *out = &link->benchmark.report;
    llmp_broker_options options = broker_options(rig->benchmark);
    llmp_broker *broker = NULL;
    int rc = llmp_broker_new(&options, &broker);
    int port = rc == 0 ? llmp_broker_listen(broker, NULL, 0) : rc;
    if (port <= 0) {
        outcome_fail(out, "failed: no broker: %s", llmp_error_name(port));
    } else {
        word_publish(&link->port, (uint64_t)port);
        word_publish(&link->benchmark.ready, 1); /* pairs with word_observe(ready) in row_await_ready() */
        run_broker(link, broker);
    }
    if (broker != NULL) {
        llmp_broker_free(broker, LLMP_MILLISECONDS(200));
    }
    word_publish(&link->benchmark.over, 1); /* pairs with word_observe(over) in row_finish() */
    return 0;
}

static int broker_inherited(void *context) {
    struct broker_rig *rig = context;
    word_publish(&rig->link->benchmark.ready, 1); /* pairs with word_observe(ready) in row_await_ready() */
    run_broker(rig->link, rig->broker);
    word_publish(&rig->link->benchmark.over, 1); /* pairs with word_observe(over) in row_finish() */
    return 0;
}

static bool fork_broker(struct broker_rig *rig, int (*side)(void *), struct outcome *out) {
    rig->process = pair_fork(side, rig);
    if (rig->process < 0) {
        outcome_fail(out, "failed: no second process");
        return false;
    }
    return row_await_ready(&rig->link->benchmark, rig->process, out);
}

static llmp_client *connect_client(const struct broker_rig *rig, struct outcome *out) {
    llmp_client_options options = {.port = (uint16_t)word_observe(&rig->link->port), /* with broker_over_tcp() */
                                   .sender = {.provider = rig->benchmark->provider}};
    llmp_client *client = NULL;
    int rc = llmp_client_connect(&options, LLMP_SECONDS(CONNECT_SECONDS), &client);
    if (rc != 0) {
        outcome_fail(out, "failed: client_connect gave %s", llmp_error_name(rc));
    }
    return client;
}

static bool start_over_tcp(struct broker_rig *rig, struct outcome *out) {
    if (!fork_broker(rig, broker_over_tcp, out)) {
        return false;
    }
    rig->a = connect_client(rig, out);
    rig->b = rig->a != NULL ? connect_client(rig, out) : NULL;
    return rig->b != NULL;
}

/* A client's channel, registered with the broker and attached to, all before the fork. */
static llmp_client *attach_client(struct broker_rig *rig, struct outcome *out) {
    llmp_client_options options = {.sender = row_sender_options(rig->benchmark)};
    llmp_sender *sender = NULL;
    llmp_client *client = NULL;
    llmp_shmem_desc broadcast;
    int64_t id = 0;
    int rc = llmp_sender_new(&options.sender, &sender);
    if (rc == 0) {
        llmp_shmem_desc own = llmp_sender_describe(sender);
        id = llmp_broker_add_client(rig->broker, &own, &broadcast);
        rc = id < 0 ? (int)id : llmp_client_attach(sender, &broadcast, (uint32_t)id, &options, &client);
    }
    if (rc != 0) {
        outcome_fail(out, "failed: attaching a client gave %s", llmp_error_name(rc));
        if (sender != NULL) {
            llmp_sender_free(sender, LLMP_NOWAIT);
        }
    }
    return client;
}

static bool start_inherited(struct broker_rig *rig, struct outcome *out) {
    llmp_broker_options options = broker_options(rig->benchmark);
    int rc = llmp_broker_new(&options, &rig->broker);
    if (rc != 0) {
        outcome_fail(out, "failed: broker_new gave %s", llmp_error_name(rc));
        return false;
    }
    rig->a = attach_client(rig, out);
    rig->b = rig->a != NULL ? attach_client(rig, out) : NULL;
    return rig->b != NULL && fork_broker(rig, broker_inherited, out);
}

bool rig_start(struct broker_rig *rig, const struct benchmark *benchmark, struct outcome *out) {
    *rig = (struct broker_rig){.benchmark = benchmark, .process = -1, .link = pair_alloc(sizeof *rig->link)};
    return row_needs_inheritance(benchmark) ? start_inherited(rig, out) : start_over_tcp(rig, out);
}

static void free_client(llmp_client *client, bool in_peace) {
    if (client != NULL) {
        llmp_client_free(client, in_peace ? LLMP_SECONDS(1) : LLMP_NOWAIT);
    }
}

void rig_stop(struct broker_rig *rig, struct outcome *out) {
    bool in_peace = out->why[0] == '\0' && !pair_stopping();
    free_client(rig->a, in_peace);
    free_client(rig->b, in_peace);
    if (rig->process > 0) {
        if (!in_peace && !rig->link->benchmark.finished) {
            kill(rig->process, SIGTERM); /* stop_running() */
        }
        row_finish(&rig->link->benchmark, rig->process, out);
    }
    if (rig->broker != NULL) {
        llmp_broker_free(rig->broker, LLMP_NOWAIT); /* this process's copy, and the maps it made */
    }
    pair_release(rig->link, sizeof *rig->link);
}

bool rig_drain(struct broker_rig *rig, struct outcome *out) {
    llmp_message message;
    int rc = llmp_client_recv(rig->a, &message, LLMP_NOWAIT);
    if (rc == -EAGAIN) {
        return true;
    }
    outcome_fail(out, "failed: client A received %s", rc == 0 ? "a message that is its own" : llmp_error_name(rc));
    return false;
}
