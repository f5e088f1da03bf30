/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "broker/liveness.h"

#include "broker/clients.h"
#include "broker/events.h"
#include "broker/exit_times.h"
#include "broker/quits.h"
#include "broker/slow_clients.h"
#include "broker/state.h"
#include "channel/receiver.h"
#include "channel/sender.h"
#include "os/os.h"

#define POLL_INTERVAL_NS LLMP_MILLISECONDS(20)

/* ---------------------------------------------------------------- departed clients */

/* One that was removed for an error made no promise to stop reading: only the end of its process counts. */
static void defer_departure(llmp_broker *broker, struct llmp_broker_client *client, int code, int64_t now) {
    llmp_receiver_stop(client->channel);
    client->leaving_code = code;
    client->reader_until = code == 0 ? now + LLMP_EXIT_GRACE_NS : INT64_MAX;
    client->next = broker->departed;
    broker->departed = client;
    broker->departed_broken += code != 0;
}

static void drop_reader(llmp_broker *broker, struct llmp_broker_client *client) {
    llmp_sender_remove_receiver(broker->broadcast);
    llmp_slow_clients_reset(broker);
    llmp_clients_free(client);
}

static bool reads_no_more(const struct llmp_broker_client *client, int64_t now) {
    return now >= client->reader_until || llmp_receiver_is_orphan(client->channel) == 1;
}

static void reap_departed(llmp_broker *broker, int64_t now) {
    struct llmp_broker_client **link = &broker->departed;
    while (*link != NULL) {
        struct llmp_broker_client *client = *link;
        if (reads_no_more(client, now)) {
            *link = client->next;
            broker->departed_broken -= client->leaving_code != 0;
            drop_reader(broker, client);
        } else {
            link = &client->next;
        }
    }
}

void llmp_liveness_remove_client(llmp_broker *broker, uint32_t index, int code) {
    struct llmp_broker_client *client = llmp_clients_take(broker, index);
    llmp_broker_report(broker, code == 0 ? LLMP_EVENT_CLIENT_LEFT : LLMP_EVENT_CLIENT_REMOVED, client->id, code);
    if (code == -LLMP_E_CLIENT_GONE) {
        llmp_receiver_reap(client->channel);
        drop_reader(broker, client);
    } else {
        defer_departure(broker, client, code, llmp_os_now());
    }
}

/* ---------------------------------------------------------------- clients that died */

static void check_liveness(const llmp_broker *broker, struct llmp_broker_client *client, int64_t now) {
    if (llmp_receiver_is_orphan(client->channel) != 1) {
        client->orphan_since = 0;
    } else if (client->orphan_since == 0) {
        client->orphan_since = now;
    }
    if (client->orphan_since != 0 && now - client->orphan_since >= broker->options.liveness_timeout_ns) {
        llmp_clients_mark_leaving(client, -LLMP_E_CLIENT_GONE);
    }
}

void llmp_liveness_poll(llmp_broker *broker) {
    int64_t now = llmp_os_now();
    if (now < broker->next_liveness_check) {
        return;
    }
    broker->next_liveness_check = now + POLL_INTERVAL_NS;
    reap_departed(broker, now);
    llmp_quits_poll(broker, now);
    llmp_events_poll(broker, now);
    for (uint32_t i = 0; i < broker->count; i++) {
        check_liveness(broker, broker->clients[i], now);
    }
}

/* At INT64_MAX the grace period of every departed client is over. */
void llmp_liveness_fini(llmp_broker *broker) {
    reap_departed(broker, INT64_MAX);
}
