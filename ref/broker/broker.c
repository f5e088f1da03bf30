/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "broker/broker_internal.h"
#include "channel/page.h"
#include "channel/sender.h"
#include "channel/wait.h"
#include "os/atomic.h"
#include "os/compat.h"

#define MAX_CLIENTS_DEFAULT 1024u
#define MAX_MESSAGE_DEFAULT ((size_t)1 << 30)
#define LIVENESS_INTERVAL_NS LLMP_MILLISECONDS(20)

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
    if (rc == 0) {
        llmp_sender_make_broadcast(broker->broadcast);
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
    broker->written_off = LLMP_NONE_WRITTEN_OFF;
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
    for (size_t i = 0; i < broker->part_count; i++) {
        broker->parts[i].free(broker->parts[i].self);
    }
    if (linger_ns != LLMP_NOWAIT) {
        llmp_route_exit(broker);
    }
    llmp_clients_fini(broker);
    (void)llmp_sender_free(broker->broadcast, linger_ns);
    free(broker->parts);
    free(broker->scratch);
    free(broker);
}

/* ---------------------------------------------------------------- parts and clients */

int llmp_broker_attach(llmp_broker *broker, struct llmp_broker_part part) {
    struct llmp_broker_part *parts = realloc(broker->parts, (broker->part_count + 1) * sizeof *parts);
    if (parts == NULL) {
        return -ENOMEM;
    }
    broker->parts = parts;
    broker->parts[broker->part_count++] = part;
    return 0;
}

uint32_t llmp_broker_take_id(llmp_broker *broker) {
    return broker->next_id++;
}

void llmp_broker_report(llmp_broker *broker, llmp_broker_event_type type, uint32_t client, int code) {
    const llmp_broker_event event = {.type = type, .client = client, .code = code};
    if (broker->options.on_event != NULL) {
        broker->options.on_event(broker->options.event_context, &event);
    }
}

uint64_t llmp_broker_reserve(llmp_broker *broker, llmp_shmem_desc *broadcast) {
    return llmp_sender_reserve(broker->broadcast, broadcast);
}

void llmp_broker_cancel_reservation(llmp_broker *broker) {
    llmp_sender_cancel_reservation(broker->broadcast);
}

int64_t llmp_broker_confirm(llmp_broker *broker, const llmp_shmem_desc *channel, uint64_t offered_page) {
    uint32_t id;
    int rc = llmp_clients_add(broker, channel, &id);
    if (rc != 0) {
        return rc;
    }
    llmp_sender_confirm(broker->broadcast, offered_page);
    return id;
}

int64_t llmp_broker_add_client(llmp_broker *broker, const llmp_shmem_desc *channel, llmp_shmem_desc *broadcast) {
    uint64_t offered_page = llmp_broker_reserve(broker, broadcast);
    int64_t id = llmp_broker_confirm(broker, channel, offered_page);
    if (id < 0) {
        llmp_broker_cancel_reservation(broker);
    }
    return id;
}

llmp_shmem_desc llmp_broker_describe(llmp_broker *broker) {
    llmp_shmem_desc first;
    (void)llmp_broker_reserve(broker, &first);
    llmp_broker_cancel_reservation(broker);
    return first;
}

int llmp_broker_remove_client(llmp_broker *broker, uint32_t client) {
    struct llmp_broker_client *found = llmp_clients_find(broker, client);
    if (found == NULL) {
        return -LLMP_E_NO_CLIENT;
    }
    llmp_clients_mark_leaving(found, 0);
    return 0;
}

/* ---------------------------------------------------------------- rounds */

/* Every part gets its turn. True: one of them has work on hand. */
static bool tick_parts(llmp_broker *broker) {
    bool busy = false;
    for (size_t i = 0; i < broker->part_count; i++) {
        busy = broker->parts[i].tick(broker->parts[i].self) || busy;
    }
    return busy;
}

static uint32_t run_round(llmp_broker *broker, bool *busy) {
    *busy = tick_parts(broker);
    uint32_t count = llmp_route_all(broker);
    int64_t now = llmp_os_now();
    if (now >= broker->next_liveness_check) {
        broker->next_liveness_check = now + LIVENESS_INTERVAL_NS;
        llmp_clients_poll_liveness(broker, now);
    }
    *busy = *busy || count > 0;
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

/* A client that is slow is waited for as ever, here too; one that never stops sending is not. */
static void finish(llmp_broker *broker) {
    struct llmp_deadline deadline = llmp_deadline_in(LLMP_DRAIN_NS);
    struct llmp_waiter waiter;
    llmp_waiter_init(&waiter, broker->options.wait);
    broker->finishing = true;
    while (llmp_broker_run_once(broker) > 0 || broker->pending.is) {
        if (!broker->pending.is && llmp_deadline_passed(deadline)) {
            break;
        }
        if (broker->pending.is) {
            (void)llmp_waiter_step(&waiter, (struct llmp_deadline){LLMP_FOREVER});
        }
    }
    llmp_route_exit(broker);
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

/* ST1: pairs with ST2. A single store: nothing here that a signal handler must not do. */
void llmp_broker_stop(llmp_broker *broker) {
    llmp_store_release(&broker->stop, 1);
}

int llmp_broker_send(llmp_broker *broker, uint32_t tag, uint32_t flags, const void *payload, size_t length) {
    if (llmp_tag_is_reserved(tag)) {
        return -LLMP_E_TAG_RESERVED;
    }
    struct llmp_broker_pending message = {
        .sender = 0, .tag = tag, .flags = flags, .payload = payload, .length = length};
    return llmp_route_out(broker, &message);
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
