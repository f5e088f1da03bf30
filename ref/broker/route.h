/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Forwards messages: reads each from its client's channel, passes it to the hook, and writes it once to the broadcast
 * channel.
 *
 * If the broadcast takes no message (slow_clients.h), the message is pending: the next round sends it first, and reads
 * no client's channel before that.
 */
#ifndef LLMP_BROKER_ROUTE_H
#define LLMP_BROKER_ROUTE_H

#include "llmp/llmp.h"

/* When a client leaves or the broker ends, messages that were sent before are forwarded for at most this long. */
#define LLMP_DRAIN_NS LLMP_SECONDS(1)

/* ------------------------------------------------------------------ for parts */

/*
 * Forwards a message of a part like a client's: it passes the hook and is written to the broadcast. Call it in a part's
 * tick only. The message and its payload stay the caller's and can be reused after the call.
 *
 * @param from    `self` of the part
 * @param message client: an id that the part took with llmp_broker_take_id()
 * @return 0: the broker has taken the message. It forwards it as soon as the broadcast has room, unless the hook
 *         handles it, or it is lost because the system has no memory (LLMP_EVENT_MESSAGE_LOST).
 *         -EAGAIN: another message is pending; the broker did not take this one: call again in a later tick.
 *         -LLMP_E_TAG_RESERVED (B2B-4), -LLMP_E_TOO_LARGE (max_message), -LLMP_E_CLOSED (EXITING was sent), -ENOMEM
 *         (no memory for a copy): the broker did not take it
 */
int llmp_broker_forward(llmp_broker *broker, const void *from, const llmp_broker_message *message);

/* ------------------------------------------------------------------ for the broker's other files */

/* One round: reads from every client in turn and forwards; removes clients that end. Returns how many messages were
 * read. */
uint32_t llmp_route_round(llmp_broker *broker);

/*
 * Writes a message to the broadcast channel, as sent by message->client, and passes it to the parts' on_message. Does
 * not call the hook.
 *
 * @param from `self` of the part that forwards it; null: not a part's
 * @return 0; -EAGAIN while a slow client blocks forwarding; or an error of llmp_sender_alloc()
 */
int llmp_route_broadcast(llmp_broker *broker, const void *from, const llmp_broker_message *message);

/* Ends the broadcast channel (BROKER-5). Evicts nothing: there is always room for EXITING. */
void llmp_route_exit(llmp_broker *broker);

#endif
