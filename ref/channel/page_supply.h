/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Supplies the next page of a channel: a spare page, or a new one. Only pages.c and its tests use it. */
#ifndef LLMP_CHANNEL_PAGE_SUPPLY_H
#define LLMP_CHANNEL_PAGE_SUPPLY_H

#include "channel/page_set.h"

/* Pages from this size on are given back as soon as messages do not need them any more. */
#define LLMP_PAGE_LARGE ((size_t)32 << 20)

/* Creates a page. Returns 0 or the error of creating its map. */
int llmp_pages_create(struct llmp_page_set *pages, size_t size, struct llmp_sender_page *page);

/*
 * Gets a page of at least `size` bytes, so that the channel has at most `bound` pages. Creates one if the window wants
 * more than there are, and falls back to a spare page if none can be created. Leaves the reserve alone.
 *
 * Returns 0; -EAGAIN if the bound is reached; or the error of creating a page.
 */
int llmp_pages_obtain(struct llmp_page_set *pages, size_t size, uint32_t bound, struct llmp_sender_page *page);

/* Takes a page of at least `size` bytes from the reserve. Returns false if there is none. */
bool llmp_pages_take_reserve(struct llmp_page_set *pages, size_t size, struct llmp_sender_page *page);

/* Creates pages until the reserve is complete. Returns 0 or the error of creating a page. */
int llmp_pages_fill_reserve(struct llmp_page_set *pages, size_t size);

/*
 * Removes spare pages of fewer than `size` bytes, to make room for a larger page that may not be had all the same. As
 * many stay as the channel needs to go on without it. Returns true if it removed one.
 */
bool llmp_pages_shed(struct llmp_page_set *pages, size_t size);

/* Removes spare pages that are of no use to a channel that asks for `size` bytes: smaller ones, but for the reserve,
 * and oversized ones. */
void llmp_pages_trim(struct llmp_page_set *pages, size_t size);

/* Returns true if the page is large, and larger than the channel asks for now. */
bool llmp_pages_is_oversized(const struct llmp_page_set *pages, const struct llmp_sender_page *page);

#endif
