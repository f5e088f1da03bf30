/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/clients.h"

#include <errno.h>
#include <string.h>

#include "channel/sender.h"
#include "rig/check.h"
#include "rig/maps.h"

#define LAST_ID fuzz_clients.items[FUZZ_CLIENTS - 1].id

struct fuzz_clients fuzz_clients;

/* ---------------------------------------------------------------- coming and going */

void fuzz_clients_begin(llmp_broker *broker, bool keeps_history) {
    fuzz_clients.broker = broker;
    fuzz_clients.round = 0;
    fuzz_clients.broker_sent.count = 0;
    fuzz_clients.keeps_history = keeps_history;
    fuzz_clients.memory_full = false;
}

static uint32_t connect_client(llmp_sender **sender, llmp_receiver **receiver) {
    llmp_sender_options options = {.provider = &fuzz_maps, .page_size = 512, .max_pages = 4};
    FUZZ_CHECK(llmp_sender_new(&options, sender) == 0, "no sender");
    llmp_shmem_desc channel = llmp_sender_describe(*sender);
    llmp_shmem_desc broadcast;
    int64_t id = llmp_broker_add_client(fuzz_clients.broker, &channel, &broadcast);
    FUZZ_CHECK(id >= 0, "%s", llmp_error_name((int)id));
    llmp_sender_set_id(*sender, (uint32_t)id);
    llmp_receiver_options reading = {.provider = &fuzz_maps, .pre_joined = true, .max_mapped_pages = 8};
    int rc = llmp_receiver_new(&broadcast, &reading, receiver);
    FUZZ_CHECK(rc == 0, "%s", llmp_error_name(rc));
    return (uint32_t)id;
}

void fuzz_clients_add(int late_round) {
    for (int i = 0; i < FUZZ_CLIENTS; i++) {
        struct fuzz_client *client = &fuzz_clients.items[i];
        client->id = connect_client(&client->sender, &client->receiver);
        client->sent.count = 0;
        memset(client->received, 0, sizeof client->received);
    }
    fuzz_clients.late = (struct fuzz_late_client){.first_round = late_round};
    if (late_round != 0) {
        (void)connect_client(&fuzz_clients.late.sender, &fuzz_clients.late.receiver);
    }
}

static void free_client(llmp_sender *sender, llmp_receiver *receiver) {
    llmp_receiver_free(receiver);
    (void)llmp_sender_free(sender, LLMP_NOWAIT);
}

void fuzz_clients_free(void) {
    for (int i = 0; i < FUZZ_CLIENTS; i++) {
        free_client(fuzz_clients.items[i].sender, fuzz_clients.items[i].receiver);
    }
    free_client(fuzz_clients.late.sender, fuzz_clients.late.receiver);
}

/* Ids grow, and these clients come first. */
bool fuzz_clients_have_id(uint32_t id) {
    return id <= LAST_ID;
}

/* ---------------------------------------------------------------- sending */

static void client_send(struct fuzz_client *client, size_t length) {
    uint8_t bytes[256];
    uint32_t number = client->sent.count;
    fuzz_payload_fill(bytes, length, number);
    int rc = llmp_send(client->sender, FUZZ_TAG_FIRST + number, number % 8, bytes, length, LLMP_NOWAIT);
    fuzz_clients.memory_full = fuzz_clients.memory_full || (rc == -ENOSPC && fuzz_clients.keeps_history);
    FUZZ_CHECK(rc == 0 || rc == -EAGAIN || fuzz_clients.memory_full, "%s", llmp_error_name(rc));
    if (rc == 0) {
        client->sent.entries[client->sent.count++] =
            (struct fuzz_entry){.length = length, .sender = client->id, .flags = number % 8};
    }
}

void fuzz_clients_send(size_t length) {
    for (int i = 0; i < FUZZ_CLIENTS; i++) {
        client_send(&fuzz_clients.items[i], length);
    }
}

void fuzz_clients_broker_send(size_t length) {
    uint8_t bytes[256];
    uint32_t number = fuzz_clients.broker_sent.count;
    fuzz_payload_fill(bytes, length, number);
    int rc = llmp_broker_send(fuzz_clients.broker, FUZZ_TAG_FIRST + number, 0, bytes, length);
    if (rc == 0) {
        fuzz_clients.broker_sent.entries[fuzz_clients.broker_sent.count++] = (struct fuzz_entry){.length = length};
    }
}

/* ---------------------------------------------------------------- receiving */

/* Returns the index of the client with that id, or -1. */
static int find(uint32_t id) {
    for (int i = 0; i < FUZZ_CLIENTS; i++) {
        if (fuzz_clients.items[i].id == id) {
            return i;
        }
    }
    return -1;
}

/* A message of a hostile client must have a hostile client's id, and a payload that can be read. */
static void expect_hostile(const llmp_message *message) {
    static uint8_t bytes[FUZZ_SEGMENT_MAX];
    FUZZ_CHECK(message->sender > LAST_ID, "a message of sender %u", message->sender);
    memcpy(bytes, message->payload, message->length);
}

static void expect_message(struct fuzz_client *client, const llmp_message *message) {
    int sender = find(message->sender);
    if (sender >= 0) {
        fuzz_ledger_expect(&fuzz_clients.items[sender].sent, client->received[sender]++, message);
    } else if (message->sender == 0) {
        fuzz_ledger_expect(&fuzz_clients.broker_sent, client->received[FUZZ_CLIENTS]++, message);
    } else {
        expect_hostile(message);
    }
}

static void client_receive(struct fuzz_client *client) {
    llmp_message message;
    int rc = llmp_recv(client->receiver, &message, LLMP_NOWAIT);
    for (; rc == 0; rc = llmp_recv(client->receiver, &message, LLMP_NOWAIT)) {
        expect_message(client, &message);
    }
    FUZZ_CHECK(rc == -EAGAIN, "%s", llmp_error_name(rc));
}

static void late_receive(struct fuzz_late_client *late) {
    llmp_message message;
    int rc = llmp_recv(late->receiver, &message, LLMP_NOWAIT);
    for (; rc == 0; rc = llmp_recv(late->receiver, &message, LLMP_NOWAIT)) {
        int sender = find(message.sender);
        if (sender >= 0) {
            fuzz_ledger_expect(&fuzz_clients.items[sender].sent, late->received[sender]++, &message);
        }
    }
    FUZZ_CHECK(rc == -EAGAIN || rc == -LLMP_E_EOP_GONE || fuzz_clients.memory_full, "%s", llmp_error_name(rc));
    if (rc != -EAGAIN) {
        llmp_receiver_free(late->receiver);
        late->receiver = NULL;
    }
}

void fuzz_clients_receive(void) {
    for (int i = 0; i < FUZZ_CLIENTS && !fuzz_clients.memory_full; i++) {
        client_receive(&fuzz_clients.items[i]);
    }
    fuzz_clients.round++;
    if (fuzz_clients.late.receiver != NULL && fuzz_clients.round >= fuzz_clients.late.first_round) {
        late_receive(&fuzz_clients.late);
    }
}

bool fuzz_clients_are_done(void) {
    for (int i = 0; i < FUZZ_CLIENTS; i++) {
        for (int k = 0; k < FUZZ_CLIENTS; k++) {
            if (fuzz_clients.items[i].received[k] != fuzz_clients.items[k].sent.count) {
                return false;
            }
        }
    }
    return true;
}

static void expect_count(uint32_t received, const struct fuzz_ledger *sent, uint32_t sender) {
    FUZZ_CHECK(received == sent->count, "%u of %u messages of sender %u were received", received, sent->count, sender);
}

void fuzz_clients_expect_done(void) {
    for (int i = 0; i < FUZZ_CLIENTS && !fuzz_clients.memory_full; i++) {
        const struct fuzz_client *client = &fuzz_clients.items[i];
        for (int k = 0; k < FUZZ_CLIENTS; k++) {
            expect_count(client->received[k], &fuzz_clients.items[k].sent, fuzz_clients.items[k].id);
        }
        expect_count(client->received[FUZZ_CLIENTS], &fuzz_clients.broker_sent, 0);
    }
}
