/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A page as its sender knows it, and lists of such pages. */
#ifndef LLMP_CHANNEL_PAGE_LIST_H
#define LLMP_CHANNEL_PAGE_LIST_H

#include "channel/page.h"

/* The fields from `expected` on are meaningful while the page is live (page_set.h). */
struct llmp_sender_page {
    llmp_shmem *map;
    struct llmp_page *page;
    size_t size;              /* bytes of the map, from the provider; size_total in the page is not read */
    size_t asked;             /* bytes asked for: fewer than `size` with huge pages */
    uint32_t expected;        /* receivers that have to leave this page, removed ones included */
    uint32_t removed;         /* removed receivers among them; whether they left the page is unknown */
    uint32_t reservations;    /* receivers to which this page or an older one was offered, and which may still come */
    uint32_t joined_by_proxy; /* joins made on behalf of a receiver: they do not prove that it has mapped the page */
    uint64_t number;          /* 1, 2, 3 … over the whole channel: a page that is reused gets a new number */
};

/* Zeroed, it is empty. */
struct llmp_page_list {
    struct llmp_sender_page *items;
    uint32_t count;
    uint32_t capacity;
};

/* Returns 0, or -ENOMEM and leaves `page` to the caller. */
int llmp_page_list_append(struct llmp_page_list *list, struct llmp_sender_page page);

/* Takes a page out of the list; later ones keep their order. */
struct llmp_sender_page llmp_page_list_take(struct llmp_page_list *list, uint32_t index);

/* Closes all maps, without marking their pages as retired: receivers can still start on them. */
void llmp_page_list_fini(struct llmp_page_list *list);

/* Marks the page as retired, for receivers that have it mapped or know its id. */
void llmp_sender_page_mark_retired(struct llmp_sender_page *page);

/* Marks the page as retired and closes its map. */
void llmp_sender_page_remove(struct llmp_sender_page page);

#endif
