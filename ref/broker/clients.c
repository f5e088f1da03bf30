/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "broker/clients.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/events.h"
#include "broker/page_guard.h"
#include "broker/state.h"
#include "channel/receiver.h"
#include "channel/sender.h"
#include "os/os.h"

#define CAPACITY_FIRST 16u

/* ---------------------------------------------------------------- the registry */

/* BROKER-2: ids count up and are never given twice. */
static bool has_ids_left(const llmp_broker *broker) {
    return broker->next_id <= UINT32_MAX;
}

int64_t llmp_broker_take_id(llmp_broker *broker) {
    return has_ids_left(broker) ? (int64_t)broker->next_id++ : -LLMP_E_IDS_USED_UP;
}

static int make_room(llmp_broker *broker) {
    if (!has_ids_left(broker)) {
        return -LLMP_E_IDS_USED_UP;
    }
    if (broker->count + broker->departed_broken >= broker->options.max_clients) {
        return -LLMP_E_CLIENTS_FULL;
    }
    if (broker->count < broker->capacity) {
        return 0;
    }
    uint32_t capacity = broker->capacity != 0 ? 2 * broker->capacity : CAPACITY_FIRST;
    struct llmp_broker_client **clients = realloc(broker->clients, capacity * sizeof *clients);
    if (clients == NULL) {
        return -ENOMEM;
    }
    broker->clients = clients;
    broker->capacity = capacity;
    return 0;
}

/* BROKER-6: opening the channel joins its page. */
static int open_channel(llmp_broker *broker, const llmp_shmem_desc *desc, struct llmp_broker_client *client) {
    llmp_receiver_options options = {.provider = broker->options.provider};
    client->broker = broker;
    return llmp_receiver_new_guarded(desc, &options, llmp_page_guard_of(client), &client->channel);
}

static void set_sponsor(struct llmp_broker_client *client, const struct llmp_broker_client *sponsor) {
    client->sponsored = sponsor != NULL;
    client->sponsor = sponsor != NULL ? sponsor->id : 0;
}

/* `sponsor` may be null. */
static int add(llmp_broker *broker, const struct llmp_broker_client *sponsor, const llmp_shmem_desc *channel,
               uint32_t *id) {
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
    client->id = (uint32_t)llmp_broker_take_id(broker); /* make_room() has seen that there is one */
    client->registered = true;
    set_sponsor(client, sponsor);
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

int llmp_broker_remove_client(llmp_broker *broker, uint32_t client) {
    struct llmp_broker_client *found = llmp_clients_find(broker, client);
    if (found == NULL) {
        return -LLMP_E_NO_CLIENT;
    }
    llmp_clients_mark_leaving(found, 0);
    return 0;
}

struct llmp_broker_client *llmp_clients_take(llmp_broker *broker, uint32_t index) {
    struct llmp_broker_client *client = broker->clients[index];
    broker->count--;
    for (uint32_t i = index; i < broker->count; i++) {
        broker->clients[i] = broker->clients[i + 1];
    }
    return client;
}

void llmp_clients_free(struct llmp_broker_client *client) {
    llmp_receiver_free(client->channel);
    free(client);
}

void llmp_clients_fini(llmp_broker *broker) {
    for (uint32_t i = 0; i < broker->count; i++) {
        llmp_clients_free(broker->clients[i]);
    }
    free(broker->clients);
}

/* ---------------------------------------------------------------- places on the broadcast */

uint64_t llmp_broker_reserve(llmp_broker *broker, llmp_shmem_desc *broadcast) {
    return llmp_sender_reserve(broker->broadcast, broadcast);
}

void llmp_broker_cancel_reservation(llmp_broker *broker) {
    llmp_sender_cancel_reservation(broker->broadcast);
}

static int64_t confirm(llmp_broker *broker, const struct llmp_broker_client *sponsor, const llmp_shmem_desc *channel,
                       uint64_t offered_page) {
    uint32_t id;
    int rc = add(broker, sponsor, channel, &id);
    if (rc != 0) {
        return rc;
    }
    llmp_sender_confirm(broker->broadcast, offered_page);
    return id;
}

int64_t llmp_broker_confirm(llmp_broker *broker, const llmp_shmem_desc *channel, uint64_t offered_page) {
    return confirm(broker, NULL, channel, offered_page);
}

static int64_t reserve_and_confirm(llmp_broker *broker, const struct llmp_broker_client *sponsor,
                                   const llmp_shmem_desc *channel, llmp_shmem_desc *broadcast) {
    uint64_t offered_page = llmp_broker_reserve(broker, broadcast);
    int64_t id = confirm(broker, sponsor, channel, offered_page);
    if (id < 0) {
        llmp_broker_cancel_reservation(broker);
    }
    return id;
}

int64_t llmp_broker_add_client(llmp_broker *broker, const llmp_shmem_desc *channel, llmp_shmem_desc *broadcast) {
    return reserve_and_confirm(broker, NULL, channel, broadcast);
}

/* ---------------------------------------------------------------- channels that clients register */

struct places {
    uint32_t all; /* taken by channels that clients registered */
    uint32_t own; /* of those, by channels that one client registered */
};

static void count_place(struct places *places, const struct llmp_broker_client *client, uint32_t sponsor) {
    places->all += client->sponsored;
    places->own += client->sponsored && client->sponsor == sponsor;
}

/* Departed clients that count for max_clients are counted here, too. */
static struct places places_taken(const llmp_broker *broker, uint32_t sponsor) {
    struct places places = {0};
    for (uint32_t i = 0; i < broker->count; i++) {
        count_place(&places, broker->clients[i], sponsor);
    }
    for (const struct llmp_broker_client *client = broker->departed; client != NULL; client = client->next) {
        if (client->leaving_code != 0) {
            count_place(&places, client, sponsor);
        }
    }
    return places;
}

static bool has_share_left(const llmp_broker *broker, uint32_t sponsor) {
    const struct places taken = places_taken(broker, sponsor);
    const uint32_t max = broker->options.max_clients;
    return (taken.all == 0 || taken.all < max / 2) && (taken.own == 0 || taken.own < max / 8);
}

int64_t llmp_clients_add_sponsored(llmp_broker *broker, const struct llmp_broker_client *sponsor,
                                   const llmp_shmem_desc *channel) {
    llmp_shmem_desc ignored;
    bool allowed = has_share_left(broker, sponsor->id);
    return allowed ? reserve_and_confirm(broker, sponsor, channel, &ignored) : -LLMP_E_CLIENTS_FULL;
}

llmp_shmem_desc llmp_broker_describe(llmp_broker *broker) {
    llmp_shmem_desc oldest;
    (void)llmp_broker_reserve(broker, &oldest);
    llmp_broker_cancel_reservation(broker);
    return oldest;
}
