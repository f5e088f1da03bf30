/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Creating and freeing a sender, its counters, and its expected receivers. */
#include <errno.h>
#include <stdlib.h>

#include "channel/page.h"
#include "channel/page_readers.h"
#include "channel/pages.h"
#include "channel/sender.h"
#include "channel/sender_state.h"
#include "channel/wait.h"
#include "os/compat.h"
#include "shmem/same.h"

#define MAX_MESSAGE_DEFAULT ((size_t)1 << 30)
#define MAX_MESSAGE_MAX ((size_t)1 << 37)

static int check_options(const llmp_sender_options *options) {
    bool bad_page_size = options->page_size != 0 && options->page_size < LLMP_PAGE_SIZE_MIN;
    bool bad_choice = options->page_policy > LLMP_PAGES_KEEP || options->reuse_order > LLMP_REUSE_NEWEST ||
                      options->wait > LLMP_WAIT_SLEEP;
    bool bad_reserved = !llmp_is_zero(options->reserved0, sizeof options->reserved0) ||
                        !llmp_is_zero(options->reserved, sizeof options->reserved);
    bool bad_max = options->max_message > MAX_MESSAGE_MAX;
    return bad_page_size || bad_choice || bad_reserved || bad_max ? -EINVAL : 0;
}

static int make_pages(llmp_sender *sender, const llmp_sender_options *options) {
    int rc = llmp_pages_init(&sender->pages, options, sender->page_size);
    if (rc == 0) {
        rc = llmp_pages_turn(&sender->pages, sender->page_size, sender->id, 0, true);
    }
    if (rc == 0 && options->preallocate) {
        rc = llmp_pages_fill(&sender->pages, sender->page_size);
    }
    return rc;
}

int llmp_sender_new(const llmp_sender_options *options, llmp_sender **out) {
    *out = NULL;
    llmp_sender_options chosen = options != NULL ? *options : (llmp_sender_options){0};
    int rc = check_options(&chosen);
    if (rc != 0) {
        return rc;
    }
    llmp_sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL) {
        return -ENOMEM;
    }
    chosen.provider = chosen.provider != NULL ? chosen.provider : llmp_shmem_provider_default();
    sender->id = chosen.sender_id;
    sender->page_size = chosen.page_size != 0 ? chosen.page_size : LLMP_PAGE_SIZE_DEFAULT;
    sender->max_message = chosen.max_message != 0 ? chosen.max_message : MAX_MESSAGE_DEFAULT;
    sender->batch = chosen.batch != 0 ? chosen.batch : 1;
    sender->wait = chosen.wait;
    rc = make_pages(sender, &chosen);
    if (rc != 0) {
        (void)llmp_sender_free(sender, LLMP_NOWAIT);
        return rc;
    }
    llmp_sender_take_newest(sender);
    *out = sender;
    return 0;
}

bool llmp_sender_drained(const llmp_sender *sender) {
    return llmp_pages_arrived(&sender->pages);
}

static int linger(llmp_sender *sender, int64_t linger_ns) {
    struct llmp_deadline deadline = llmp_deadline_in(linger_ns);
    (void)llmp_sender_cancel(sender);
    llmp_sender_flush(sender);
    int rc = sender->exited ? 0 : llmp_sender_exit(sender, LLMP_NOWAIT);
    struct llmp_waiter waiter;
    llmp_waiter_init(&waiter, LLMP_WAIT_ADAPTIVE);
    while (rc == 0 && !llmp_sender_drained(sender)) {
        rc = llmp_waiter_step(&waiter, deadline) || llmp_sender_drained(sender) ? 0 : -ETIMEDOUT;
    }
    return rc;
}

int llmp_sender_free(llmp_sender *sender, int64_t linger_ns) {
    if (sender == NULL) {
        return 0;
    }
    int rc = linger_ns != LLMP_NOWAIT ? linger(sender, linger_ns) : 0;
    llmp_pages_fini(&sender->pages);
    free(sender);
    return rc;
}

llmp_shmem_desc llmp_sender_describe(const llmp_sender *sender) {
    return llmp_shmem_describe(llmp_pages_oldest(&sender->pages)->map);
}

const llmp_shmem_provider *llmp_sender_provider(const llmp_sender *sender) {
    return sender->pages.provider;
}

static bool has_map(const struct llmp_page_list *list, const llmp_shmem *map) {
    for (uint32_t i = 0; i < list->count; i++) {
        if (llmp_shmem_is_same(list->items[i].map, map)) {
            return true;
        }
    }
    return false;
}

bool llmp_sender_has_page(const llmp_sender *sender, const llmp_shmem *map) {
    return has_map(&sender->pages.live, map) || has_map(&sender->pages.spare, map);
}

void llmp_sender_set_id(llmp_sender *sender, uint32_t sender_id) {
    sender->id = sender_id;
    for (uint32_t i = 0; i < sender->pages.live.count; i++) {
        sender->pages.live.items[i].page->sender_id = sender_id;
    }
}

int llmp_sender_make_broadcast(llmp_sender *sender) {
    return llmp_pages_make_broadcast(&sender->pages);
}

void llmp_sender_stats_get(const llmp_sender *sender, llmp_sender_stats *stats, size_t size) {
    const llmp_sender_stats now = {
        .messages = sender->messages,
        .pages_turned = sender->pages_turned,
        .pages_created = sender->pages.created,
        .pages_live = sender->pages.live.count + sender->pages.spare.count,
        .window = sender->pages.window.pages,
    };
    llmp_copy_known(stats, size, &now, sizeof now);
}

bool llmp_sender_needs_larger_page(const llmp_sender *sender, size_t length) {
    size_t padded = llmp_slot_padded(LLMP_PAGE_HEADER, length);
    size_t room = llmp_pages_newest(&sender->pages)->size - LLMP_PAGE_HEADER;
    return LLMP_SLOT_HEADER + padded + LLMP_EOP_ROOM > room;
}

/* ---------------------------------------------------------------- expected receivers */

uint64_t llmp_sender_reserve(llmp_sender *sender, llmp_shmem_desc *desc) {
    *desc = llmp_sender_describe(sender);
    return llmp_pages_reserve(&sender->pages);
}

void llmp_sender_confirm(llmp_sender *sender, uint64_t offered_page) {
    llmp_pages_confirm(&sender->pages, offered_page);
}

void llmp_sender_cancel_reservation(llmp_sender *sender) {
    llmp_pages_cancel(&sender->pages);
}

void llmp_sender_add_receiver(llmp_sender *sender, llmp_shmem_desc *desc) {
    llmp_sender_confirm(sender, llmp_sender_reserve(sender, desc));
}

void llmp_sender_remove_receiver(llmp_sender *sender) {
    llmp_pages_remove_receiver(&sender->pages);
}

int64_t llmp_sender_outstanding(const llmp_sender *sender) {
    return llmp_pages_outstanding(&sender->pages);
}

int llmp_sender_evict_oldest(llmp_sender *sender) {
    return llmp_pages_evict_oldest(&sender->pages);
}
