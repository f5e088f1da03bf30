/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which receivers a sender expects on its pages, and how far they have read.
 *
 * A page has two counters, of receivers that joined it and that left it. They do not say which receivers these were. If
 * as many left as joined, a slow receiver may still have to join. So the sender keeps, for each page, how many
 * receivers it expects there, and writes a page again only when that many have left it (EOP-8).
 */
#ifndef LLMP_CHANNEL_PAGE_READERS_H
#define LLMP_CHANNEL_PAGE_READERS_H

#include "channel/page_set.h"

/* Returns true if no expected receiver will read the page any more. `page` is the oldest live page. */
bool llmp_pages_is_released(const struct llmp_page_set *pages, const struct llmp_sender_page *page);

/* Returns true if a released page may be written again: no receiver can have it mapped without being counted. */
bool llmp_pages_is_reusable(const struct llmp_page_set *pages, const struct llmp_sender_page *page);

/*
 * Reserves the oldest page, and all later ones, for a receiver that may come: they are not reused until the reservation
 * is confirmed or cancelled, but the sender does not wait for that receiver. Returns the number of the oldest page,
 * which confirm takes.
 */
uint64_t llmp_pages_reserve(struct llmp_page_set *pages);

/*
 * The receiver came: from now on it is expected on all live pages. If the page offered to it is still live, joins that
 * page on its behalf.
 */
void llmp_pages_confirm(struct llmp_page_set *pages, uint64_t offered_page);

/* The receiver will not come. */
void llmp_pages_cancel(struct llmp_page_set *pages);

/* Stops expecting one of the receivers, on condition that it joins no further page (llmp_sender_remove_receiver()). */
void llmp_pages_remove_receiver(struct llmp_page_set *pages);

/* Returns true if all expected receivers have mapped the newest page, so that its id may become invalid. */
bool llmp_pages_arrived(const struct llmp_page_set *pages);

/*
 * Returns expected - left - removed for the oldest page. May be negative, because a removed receiver may have left the
 * page before it was removed.
 *
 * Of two pages, the figure of the newer one is larger by at least the number of active receivers that have left the
 * older page and have yet to leave the newer one. So a larger figure means that further receivers are missing. The
 * exception is a receiver that holds the older page: it may have left the newer one first.
 */
int64_t llmp_pages_outstanding(const struct llmp_page_set *pages);

#endif
