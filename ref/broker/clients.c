/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "broker/broker_internal.h"
#include "channel/receiver.h"
#include "channel/sender.h"
#include "os/os.h"

/* How long who said goodbye may go on reading where nobody can tell whether it is still there. */
#define EXIT_GRACE_NS LLMP_MILLISECONDS(100)

static int make_room(llmp_broker *broker) {
    if (broker->count + broker->departed_broken >= broker->options.max_clients) {
        return -LLMP_E_CLIENTS_FULL;
    }
    if (broker->count < broker->capacity) {
        return 0;
    }
    uint32_t capacity = broker->capacity != 0 ? 2 * broker->capacity : 16;
    struct llmp_broker_client **clients = realloc(broker->clients, capacity * sizeof *clients);
    if (clients == NULL) {
        return -ENOMEM;
    }
    broker->clients = clients;
    broker->capacity = capacity;
    return 0;
}

static int open_channel(llmp_broker *broker, const llmp_shmem_desc *desc, struct llmp_broker_client *client) {
    llmp_receiver_options options = {.provider = broker->options.provider};
    return llmp_receiver_new(desc, &options, &client->channel);
}

/* BROKER-6: opening the channel joins it. BROKER-2: ids count up and are never given twice. */
int llmp_clients_add(llmp_broker *broker, const llmp_shmem_desc *channel, uint32_t *id) {
    int rc = make_room(broker);
    if (rc != 0) {
        return rc;
    }
    struct llmp_broker_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return -ENOMEM;
    }
    rc = open_channel(broker, channel, client);
    if (rc != 0) {
        free(client);
        return rc;
    }
    client->id = broker->next_id++;
    broker->clients[broker->count++] = client;
    broker->joined++;
    *id = client->id;
    llmp_broker_report(broker, LLMP_EVENT_CLIENT_JOINED, client->id, 0);
    return 0;
}

struct llmp_broker_client *llmp_clients_find(const llmp_broker *broker, uint32_t id) {
    for (uint32_t i = 0; i < broker->count; i++) {
        if (broker->clients[i]->id == id) {
            return broker->clients[i];
        }
    }
    return NULL;
}

void llmp_clients_mark_leaving(struct llmp_broker_client *client, int code) {
    if (!client->leaving) {
        client->leaving = true;
        client->leaving_code = code;
    }
}

static void free_client(struct llmp_broker_client *client) {
    llmp_receiver_free(client->channel);
    free(client);
}

/*
 * Who left may still read the broadcast: a client that says goodbye does, so as not to hold the broker up, and one whose
 * own channel broke may go on for as long as it likes. Its joins would stand for those of somebody who has yet to come
 * (llmp_sender_remove_receiver()). So it stays counted, and is waited for as anybody is, until nobody holds its channel any more.
 * Who said goodbye keeps its word soon, which is all there is to go by where the provider cannot tell.
 */
static void defer_departure(llmp_broker *broker, struct llmp_broker_client *client, int code, int64_t now) {
    client->leaving_code = code;
    client->reader_until = code == 0 ? now + EXIT_GRACE_NS : INT64_MAX;
    client->next = broker->departed;
    broker->departed = client;
    broker->departed_broken += code != 0;
}

static void drop_reader(llmp_broker *broker, struct llmp_broker_client *client) {
    llmp_sender_remove_receiver(broker->broadcast);
    broker->written_off = LLMP_NONE_WRITTEN_OFF; /* it may have been the one; who is slow now is found out anew */
    free_client(client);
}

static bool is_drained(const struct llmp_broker_client *client, int64_t now) {
    return now >= client->reader_until || llmp_receiver_is_orphan(client->channel) == 1;
}

static void reap_departed(llmp_broker *broker, int64_t now) {
    struct llmp_broker_client **link = &broker->departed;
    while (*link != NULL) {
        struct llmp_broker_client *client = *link;
        if (is_drained(client, now)) {
            *link = client->next;
            broker->departed_broken -= client->leaving_code != 0;
            drop_reader(broker, client);
        } else {
            link = &client->next;
        }
    }
}

/* The order of the others stays, so that a round of routing can go on. */
void llmp_clients_remove(llmp_broker *broker, uint32_t index, int code) {
    struct llmp_broker_client *client = broker->clients[index];
    broker->count--;
    for (uint32_t i = index; i < broker->count; i++) {
        broker->clients[i] = broker->clients[i + 1];
    }
    llmp_broker_report(broker, code == 0 ? LLMP_EVENT_CLIENT_LEFT : LLMP_EVENT_CLIENT_REMOVED, client->id, code);
    if (code == -LLMP_E_CLIENT_GONE) {
        llmp_receiver_reap(client->channel);
        drop_reader(broker, client);
    } else {
        defer_departure(broker, client, code, llmp_os_now());
    }
}

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

void llmp_clients_poll_liveness(llmp_broker *broker, int64_t now) {
    reap_departed(broker, now);
    for (uint32_t i = 0; i < broker->count; i++) {
        check_liveness(broker, broker->clients[i], now);
    }
}

/* The channel ends: whoever left before is owed nothing of that. */
void llmp_clients_fini(llmp_broker *broker) {
    reap_departed(broker, INT64_MAX);
    for (uint32_t i = 0; i < broker->count; i++) {
        free_client(broker->clients[i]);
    }
    free(broker->clients);
}
