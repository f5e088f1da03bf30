/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/page_supply.h"

#include <errno.h>

#include "channel/shortage.h"
#include "shmem/liveness.h"

/* With fewer pages a channel cannot turn. */
#define PAGES_TO_TURN 2u
/* A channel whose bound is the default leaves its place to others: with more pages than it needs to turn, it has at most
 * this part of the memory that it and others can have. */
#define SHARE 4u

/* ---------------------------------------------------------------- creating */

static size_t bytes_of(const struct llmp_page_list *list) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        bytes += list->items[i].size;
    }
    return bytes;
}

/* Asks the system only, and not other processes: together they may still want more than there is. */
static bool leaves_room(const struct llmp_page_set *pages, size_t size, uint64_t room) {
    if (!pages->max_is_bytes || room == UINT64_MAX || pages->live.count + pages->spare.count < PAGES_TO_TURN) {
        return true;
    }
    uint64_t bytes = bytes_of(&pages->live) + bytes_of(&pages->spare);
    return SHARE * (bytes + size) <= bytes + room;
}

/* posix takes memory bit by bit. It does not begin if there is too little, because it would take all of it for a while. */
int llmp_pages_create(struct llmp_page_set *pages, size_t size, struct llmp_sender_page *page) {
    llmp_shmem *map;
    uint64_t room = llmp_shmem_room(pages->provider);
    if (size > room || !leaves_room(pages, size, room)) {
        return -ENOSPC;
    }
    int rc = llmp_shmem_create(pages->provider, size, &pages->shmem, &map);
    if (rc == 0) {
        pages->created++;
        *page = (struct llmp_sender_page){
            .map = map, .page = llmp_shmem_data(map), .size = llmp_shmem_size(map), .asked = size};
    }
    return rc;
}

/* ---------------------------------------------------------------- spare pages */

bool llmp_pages_is_oversized(const struct llmp_page_set *pages, const struct llmp_sender_page *page) {
    return page->asked >= LLMP_PAGE_LARGE && page->asked > pages->page_size;
}

static uint32_t count_fitting(const struct llmp_page_set *pages, size_t size) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < pages->spare.count; i++) {
        count += pages->spare.items[i].size >= size;
    }
    return count;
}

/* Pages that fit, without the reserve. The reserve is the last page that the channel takes before its bound. */
static uint32_t count_usable(const struct llmp_page_set *pages, size_t size) {
    uint32_t fitting = count_fitting(pages, size);
    if (pages->live.count + fitting >= pages->max) {
        return fitting;
    }
    uint32_t small = pages->spare.count - fitting;
    uint32_t reserve = pages->reserved > small ? pages->reserved - small : 0;
    return fitting > reserve ? fitting - reserve : 0;
}

/*
 * Returns the index of the spare page that keeps `window` pages in rotation. The list ends with the page that became
 * free last. Taking the n-th from the end makes the rotation n pages longer than the unread pages, and leaves the pages
 * before it unused.
 */
static uint32_t choose_spare(const struct llmp_page_set *pages) {
    uint32_t window = pages->window.pages;
    uint32_t live = pages->live.count;
    uint32_t distance = pages->order == LLMP_REUSE_NEWEST || window <= live ? 1 : window - live;
    return distance < pages->spare.count ? pages->spare.count - distance : 0;
}

/* Takes the chosen page, or one that fits if that one is too small. One must fit. */
static struct llmp_sender_page take_spare(struct llmp_page_set *pages, size_t size) {
    uint32_t index = choose_spare(pages);
    if (pages->spare.items[index].size < size) {
        index = pages->spare.count - 1;
        while (pages->spare.items[index].size < size) {
            index--;
        }
    }
    return llmp_page_list_take(&pages->spare, index);
}

int llmp_pages_obtain(struct llmp_page_set *pages, size_t size, uint32_t bound, struct llmp_sender_page *page) {
    uint32_t usable = count_usable(pages, size);
    uint32_t total = pages->live.count + usable;
    uint32_t wanted = pages->order == LLMP_REUSE_NEWEST ? 0 : pages->window.pages;
    bool enough = usable > 0 && (total >= wanted || total >= pages->max);
    int rc = enough || total >= bound ? -EAGAIN : llmp_pages_create(pages, size, page);
    if (rc != 0 && usable > 0) {
        *page = take_spare(pages, size);
        return 0;
    }
    return rc;
}

bool llmp_pages_shed(struct llmp_page_set *pages, size_t size) {
    bool any = false;
    for (uint32_t i = pages->spare.count; i-- > 0 && pages->live.count + pages->spare.count > PAGES_TO_TURN;) {
        if (pages->spare.items[i].size < size) {
            llmp_sender_page_remove(llmp_page_list_take(&pages->spare, i));
            any = true;
        }
    }
    return any;
}

void llmp_pages_trim(struct llmp_page_set *pages, size_t size) {
    uint32_t kept = 0;
    for (uint32_t i = pages->spare.count; i-- > 0;) {
        const struct llmp_sender_page *page = &pages->spare.items[i];
        bool small = page->size < size;
        bool is_reserve = kept < pages->reserved && pages->live.count + pages->spare.count <= pages->max;
        if (llmp_pages_is_oversized(pages, page) || (small && !is_reserve)) {
            llmp_sender_page_remove(llmp_page_list_take(&pages->spare, i));
        } else {
            kept += small;
        }
    }
}

/* ---------------------------------------------------------------- the reserve */

bool llmp_pages_take_reserve(struct llmp_page_set *pages, size_t size, struct llmp_sender_page *page) {
    if (count_fitting(pages, size) == 0) {
        return false;
    }
    *page = take_spare(pages, size);
    return true;
}

/* A large page is not kept in reserve: that would cost more memory than it saves time. */
int llmp_pages_fill_reserve(struct llmp_page_set *pages, size_t size) {
    int rc = 0;
    while (rc == 0 && pages->spare.count < pages->reserved && pages->live.count + pages->spare.count < pages->max &&
           size < LLMP_PAGE_LARGE) {
        struct llmp_sender_page page;
        rc = llmp_pages_create(pages, size, &page);
        if (rc == 0 && (rc = llmp_page_list_append(&pages->spare, page)) != 0) {
            llmp_sender_page_remove(page);
        }
    }
    return rc;
}
