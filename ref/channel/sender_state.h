/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The private state of a sender. Only sender*.c and white-box tests include this file.
 *
 * All state that decides where a sender writes is in this struct. It writes the size and fill of a page to the page
 * header, because other implementations read them there, but it never reads them back. A peer that overwrites a page
 * damages what receivers read from it and nothing else.
 */
#ifndef LLMP_CHANNEL_SENDER_STATE_H
#define LLMP_CHANNEL_SENDER_STATE_H

#include "channel/page.h"
#include "channel/page_set.h"
#include "os/atomic.h"

struct llmp_sender {
    struct llmp_page *page; /* being written */
    size_t room;            /* bytes behind the page header */
    size_t used;            /* bytes of `room` that committed messages take */
    uint64_t last_id;       /* id of the newest committed message on this page */
    uint64_t published;     /* newest id that receivers can see */
    size_t max_alloc;       /* largest message so far, header and padding included (EOP-4) */
    size_t length;          /* payload bytes of the allocated message */
    size_t padded;          /* buf_len_padded of the allocated message */
    bool pending;           /* a message is allocated and not yet committed or cancelled */
    bool exited;
    bool over_window; /* receivers are too slow for the window: use every page that max_pages allows */
    uint32_t id;
    uint32_t batch;
    size_t max_message;
    uint64_t messages;
    uint64_t pages_turned;
    size_t page_size; /* bytes of the first map */
    llmp_wait wait;
    bool watched;         /* the channel is over when its receivers have left it (sender_watch.h) */
    bool abandoned;       /* they have */
    int64_t behind_since; /* when the receivers were first seen to be on no page; 0: they are on one */
    struct llmp_page_set pages;
};

/* Starts writing at the first slot of the newest page. */
static inline void llmp_sender_take_newest(llmp_sender *sender) {
    const struct llmp_sender_page *newest = llmp_pages_newest(&sender->pages);
    sender->page = newest->page;
    sender->room = newest->size - LLMP_PAGE_HEADER;
    sender->used = 0;
    sender->last_id = 0;
    sender->published = 0;
}

/* The slot behind the committed messages. */
static inline struct llmp_slot *llmp_sender_next_slot(const llmp_sender *sender) {
    return llmp_slot_at(sender->page, LLMP_PAGE_HEADER + sender->used);
}

/*
 * S1: pairs with R1 in receiver.c. A receiver that loads this id sees every message up to it, complete (SEND-3).
 *
 * size_used is in the cache line that receivers poll. It is written immediately before the id, so that the line is
 * transferred back once and not twice.
 */
static inline void llmp_sender_publish(llmp_sender *sender) {
    sender->published = sender->last_id;
    llmp_store_relaxed(&sender->page->size_used, sender->used);
    llmp_store_release(&sender->page->current_msg_id, sender->last_id); /* S1 */
}

#endif
