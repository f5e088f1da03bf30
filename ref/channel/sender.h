/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the broker and its clients need of a sender beyond llmp.h. */
#ifndef LLMP_CHANNEL_SENDER_H
#define LLMP_CHANNEL_SENDER_H

#include "llmp/llmp.h"

/* A client learns its id only after its channel exists (TCP-2): from now on, in the page header and in messages. */
void llmp_sender_set_id(llmp_sender *sender, uint32_t sender_id);

/*
 * A receiver that may or may not come is shown the oldest page. Nobody waits for it, but no page it could read is used
 * again. confirm: it came, and counts like any other; on the page that it was shown, by the number that the offer gave, it
 * is counted in on its behalf, if that page has not been given up meanwhile. withdraw: it will not come.
 */
uint64_t llmp_sender_reserve(llmp_sender *sender, llmp_shmem_desc *desc);
void llmp_sender_confirm(llmp_sender *sender, uint64_t offered_page);
void llmp_sender_cancel_reservation(llmp_sender *sender);

/* Commits in another client's name (SEND-4, BROKER-3), and without the check of reserved tags. */
int llmp_sender_commit_as(llmp_sender *sender, uint32_t sender_id, uint32_t tag, uint32_t flags);

/* Where its pages come from. */
const llmp_shmem_provider *llmp_sender_provider(const llmp_sender *sender);

/* How many receivers have yet to leave the oldest page, less those who are gone (llmp_pages_outstanding()). */
int64_t llmp_sender_outstanding(const llmp_sender *sender);

/* Whether every expected receiver is seen to have the newest page mapped, so that the channel may end. */
bool llmp_sender_drained(const llmp_sender *sender);

/*
 * Makes a new sender a broadcast channel: nobody is expected until offered a page, and pages stay although everybody
 * left them, as many as the bound allows: history for those who come late.
 */
void llmp_sender_make_broadcast(llmp_sender *sender);

#endif
