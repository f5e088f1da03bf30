/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Parts of a broker: what brings clients or messages to it (net/listener, later net/b2b). The broker knows none of
 * them: a part attaches itself, and the broker calls it, always in the thread that runs the broker.
 *
 * A part can let clients in (clients.h). It can also be a client itself, as a bridge to another broker is: then it
 * takes an id with llmp_broker_take_id(), or one for each of its connections; sends under that id with
 * llmp_broker_forward() (route.h); and receives in on_message what all others send. It does not count for max_clients,
 * exit_after and clients_now, and llmp_broker_remove_client() does not know its ids.
 */
#ifndef LLMP_BROKER_PARTS_H
#define LLMP_BROKER_PARTS_H

#include "llmp/llmp.h"

struct llmp_broker_part {
    /*
     * Called once a round, before the clients are read. Must not block. May attach further parts.
     *
     * Returns true if the next round should follow at once; false if the broker may sleep first, also while the part
     * waits for the broadcast (-EAGAIN of llmp_broker_forward()).
     */
    bool (*tick)(void *self);

    /*
     * May be null. Called for each message that was written to the broadcast, in that order: of clients, of other
     * parts, and of llmp_broker_send(), as the hook left it; not for messages that this part forwarded.
     *
     * `message` and its payload are valid during the call. The payload may lie in memory that a client can still
     * change: copy it once, then check and use the copy.
     *
     * Must not block, and must not call functions on this broker but llmp_broker_report() and llmp_broker_stop(): queue
     * the message and act in tick. A part cannot slow the broker down: if its queue is full, it drops messages.
     */
    void (*on_message)(void *self, const llmp_broker_message *message);

    /* Called by llmp_broker_free(), before the broadcast ends. Frees `self`. Must not call functions on this broker but
     * those of clients.h. */
    void (*free)(void *self);

    /* Passed to the functions above; identifies the part, so it must not be null. */
    void *self;
};

/* Adds a part. On success the broker owns it until it calls part.free(); on failure (-ENOMEM) the caller keeps it. */
int llmp_broker_attach(llmp_broker *broker, struct llmp_broker_part part);

/* ------------------------------------------------------------------ for the broker's other files */

/* Calls each part's tick. Returns true if one of them did. */
bool llmp_parts_tick(llmp_broker *broker);

/* Calls each part's on_message, but that of the part whose `self` is `from`. */
void llmp_parts_notify(const llmp_broker *broker, const void *from, const llmp_broker_message *message);

/* Frees all parts, in the order in which they were attached. */
void llmp_parts_free(llmp_broker *broker);

#endif
