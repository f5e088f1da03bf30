/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the broker needs of a receiver beyond llmp.h. */
#ifndef LLMP_CHANNEL_RECEIVER_H
#define LLMP_CHANNEL_RECEIVER_H

#include "llmp/llmp.h"

/* The next message if it is time to look: like llmp_recv() with LLMP_NOWAIT, but busy channels are coalesced. */
int llmp_receiver_poll(llmp_receiver *receiver, llmp_message *message);

/* The last message is to be read again: it could not be passed on yet. Only right after it was returned. */
void llmp_receiver_unread(llmp_receiver *receiver);

/* Whether nobody else holds the page it stands on any more: as llmp_shmem_is_orphan(). */
int llmp_receiver_is_orphan(const llmp_receiver *receiver);

/* Removes what a sender that was killed would leave behind for ever; what is mapped can still be read. */
void llmp_receiver_reap(const llmp_receiver *receiver);

#endif
