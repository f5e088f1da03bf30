/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Finding the next page of a channel: reuse one that is free, create one, or report that receivers must free one first.
 */
#ifndef LLMP_CHANNEL_PAGES_H
#define LLMP_CHANNEL_PAGES_H

#include "channel/page_set.h"

/* Takes the options; creates no page yet. Returns 0 or -EINVAL. */
int llmp_pages_init(struct llmp_page_set *pages, const llmp_sender_options *options, size_t page_size);
void llmp_pages_fini(struct llmp_page_set *pages);

/*
 * Finds or creates a page of at least `size` bytes and initialises it as the newest one.
 *
 * With `ignore_window` it uses every page that the bound allows. Without, it returns -EAGAIN if the window is full; the
 * window applies to pages that are reused only.
 *
 * Returns 0; -EAGAIN if the bound is reached, or if the system has no memory for a further page and receivers can free
 * it; or the error of creating a page. On an error the channel can go on with pages of the size that it had before.
 */
int llmp_pages_turn(struct llmp_page_set *pages, size_t size, uint32_t sender_id, size_t max_alloc, bool ignore_window);

/*
 * Turns a new set with one page into that of a broadcast channel (llmp_sender_make_broadcast()). If its pages are reused
 * and were not created in advance, creates a page in reserve, so that it can turn without memory. Returns 0 or the error
 * of creating it.
 */
int llmp_pages_make_broadcast(struct llmp_page_set *pages);

/* Creates spare pages up to the bound. Returns 0, -EINVAL without a bound, or the error of creating a page. */
int llmp_pages_fill(struct llmp_page_set *pages, size_t size);

/*
 * Takes over a page that exists, with its messages, as the newest one: for a sender that resumes after a restart. The
 * caller adopts the unread pages in order, oldest first, before the first llmp_pages_turn().
 *
 * `page` has the map and what the sender knew of its receivers: `expected`, `removed` and `joined_by_proxy`; the other
 * fields are ignored. New pages expect the same receivers, without the removed ones.
 *
 * Returns 0, and the set owns the map. Otherwise the map remains the caller's: -EINVAL if the numbers contradict each
 * other, -ENOMEM, or the error of llmp_page_check().
 */
int llmp_pages_adopt(struct llmp_page_set *pages, const struct llmp_sender_page *page);

/* Retires the oldest page, read or not. Returns 0, or -EAGAIN if it is the only one. */
int llmp_pages_evict_oldest(struct llmp_page_set *pages);

#endif
