/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a sender remembers. Only sender.c (messages), sender_life.c (the rest) and white-box tests look inside. */
#ifndef LLMP_CHANNEL_SENDER_INTERNAL_H
#define LLMP_CHANNEL_SENDER_INTERNAL_H

#include "channel/pages.h"

struct llmp_sender {
    /* the page being written; all of it private, the page's own fields are never read back */
    struct llmp_page *page;
    size_t room;        /* bytes behind the page header */
    size_t used;        /* of those, by committed messages */
    uint64_t last_id;   /* of the newest committed message on this page */
    uint64_t published; /* the newest id that receivers can see */
    size_t max_alloc;
    size_t length; /* of the message that is allocated */
    size_t padded;
    bool pending; /* one is allocated */
    bool exited;
    bool over_window; /* the receiver is away, or too slow for the window: take whatever the bound allows */
    uint32_t id;
    uint32_t batch;
    size_t max_message;
    uint64_t messages;
    uint64_t pages_turned;
    size_t page_size; /* of the first map */
    llmp_wait wait;
    struct llmp_page_set pages;
};

/* The newest page is the one to write from now on, from its first slot. */
static inline void llmp_sender_take_newest(llmp_sender *sender) {
    const struct llmp_live_page *newest = llmp_pages_newest(&sender->pages);
    sender->page = newest->page;
    sender->room = newest->size - LLMP_PAGE_HEADER;
    sender->used = 0;
    sender->last_id = 0;
    sender->published = 0;
}

#endif
