/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Internal functions of a receiver, for the broker and its clients. */
#ifndef LLMP_CHANNEL_RECEIVER_H
#define LLMP_CHANNEL_RECEIVER_H

#include "channel/receiver_guard.h"
#include "llmp/llmp.h"

/* As llmp_receiver_new(), with a guard, which is copied. */
int llmp_receiver_new_guarded(const llmp_shmem_desc *desc, const llmp_receiver_options *options,
                              struct llmp_page_guard guard, llmp_receiver **out);

/* Returns the map of the current page, which the receiver owns. */
const llmp_shmem *llmp_receiver_page(const llmp_receiver *receiver);

/* Returns llmp_receiver_stats.pages_turned. */
uint64_t llmp_receiver_pages_turned(const llmp_receiver *receiver);

/* As llmp_recv() with LLMP_NOWAIT, but leaves it to coalescing when to check for new messages. */
int llmp_receiver_poll(llmp_receiver *receiver, llmp_message *message);

/* Makes the last message the next one again. Allowed only directly after the call that returned it. */
void llmp_receiver_unread(llmp_receiver *receiver);

/* Returns 0, or the error for which the receiver waits before it follows an END_OF_PAGE (llmp_receiver_stats). */
int llmp_receiver_shortage(const llmp_receiver *receiver);

/*
 * Leaves the current page for good, and receives nothing more. The map stays open, for llmp_receiver_is_orphan() and
 * llmp_receiver_reap().
 */
void llmp_receiver_stop(llmp_receiver *receiver);

/* Returns true if all messages that the sender has published are read. */
bool llmp_receiver_is_empty(const llmp_receiver *receiver);

/* As llmp_shmem_is_orphan(), for the current page. */
int llmp_receiver_is_orphan(const llmp_receiver *receiver);

/*
 * Removes the segments of a killed sender that would otherwise remain. Maps stay readable. Held pages are left out: the
 * broker, the only caller, holds none.
 */
void llmp_receiver_reap(const llmp_receiver *receiver);

#endif
