/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The pages of one sender: which are in the channel, who has to leave them, and which may be used again.
 *
 * `live` pages stand in channel order: the oldest that may still be unread first, the one being written last. `spare`
 * pages were left by everybody that was expected, in the order in which that happened.
 *
 * EOP-8: that as many left as joined proves nothing, for a slow receiver may not have come yet. So every page knows how
 * many receivers are expected on it, and is used again only when that many have left.
 */
#ifndef LLMP_CHANNEL_PAGES_H
#define LLMP_CHANNEL_PAGES_H

#include "channel/page.h"
#include "channel/window.h"

struct llmp_live_page {
    llmp_shmem *map;
    struct llmp_page *page;
    size_t size;              /* of the map, from the provider; the page's own word is not asked */
    uint32_t expected;        /* receivers that read from this page or an earlier one on, the dead ones included */
    uint32_t dismissed;       /* of those, who died or left: how far they read is unknown */
    uint32_t reservations;    /* shown to somebody who may yet come */
    uint32_t joined_by_proxy; /* joined on behalf of others, which says nothing of who has it mapped */
    uint64_t number;          /* of all pages of the channel, from 1 on: maps come round, numbers do not */
};

struct llmp_page_list {
    struct llmp_live_page *items;
    uint32_t count;
    uint32_t capacity;
};

struct llmp_page_set {
    const llmp_shmem_provider *provider;
    llmp_shmem_options shmem;
    llmp_page_policy policy;
    llmp_reuse_order order;
    uint32_t max;      /* pages at most, live and spare */
    bool max_is_bytes; /* … as many as fit in 64 MiB, whatever size they have grown to */
    size_t page_size;  /* last asked for */
    uint32_t wanted_window;
    bool history;       /* live pages stay although everybody left them, as many as the bound allows */
    uint32_t receivers; /* expected on a new page */
    uint32_t reservations;
    uint64_t numbered;
    uint64_t created;
    struct llmp_window window;
    struct llmp_page_list live;
    struct llmp_page_list spare;
};

/* Takes the options over; makes no page yet. */
int llmp_pages_init(struct llmp_page_set *pages, const llmp_sender_options *options, size_t page_size);
void llmp_pages_fini(struct llmp_page_set *pages);

/*
 * Finds or makes a page of at least `size` bytes and readies it, as the newest one.
 *
 * `hasty`: take any page that the bound allows. Otherwise keep to the window, and say -EAGAIN beyond it; where nothing
 * comes round, there is no window.
 * -EAGAIN also where the bound is reached, or the machine has no more pages and readers can make one free: nothing
 * changed then.
 */
int llmp_pages_turn(struct llmp_page_set *pages, size_t size, uint32_t sender_id, size_t max_alloc, bool ignore_window);

/* Whether a code says that the machine has no memory or no descriptor for a page: somebody else may give some back. */
bool llmp_is_shortage(int rc);

/* As many spare pages as the bound allows. */
int llmp_pages_fill(struct llmp_page_set *pages, size_t size);

struct llmp_live_page *llmp_pages_oldest(const struct llmp_page_set *pages);
struct llmp_live_page *llmp_pages_newest(const struct llmp_page_set *pages);

/* Who reads: see sender.h. The number of the oldest page, which is what was offered, is what to confirm. */
uint64_t llmp_pages_reserve(struct llmp_page_set *pages);
void llmp_pages_confirm(struct llmp_page_set *pages, uint64_t offered_page);
void llmp_pages_cancel(struct llmp_page_set *pages);
void llmp_pages_remove_receiver(struct llmp_page_set *pages);

/* Whether everybody who is expected on the newest page has it mapped, so that it needs no name any more. */
bool llmp_pages_arrived(const struct llmp_page_set *pages);

/*
 * How many have yet to leave the oldest page, less those who are gone: whether the dead left it nobody knows. It can be
 * negative. On a newer page it is larger by at least as many as are alive, left the older one, and have yet to leave
 * this one: so figures of different pages tell whether somebody else is missing.
 */
int64_t llmp_pages_outstanding(const struct llmp_page_set *pages);

/* Gives the oldest page up, read or not. -EAGAIN when it is the only one. */
int llmp_pages_evict_oldest(struct llmp_page_set *pages);

#endif
