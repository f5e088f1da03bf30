/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Noticing that a channel's receivers have left it: a client's sender, whose only receiver is the broker. */
#ifndef LLMP_CHANNEL_SENDER_WATCH_H
#define LLMP_CHANNEL_SENDER_WATCH_H

#include "llmp/llmp.h"

/*
 * Makes the channel end when its receivers leave it, as the broker does with a client that it removes: from then on
 * sends return -LLMP_E_REMOVED when they turn the page or wait, or after a call of llmp_sender_is_abandoned().
 */
void llmp_sender_watch(llmp_sender *sender);

/*
 * Returns true if the channel is watched and its receivers have left it: they left the page that is being written; or
 * they left an older one, and are on no other page for LLMP_ABANDONED_NS.
 */
bool llmp_sender_is_abandoned(llmp_sender *sender);

/* Returns true after llmp_sender_exit(). */
bool llmp_sender_has_exited(const llmp_sender *sender);

/* LibAFL's brokers leave a page before they join the next one. */
#define LLMP_ABANDONED_NS LLMP_SECONDS(1)

#endif
