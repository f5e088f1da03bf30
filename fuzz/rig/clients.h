/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The correct clients of the target `broker`, and a record of what they and the broker sent: two clients that send and
 * read in every round, and one that sends nothing and reads only from a certain round on.
 */
#ifndef LLMP_FUZZ_CLIENTS_H
#define LLMP_FUZZ_CLIENTS_H

#include "rig/ledger.h"

#define FUZZ_CLIENTS 2

struct fuzz_client {
    llmp_sender *sender;
    llmp_receiver *receiver;
    uint32_t id;
    struct fuzz_ledger sent;
    uint32_t received[FUZZ_CLIENTS + 1]; /* messages of each client, and of the broker */
};

struct fuzz_late_client {
    llmp_sender *sender;
    llmp_receiver *receiver; /* null: there is none, or its next page was evicted */
    int first_round;
    uint32_t received[FUZZ_CLIENTS]; /* messages of each client */
};

extern struct fuzz_clients {
    llmp_broker *broker;
    struct fuzz_client items[FUZZ_CLIENTS];
    struct fuzz_late_client late;
    int round;
    struct fuzz_ledger broker_sent;
    bool keeps_history; /* the broadcast may use all memory */
    bool memory_full;   /* it did: messages are lost, and nothing more is compared */
} fuzz_clients;

/* Begins an execution with a new broker, whose first client ids are these clients'. */
void fuzz_clients_begin(llmp_broker *broker, bool keeps_history);

/* Connects the clients. `late_round` is the first round in which the late one reads; 0: there is none. */
void fuzz_clients_add(int late_round);
void fuzz_clients_free(void);

/* Returns true if the id is the broker's or one of these clients'. */
bool fuzz_clients_have_id(uint32_t id);

/* Sends a message from each client, or from the broker. */
void fuzz_clients_send(size_t length);
void fuzz_clients_broker_send(size_t length);

/* Ends a round: all clients read all messages. */
void fuzz_clients_receive(void);

/* Returns true if the clients have received all messages of each other. */
bool fuzz_clients_are_done(void);

/* Fails unless they have received all messages, those of the broker included. */
void fuzz_clients_expect_done(void);

#endif
