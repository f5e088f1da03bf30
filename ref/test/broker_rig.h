/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broker and its clients in one process and one thread: every round is the test's to take. */
#ifndef LLMP_TEST_BROKER_RIG_H
#define LLMP_TEST_BROKER_RIG_H

#include "broker/clients.h"
#include "broker/state.h"
#include "support.h"

/* What the broker reported since rig_new_broker(). */
extern struct rig_events {
    llmp_broker_event items[64];
    int count;
} rig_events;

/* A client without TCP: its own channel, and its place on the broadcast. */
struct rig_member {
    llmp_sender *tx;
    llmp_receiver *rx;
    uint32_t id;
};

int rig_count_of(llmp_broker_event_type type, int code);
llmp_broker *rig_new_broker(llmp_broker_options options);
llmp_receiver *rig_open_broadcast(const llmp_shmem_desc *desc);
struct rig_member rig_join(llmp_broker *broker);
void rig_go(struct rig_member *member);
void rig_settle(llmp_broker *broker);
llmp_broker_stats rig_stats_of(const llmp_broker *broker);
void rig_expect_text(llmp_receiver *rx, uint32_t sender, uint32_t tag, const char *text);
void rig_expect_nothing(llmp_receiver *rx);

#endif
