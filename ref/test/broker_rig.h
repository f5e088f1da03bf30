/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broker and its clients in one process and one thread: the test calls every round of the broker itself. */
#ifndef LLMP_TEST_BROKER_RIG_H
#define LLMP_TEST_BROKER_RIG_H

#include "broker/clients.h"
#include "broker/events.h"
#include "broker/state.h"
#include "support.h"

/* The events that brokers reported since the last rig_broker_new(): the first 64. */
extern struct rig_events {
    llmp_broker_event items[64];
    int count;
} rig_events;

/* A client without TCP: its own channel, and a receiver of the broadcast. */
struct rig_client {
    llmp_sender *tx;
    llmp_receiver *rx;
    uint32_t id;
};

/* How many events of that type and code there were. Those that the broker has yet to report are not counted. */
int rig_event_count(llmp_broker_event_type type, int code);
/* How many pages the broker evicted. */
int rig_overruns(llmp_broker *broker);

/* Creates a broker over sysv, unless the options name a provider, and forgets earlier events. */
llmp_broker *rig_broker_new(llmp_broker_options options);

struct rig_client rig_add_client(llmp_broker *broker);
/* As rig_add_client(), with options for the client's own channel. */
struct rig_client rig_add_client_with(llmp_broker *broker, llmp_sender_options options);

/* Unmaps the client's pages without CLIENT_EXIT or EXITING, as if its process was killed. */
void rig_client_free(struct rig_client *client);

/* Frees `count` clients, then the broker. */
void rig_free_all(llmp_broker *broker, struct rig_client *clients, size_t count);

/* Runs rounds until 50 in a row read no message. */
void rig_run_until_idle(llmp_broker *broker);

llmp_broker_stats rig_stats(const llmp_broker *broker);

/* Sends a text through the client's channel, and runs rounds until the broker is idle. */
void rig_send_text(llmp_broker *broker, const struct rig_client *client, uint32_t tag, const char *text);

void rig_expect_text(llmp_receiver *rx, uint32_t sender, uint32_t tag, const char *text);
void rig_expect_none(llmp_receiver *rx);
void rig_expect_closed(llmp_receiver *rx);

#endif
