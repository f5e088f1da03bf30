/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "broker/clients.h"
#include "broker/events.h"
#include "broker/liveness.h"
#include "broker/parts.h"
#include "broker/route.h"
#include "broker/slow_clients.h"
#include "broker/state.h"
#include "channel/page.h"
#include "channel/sender.h"
#include "channel/wait.h"
#include "os/atomic.h"
#include "os/compat.h"

#define MAX_CLIENTS_DEFAULT 1024u
#define MAX_MESSAGE_DEFAULT ((size_t)1 << 30)

/* ---------------------------------------------------------------- beginning and end */

static llmp_broker_options fill_in(const llmp_broker_options *options) {
    llmp_broker_options o = options != NULL ? *options : (llmp_broker_options){0};
    o.provider = o.provider != NULL ? o.provider : llmp_shmem_provider_default();
    o.slow_client_timeout_ns = o.slow_client_timeout_ns != 0 ? o.slow_client_timeout_ns : LLMP_SECONDS(1);
    o.liveness_timeout_ns = o.liveness_timeout_ns != 0 ? o.liveness_timeout_ns : LLMP_SECONDS(5);
    o.max_clients = o.max_clients != 0 ? o.max_clients : MAX_CLIENTS_DEFAULT;
    o.max_message = o.max_message != 0 ? o.max_message : MAX_MESSAGE_DEFAULT;
    return o;
}

static int check_options(const llmp_broker_options *options) {
    bool reserved = !llmp_is_zero(options->reserved0, sizeof options->reserved0) ||
                    !llmp_is_zero(options->reserved, sizeof options->reserved);
    return options->wait > LLMP_WAIT_SLEEP || reserved ? -EINVAL : 0;
}

static int open_broadcast(llmp_broker *broker) {
    const llmp_broker_options *o = &broker->options;
    bool all = o->history == LLMP_HISTORY_ALL;
    llmp_sender_options options = {
        .provider = o->provider,
        .shmem = o->shmem,
        .page_size = o->page_size,
        .page_policy = all ? LLMP_PAGES_KEEP : LLMP_PAGES_REUSE,
        .max_pages = all ? 0 : o->history,
        .window = all ? 0 : o->history,
        .preallocate = o->preallocate,
        .max_message = o->max_message,
    };
    int rc = llmp_sender_new(&options, &broker->broadcast);
    if (rc != 0) {
        return rc;
    }
    rc = llmp_sender_make_broadcast(broker->broadcast);
    if (rc != 0) {
        (void)llmp_sender_free(broker->broadcast, LLMP_NOWAIT);
    }
    return rc;
}

int llmp_broker_new(const llmp_broker_options *options, llmp_broker **out) {
    *out = NULL;
    llmp_broker *broker = calloc(1, sizeof *broker);
    if (broker == NULL) {
        return -ENOMEM;
    }
    broker->options = fill_in(options);
    llmp_slow_clients_reset(broker);
    int rc = check_options(&broker->options);
    if (rc == 0) {
        rc = open_broadcast(broker);
    }
    if (rc != 0) {
        free(broker);
        return rc;
    }
    *out = broker;
    return 0;
}

void llmp_broker_free(llmp_broker *broker, int64_t linger_ns) {
    if (broker == NULL) {
        return;
    }
    llmp_parts_free(broker);
    llmp_events_flush(broker);
    if (linger_ns != LLMP_NOWAIT) {
        llmp_route_exit(broker);
    }
    llmp_liveness_fini(broker);
    llmp_clients_fini(broker);
    (void)llmp_sender_free(broker->broadcast, linger_ns);
    free(broker->scratch);
    free(broker);
}

/* ---------------------------------------------------------------- rounds */

static uint32_t run_round(llmp_broker *broker, bool *busy) {
    bool parts_busy = llmp_parts_tick(broker);
    uint32_t count = llmp_route_round(broker);
    llmp_liveness_poll(broker);
    *busy = parts_busy || count > 0;
    return count;
}

uint64_t llmp_broker_run_once(llmp_broker *broker) {
    bool busy;
    return run_round(broker, &busy);
}

static bool all_clients_left(const llmp_broker *broker) {
    return broker->options.exit_after != 0 && broker->joined >= broker->options.exit_after && broker->count == 0;
}

static bool should_continue(llmp_broker *broker) {
    return llmp_load_acquire(&broker->stop) == 0 && !all_clients_left(broker); /* ST2 */
}

/* The deadline bounds clients that never stop sending. It does not apply while a message is pending: here too, a
 * slow client may block forwarding for slow_client_timeout_ns. */
static void finish(llmp_broker *broker) {
    struct llmp_deadline deadline = llmp_deadline_in(LLMP_DRAIN_NS);
    struct llmp_waiter waiter;
    llmp_waiter_init(&waiter, broker->options.wait);
    broker->finishing = true;
    while (llmp_broker_run_once(broker) > 0 || broker->has_pending || broker->client_waits) {
        if (!broker->has_pending && llmp_deadline_passed(deadline)) {
            break;
        }
        if (broker->has_pending || broker->client_waits) {
            (void)llmp_waiter_step(&waiter, (struct llmp_deadline){LLMP_FOREVER});
        }
    }
    llmp_route_exit(broker);
    llmp_events_flush(broker);
}

bool llmp_broker_run(llmp_broker *broker) {
    struct llmp_waiter waiter;
    llmp_waiter_init(&waiter, broker->options.wait);
    while (should_continue(broker)) {
        bool busy;
        (void)run_round(broker, &busy);
        if (busy) {
            llmp_waiter_reset(&waiter);
        } else {
            (void)llmp_waiter_step(&waiter, (struct llmp_deadline){LLMP_FOREVER});
        }
    }
    bool all_left = all_clients_left(broker);
    finish(broker);
    return all_left;
}

/* ST1: pairs with ST2. A single store, because a signal handler may call this. */
void llmp_broker_stop(llmp_broker *broker) {
    llmp_store_release(&broker->stop, 1);
}

int llmp_broker_send(llmp_broker *broker, uint32_t tag, uint32_t flags, const void *payload, size_t length) {
    if (llmp_tag_is_reserved(tag)) {
        return -LLMP_E_TAG_RESERVED;
    }
    const llmp_broker_message message = {.tag = tag, .flags = flags, .payload = payload, .length = length};
    return llmp_route_broadcast(broker, NULL, &message);
}

void llmp_broker_stats_get(const llmp_broker *broker, llmp_broker_stats *stats, size_t size) {
    llmp_sender_stats broadcast;
    llmp_sender_stats_get(broker->broadcast, &broadcast, sizeof broadcast);
    const llmp_broker_stats now = {
        .forwarded = broker->forwarded,
        .handled = broker->handled,
        .clients_joined = broker->joined,
        .clients_now = broker->count,
        .pages_turned = broadcast.pages_turned,
        .pages_created = broadcast.pages_created,
        .pages_live = broadcast.pages_live,
        .window = broadcast.window,
    };
    llmp_copy_known(stats, size, &now, sizeof now);
}
