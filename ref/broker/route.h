/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How a message gets from one client to all of them: it is read from the client's channel, passed to the hook, and
 * written once to the broadcast channel.
 *
 * If the broadcast takes no message (slow_clients.h), the message is pending: the next round sends it first, and reads
 * no client's channel before that.
 */
#ifndef LLMP_BROKER_ROUTE_H
#define LLMP_BROKER_ROUTE_H

#include "llmp/llmp.h"

/* What was sent before an end, a client's or the broker's, is forwarded, for at most this long. */
#define LLMP_DRAIN_NS LLMP_SECONDS(1)

/* One round: reads from every client in turn and forwards; removes clients that end. Returns how many messages were
 * read. */
uint32_t llmp_route_round(llmp_broker *broker);

/*
 * Writes a message to the broadcast channel, as sent by message->client. Does not call the hook.
 *
 * @return 0; -EAGAIN while it blocks for a slow client; or an error of llmp_sender_alloc()
 */
int llmp_route_broadcast(llmp_broker *broker, const llmp_broker_message *message);

/* Ends the broadcast channel (BROKER-5). Evicts unread pages if EXITING finds no room. */
void llmp_route_exit(llmp_broker *broker);

#endif
