/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Internal functions of a sender, for the broker and its clients. */
#ifndef LLMP_CHANNEL_SENDER_H
#define LLMP_CHANNEL_SENDER_H

#include "llmp/llmp.h"

/* Sets the sender id in page headers and later messages. A client learns its id after its channel exists (TCP-2). */
void llmp_sender_set_id(llmp_sender *sender, uint32_t sender_id);

/*
 * Offers the oldest page to a receiver that may come. The sender does not wait for that receiver, but reuses no page
 * that it could read. Returns the page's number, for llmp_sender_confirm().
 */
uint64_t llmp_sender_reserve(llmp_sender *sender, llmp_shmem_desc *desc);

/*
 * The receiver came, and from now on is expected like any other. Joins the offered page on its behalf, unless that page
 * was removed in the meantime.
 */
void llmp_sender_confirm(llmp_sender *sender, uint64_t offered_page);

/* The receiver will not come. */
void llmp_sender_cancel_reservation(llmp_sender *sender);

/* Commits with another client's sender id (SEND-4, BROKER-3), and without the check for reserved tags. */
int llmp_sender_commit_as(llmp_sender *sender, uint32_t sender_id, uint32_t tag, uint32_t flags);

/* Returns the provider of its pages. */
const llmp_shmem_provider *llmp_sender_provider(const llmp_sender *sender);

/* Returns true if the map is of one of its pages, free ones included. */
bool llmp_sender_has_page(const llmp_sender *sender, const llmp_shmem *map);

/* Returns true if a message of `length` bytes needs a larger page than the newest one, even if that were empty. */
bool llmp_sender_needs_larger_page(const llmp_sender *sender, size_t length);

/* Returns how many receivers have yet to leave the oldest page: see llmp_pages_outstanding(). */
int64_t llmp_sender_outstanding(const llmp_sender *sender);

/* Returns true if all expected receivers have mapped the newest page, so that the channel may end. */
bool llmp_sender_drained(const llmp_sender *sender);

/*
 * Turns a new sender into a broadcast channel: it expects no receiver until one is confirmed, and it keeps pages that
 * all receivers left, up to its bound, as history for receivers that come late. A page in reserve lets it turn without
 * memory. Returns 0, or the error of creating that page.
 */
int llmp_sender_make_broadcast(llmp_sender *sender);

#endif
