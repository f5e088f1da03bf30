/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "broker/quits.h"

#include "broker/clients.h"
#include "broker/state.h"
#include "channel/receiver.h"

/* A client that was asked to quit and sends nothing for this long is removed. */
#define QUIET_NS LLMP_MILLISECONDS(500)

int llmp_broker_ask_to_quit(llmp_broker *broker, uint32_t client) {
    struct llmp_broker_client *found = llmp_clients_find(broker, client);
    if (found == NULL) {
        return -LLMP_E_NO_CLIENT;
    }
    found->quit_asked = true;
    found->quiet_since = 0;
    return 0;
}

static uint64_t messages_read(const struct llmp_broker_client *client) {
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(client->channel, &stats, sizeof stats);
    return stats.messages;
}

/* Messages that were sent before the request may still be unread; one that is sent when all were read is newer. */
static void poll_client(struct llmp_broker_client *client, int64_t now) {
    const uint64_t count = messages_read(client);
    const bool empty = llmp_receiver_is_empty(client->channel);
    if (llmp_receiver_is_orphan(client->channel) == 1) {
        llmp_clients_mark_leaving(client, 0);
    } else if (client->quiet_since == 0) {
        client->quiet_since = empty ? now : 0;
        client->quiet_count = count;
    } else if (!empty || count != client->quiet_count) {
        client->quit_asked = false;
    } else if (now - client->quiet_since >= QUIET_NS) {
        llmp_clients_mark_leaving(client, 0);
    }
}

void llmp_quits_poll(llmp_broker *broker, int64_t now) {
    for (uint32_t i = 0; i < broker->count; i++) {
        struct llmp_broker_client *client = broker->clients[i];
        if (client->quit_asked && !client->leaving) {
            poll_client(client, now);
        }
    }
}
