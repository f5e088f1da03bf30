/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Parts of a broker: what brings clients to it (net/listener, later net/b2b). The broker knows none of them: each
 * attaches itself and is called once a round. A part calls the functions of broker/clients.h.
 */
#ifndef LLMP_BROKER_PARTS_H
#define LLMP_BROKER_PARTS_H

#include "llmp/llmp.h"

struct llmp_broker_part {
    /* Called once a round, from llmp_broker_run_once(). Must not block. Returns true if it has work left: then the
       broker does not sleep before the next round. */
    bool (*tick)(void *self);
    /* Called by llmp_broker_free(). */
    void (*free)(void *self);
    void *self;
};

/* Adds a part. On success the broker calls part.free(); on failure (-ENOMEM) the caller keeps the part. */
int llmp_broker_attach(llmp_broker *broker, struct llmp_broker_part part);

/* Calls each part's tick. Returns true if one of them has work left. */
bool llmp_parts_tick(llmp_broker *broker);

/* Frees all parts, in the order in which they were attached. */
void llmp_parts_free(llmp_broker *broker);

#endif
