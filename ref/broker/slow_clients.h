/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The policy for clients that do not read.
 *
 * The broadcast is full when it has as many pages as options.history allows and a reader has yet to leave the oldest.
 * Then forwarding is blocked, for slow_client_timeout_ns at most: that is the back-pressure. After that the broker
 * evicts the oldest page and writes off as many readers as had not left it: from then on a page that no more readers
 * than those have yet to leave is evicted without waiting. When a page turns without an eviction, all readers keep up
 * again, and the broker waits for all of them again.
 */
#ifndef LLMP_BROKER_SLOW_CLIENTS_H
#define LLMP_BROKER_SLOW_CLIENTS_H

#include "llmp/llmp.h"

/* Waits for all readers again. For a new broker, and when a reader was removed: it may be one that was written off. */
void llmp_slow_clients_reset(llmp_broker *broker);

/*
 * Allocates a message on the broadcast, as llmp_sender_alloc(). Evicts pages as the policy says, and reports
 * LLMP_EVENT_OVERRUN for each.
 *
 * @return 0; -EAGAIN while a slow client blocks forwarding; or an error of llmp_sender_alloc()
 */
int llmp_slow_clients_alloc(llmp_broker *broker, size_t length, void **payload);

/* Returns true if the broadcast has taken no message for slow_client_timeout_ns. The first call after a message that
 * it took starts the time. */
bool llmp_slow_clients_timeout_expired(llmp_broker *broker);

#endif
