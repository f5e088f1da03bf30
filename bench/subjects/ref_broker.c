/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The broker of this project's library, with two clients.
 *
 * If any process can open a map by its description, the broker listens on TCP and the clients connect, as those of
 * users do. If maps can only be inherited, broker, channels and clients are created and registered before the fork.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "kit/peer_link.h"
#include "subjects/broker_loops.h"
#include "subjects/ref.h"

enum { CONNECT_SECONDS = 5 };

/* Shared with the broker's process. */
struct broker_link {
    struct peer_link peer;
    struct shared_word port; /* set by the broker: the port on which it listens */
};

struct rig {
    const struct subject *subject;
    size_t payload;
    llmp_client *a;
    llmp_client *b;
    llmp_broker *broker; /* created before the fork, used by the broker's process; null with TCP */
    struct broker_link *link;
    pid_t process;
};

static inline int rig_send(struct rig *rig, uint32_t tag, const struct payload *payload, int64_t timeout_ns) {
    return llmp_client_send(rig->a, tag, 0, payload->words, payload->bytes, timeout_ns);
}

static inline int rig_receive(struct rig *rig, struct message *message, int64_t timeout_ns) {
    llmp_message received;
    return ref_set_message(message, &received, llmp_client_recv(rig->b, &received, timeout_ns));
}

/*
 * Client A must read the broadcast too, because the broker reuses a page only when every client has left it. A skips
 * its own messages, so it returns none.
 */
static inline bool rig_drain(struct rig *rig, struct outcome *out) {
    llmp_message message;
    int rc = llmp_client_recv(rig->a, &message, LLMP_NOWAIT);
    if (rc == -EAGAIN) {
        return true;
    }
    outcome_fail(out, "failed: client A received %s", rc == 0 ? "its own message" : llmp_error_name(rc));
    return false;
}

static const struct broker_transfer ref_transfer = {rig_send, rig_receive, rig_drain, llmp_error_name};
DEFINE_BROKER_LOOPS(ref_loops, ref_transfer)

static llmp_broker *running; /* in the broker's process, for the signal handler */

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

/* The broker ends when both clients have joined and left. */
static llmp_broker_options broker_options(const struct rig *rig) {
    llmp_broker_options options = {.provider = ref_provider(rig->subject), .exit_after = 2};
    if (ref_needs_inheritance(rig->subject)) {
        options.preallocate = true;
        options.page_size = ref_sender_options(rig->subject, rig->payload).page_size;
    }
    return options;
}

static void run_broker(struct broker_link *link, llmp_broker *broker) {
    struct outcome *out = &link->peer.report;
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
    struct rig *rig = context;
    struct broker_link *link = rig->link;
    llmp_broker_options options = broker_options(rig);
    llmp_broker *broker = NULL;
    int rc = llmp_broker_new(&options, &broker);
    int port = rc == 0 ? llmp_broker_listen(broker, NULL, 0) : rc;
    if (port <= 0) {
        outcome_fail(&link->peer.report, "failed: no broker: %s", llmp_error_name(port));
    } else {
        word_publish(&link->port, (uint64_t)port); /* pairs with word_observe(port) in connect_client() */
        word_publish(&link->peer.ready, 1);        /* pairs with word_observe(ready) in peer_link_await_ready() */
        run_broker(link, broker);
    }
    llmp_broker_free(broker, LLMP_MILLISECONDS(200));
    word_publish(&link->peer.over, 1); /* pairs with word_observe(over) in peer_link_finish() */
    return 0;
}

static int broker_inherited(void *context) {
    struct rig *rig = context;
    word_publish(&rig->link->peer.ready, 1); /* pairs with word_observe(ready) in peer_link_await_ready() */
    run_broker(rig->link, rig->broker);
    word_publish(&rig->link->peer.over, 1); /* pairs with word_observe(over) in peer_link_finish() */
    return 0;
}

static bool fork_broker(struct rig *rig, int (*side)(void *), struct outcome *out) {
    rig->process = pair_fork(side, rig);
    if (rig->process < 0) {
        outcome_fail(out, "failed: no second process");
        return false;
    }
    return peer_link_await_ready(&rig->link->peer, rig->process, out);
}

static llmp_client *connect_client(const struct rig *rig, struct outcome *out) {
    llmp_client_options options = {
        .port = (uint16_t)word_observe(&rig->link->port), /* pairs with word_publish(port) in broker_over_tcp() */
        .sender = {.provider = ref_provider(rig->subject)}};
    llmp_client *client = NULL;
    int rc = llmp_client_connect(&options, LLMP_SECONDS(CONNECT_SECONDS), &client);
    if (rc != 0) {
        outcome_fail(out, "failed: client_connect returned %s", llmp_error_name(rc));
    }
    return client;
}

static bool start_over_tcp(struct rig *rig, struct outcome *out) {
    if (!fork_broker(rig, broker_over_tcp, out)) {
        return false;
    }
    rig->a = connect_client(rig, out);
    rig->b = rig->a != NULL ? connect_client(rig, out) : NULL;
    return rig->b != NULL;
}

/* Creates a client's channel, registers it with the broker and attaches to it, all before the fork. */
static llmp_client *attach_client(struct rig *rig, struct outcome *out) {
    llmp_client_options options = {.sender = ref_sender_options(rig->subject, rig->payload)};
    llmp_sender *sender = NULL;
    llmp_client *client = NULL;
    llmp_shmem_desc broadcast;
    int rc = llmp_sender_new(&options.sender, &sender);
    if (rc == 0) {
        llmp_shmem_desc own = llmp_sender_describe(sender);
        int64_t id = llmp_broker_add_client(rig->broker, &own, &broadcast);
        rc = id < 0 ? (int)id : llmp_client_attach(sender, &broadcast, (uint32_t)id, &options, &client);
    }
    if (rc != 0) {
        outcome_fail(out, "failed: attaching a client returned %s", llmp_error_name(rc));
        if (sender != NULL) {
            llmp_sender_free(sender, LLMP_NOWAIT);
        }
    }
    return client;
}

static bool start_inherited(struct rig *rig, struct outcome *out) {
    llmp_broker_options options = broker_options(rig);
    int rc = llmp_broker_new(&options, &rig->broker);
    if (rc != 0) {
        outcome_fail(out, "failed: broker_new returned %s", llmp_error_name(rc));
        return false;
    }
    rig->a = attach_client(rig, out);
    rig->b = rig->a != NULL ? attach_client(rig, out) : NULL;
    return rig->b != NULL && fork_broker(rig, broker_inherited, out);
}

static struct rig *ref_start(const struct subject *subject, size_t payload, struct outcome *out) {
    struct rig *rig = malloc(sizeof *rig);
    if (rig == NULL) {
        outcome_fail(out, "failed: no memory for a broker");
        return NULL;
    }
    *rig = (struct rig){.subject = subject, .payload = payload, .process = -1, .link = pair_alloc(sizeof *rig->link)};
    (void)(ref_needs_inheritance(subject) ? start_inherited(rig, out) : start_over_tcp(rig, out));
    return rig;
}

static void free_client(llmp_client *client, bool succeeded) {
    if (client != NULL) {
        llmp_client_free(client, succeeded ? LLMP_SECONDS(1) : LLMP_NOWAIT);
    }
}

static void ref_stop(struct rig *rig, struct outcome *out) {
    bool succeeded = outcome_ok(out) && !pair_stopping();
    free_client(rig->a, succeeded);
    free_client(rig->b, succeeded);
    if (rig->process > 0) {
        if (!succeeded && !rig->link->peer.finished) {
            kill(rig->process, SIGTERM); /* calls stop_running() there */
        }
        peer_link_finish(&rig->link->peer, rig->process, out);
    }
    llmp_broker_free(rig->broker, LLMP_NOWAIT); /* this process's copy, and the maps that it created */
    pair_release(rig->link, sizeof *rig->link);
    free(rig);
}

const struct broker_ops ref_broker_ops = {ref_start, ref_stop, &ref_loops};
