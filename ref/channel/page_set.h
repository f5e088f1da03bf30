/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The pages of one sender.
 *
 * `live` has the pages of the channel in order: first the oldest one that may be unread, last the one being written.
 * `spare` has pages that all expected receivers have left, in the order in which they became free.
 */
#ifndef LLMP_CHANNEL_PAGE_SET_H
#define LLMP_CHANNEL_PAGE_SET_H

#include "channel/page_list.h"
#include "channel/window.h"

struct llmp_page_set {
    const llmp_shmem_provider *provider;
    llmp_shmem_options shmem;
    llmp_page_policy policy;
    llmp_reuse_order order;
    uint32_t max;           /* bound on live and spare pages */
    uint32_t reserved;      /* spare pages that are the reserve: used only if the channel could not turn without */
    bool max_is_bytes;      /* `max` follows from the page size: as many pages as fit in 64 MiB, or in less memory */
    size_t page_size;       /* bytes of the page asked for last and obtained */
    uint32_t wanted_window; /* the option `window` */
    bool history;           /* keep live pages that all receivers left, up to the bound, for receivers that come late */
    uint32_t receivers;     /* expected on a new page */
    uint32_t reservations;  /* offered a page, and not yet confirmed or cancelled */
    uint64_t numbered;      /* number of the newest page */
    uint64_t created;
    struct llmp_window window;
    struct llmp_page_list live;
    struct llmp_page_list spare;
};

static inline struct llmp_sender_page *llmp_pages_oldest(const struct llmp_page_set *pages) {
    return &pages->live.items[0];
}

static inline struct llmp_sender_page *llmp_pages_newest(const struct llmp_page_set *pages) {
    return &pages->live.items[pages->live.count - 1];
}

#endif
