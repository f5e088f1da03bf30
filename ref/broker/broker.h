/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The broker's inside, for the parts that bring clients to it (net/listener, later net/b2b). The broker knows none of
 * them: each attaches itself and is called once a round.
 */
#ifndef LLMP_BROKER_BROKER_H
#define LLMP_BROKER_BROKER_H

#include "llmp/llmp.h"

struct llmp_broker_part {
    /* Once a round, from llmp_broker_run_once(); must not block. True: it has work on hand, do not sleep. */
    bool (*tick)(void *self);
    /* From llmp_broker_free(). */
    void (*free)(void *self);
    void *self;
};

/* Takes the part over; on failure (-ENOMEM) it stays the caller's. */
int llmp_broker_attach(llmp_broker *broker, struct llmp_broker_part part);

/* An id for a part that is a client itself, as the listener is (BROKER-2). */
uint32_t llmp_broker_take_id(llmp_broker *broker);

/*
 * A peer is about to be told where to read (TCP-2: the broker speaks before it knows its peer). Fills in the oldest
 * broadcast page, and returns its number, which llmp_broker_confirm() wants. Exactly one such call that succeeds, or one
 * llmp_broker_cancel_reservation(), has to follow. Until then nobody waits for this peer, and no page it could read is used again.
 */
uint64_t llmp_broker_reserve(llmp_broker *broker, llmp_shmem_desc *broadcast);
void llmp_broker_cancel_reservation(llmp_broker *broker);

/* Maps the client's channel, joins it, registers it under a new id. Returns the id, or a negative code: withdraw then. */
int64_t llmp_broker_confirm(llmp_broker *broker, const llmp_shmem_desc *channel, uint64_t offered_page);

/* Tells the owner's on_event, if there is one. */
void llmp_broker_report(llmp_broker *broker, llmp_broker_event_type type, uint32_t client, int code);

#endif
