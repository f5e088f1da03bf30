/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/pages.h"

#include <errno.h>

#include "channel/page_readers.h"
#include "channel/page_supply.h"
#include "channel/shortage.h"
#include "os/os.h"
#include "shmem/liveness.h"

/* The default bound, if the process may use MEMORY_SHARE times as much memory; otherwise that share of it. */
#define POOL_BYTES ((size_t)64 << 20)
#define MEMORY_SHARE 8u
#define PAGES_MIN 4u
/* For pages of which PAGES_MIN would take a quarter of the memory. */
#define PAGES_MIN_LARGE 2u
#define NO_BOUND UINT32_MAX
/* A broadcast takes its reserve later if that would be more than this part of what is left for clients. */
#define RESERVE_SHARE 4u

/* ---------------------------------------------------------------- bounds */

static uint32_t pages_in_pool(size_t page_size) {
    uint64_t memory = llmp_os_memory_size();
    uint64_t pool = memory / MEMORY_SHARE < POOL_BYTES ? memory / MEMORY_SHARE : POOL_BYTES;
    uint64_t fit = pool / page_size;
    uint32_t min = page_size > memory / ((uint64_t)4 * PAGES_MIN) ? PAGES_MIN_LARGE : PAGES_MIN;
    return fit < min ? min : (uint32_t)fit;
}

static void set_bound(struct llmp_page_set *pages, size_t page_size) {
    pages->page_size = page_size;
    if (pages->max_is_bytes) {
        pages->max = pages_in_pool(page_size);
    }
    uint32_t window = pages->wanted_window;
    llmp_window_init(&pages->window, window < pages->max ? window : pages->max, pages->max);
}

/*
 * If a receiver was removed and all pages are older than that, no page tells how far the others have read; they may
 * have read everything. So each removal allows one page above the bound, for the others to join.
 */
static uint32_t current_bound(const struct llmp_page_set *pages) {
    if (pages->live.count == 0 || llmp_pages_newest(pages)->removed == 0) {
        return pages->max;
    }
    uint32_t removed = llmp_pages_oldest(pages)->removed;
    return pages->max > NO_BOUND - removed ? NO_BOUND : pages->max + removed;
}

int llmp_pages_init(struct llmp_page_set *pages, const llmp_sender_options *options, size_t page_size) {
    if (options->max_pages == 1 || options->window == 1) {
        return -EINVAL;
    }
    *pages = (struct llmp_page_set){
        .provider = options->provider,
        .shmem = options->shmem,
        .policy = options->page_policy,
        .order = options->reuse_order,
        .max = options->page_policy == LLMP_PAGES_KEEP ? NO_BOUND : options->max_pages,
        .max_is_bytes = options->page_policy != LLMP_PAGES_KEEP && options->max_pages == 0,
        .wanted_window = options->window,
        .receivers = options->receivers != 0 ? options->receivers : 1,
    };
    set_bound(pages, page_size);
    return 0;
}

void llmp_pages_fini(struct llmp_page_set *pages) {
    llmp_page_list_fini(&pages->live);
    llmp_page_list_fini(&pages->spare);
}

/* ---------------------------------------------------------------- pages that are free */

/* Without memory for the list, the page is removed instead of kept: that is one page fewer and not an error. */
static void retire(struct llmp_page_set *pages, struct llmp_sender_page page, bool reusable) {
    llmp_sender_page_mark_retired(&page);
    if (!reusable || llmp_page_list_append(&pages->spare, page) != 0) {
        llmp_sender_page_remove(page);
    }
}

/*
 * Retires released pages. A channel with a history does so only while it has `max` live pages or more, or if they are
 * oversized.
 */
static void reclaim(struct llmp_page_set *pages, uint32_t max) {
    if (pages->policy == LLMP_PAGES_KEEP) {
        return;
    }
    uint32_t stay = pages->history ? max : 1;
    while (pages->live.count > 1) {
        const struct llmp_sender_page *oldest = llmp_pages_oldest(pages);
        bool oversized = llmp_pages_is_oversized(pages, oldest);
        if ((pages->live.count < stay && !oversized) || !llmp_pages_is_released(pages, oldest)) {
            return;
        }
        bool reusable = !oversized && llmp_pages_is_reusable(pages, oldest);
        retire(pages, llmp_page_list_take(&pages->live, 0), reusable);
    }
}

int llmp_pages_evict_oldest(struct llmp_page_set *pages) {
    if (pages->live.count < 2) {
        return -EAGAIN;
    }
    llmp_sender_page_remove(llmp_page_list_take(&pages->live, 0));
    (void)llmp_pages_fill_reserve(pages, pages->page_size);
    return 0;
}

/* ---------------------------------------------------------------- the next page */

/* Returns true if the pages that receivers can free, and not only others' memory, are enough for a page. */
static bool receivers_can_help(const struct llmp_page_set *pages, size_t size) {
    size_t bytes = 0;
    for (uint32_t i = 0; i + 1 < pages->live.count; i++) {
        bytes += pages->live.items[i].size;
    }
    return bytes >= size;
}

/*
 * If the system has no memory for a further page, the pages that exist are the bound: -EAGAIN. If receivers cannot help,
 * the error is returned: if there is a single page, because it is being written, and if the page asked for is larger
 * than all that they can free. Otherwise a broker would evict unread pages in vain.
 */
static int obtain_or_wait(struct llmp_page_set *pages, size_t size, struct llmp_sender_page *page) {
    uint32_t bound = current_bound(pages);
    int rc = llmp_pages_obtain(pages, size, bound, page);
    if (!llmp_is_shortage(rc) || pages->policy == LLMP_PAGES_KEEP) {
        return rc;
    }
    uint32_t live = pages->live.count;
    reclaim(pages, live);
    if (pages->live.count < live) {
        rc = llmp_pages_obtain(pages, size, bound, page);
    }
    if (llmp_is_shortage(rc) && llmp_pages_shed(pages, size)) {
        rc = llmp_pages_obtain(pages, size, bound, page);
    }
    if (!llmp_is_shortage(rc)) {
        return rc;
    }
    if (pages->live.count == 1 && llmp_pages_take_reserve(pages, size, page)) {
        return 0;
    }
    return receivers_can_help(pages, size) ? -EAGAIN : rc;
}

/* On an error the page remains the caller's. */
static int become_newest(struct llmp_page_set *pages, struct llmp_sender_page page) {
    page.reservations = pages->reservations;
    page.number = pages->numbered + 1;
    int rc = llmp_page_list_append(&pages->live, page);
    if (rc == 0) {
        pages->numbered++;
    }
    return rc;
}

static int begin(struct llmp_page_set *pages, struct llmp_sender_page page, uint32_t sender_id, size_t max_alloc) {
    page.expected = pages->receivers;
    page.removed = 0;
    page.joined_by_proxy = 0;
    llmp_page_init(page.page, page.size, sender_id, max_alloc);
    int rc = become_newest(pages, page);
    if (rc != 0) {
        llmp_sender_page_remove(page);
    }
    return rc;
}

static int turn(struct llmp_page_set *pages, size_t size, uint32_t sender_id, size_t max_alloc, bool ignore_window) {
    reclaim(pages, pages->max);
    if (!ignore_window && pages->policy == LLMP_PAGES_REUSE && pages->live.count >= pages->window.pages) {
        return -EAGAIN;
    }
    if (pages->live.count >= current_bound(pages)) {
        return -EAGAIN;
    }
    struct llmp_sender_page page;
    int rc = obtain_or_wait(pages, size, &page);
    if (rc == 0) {
        rc = begin(pages, page, sender_id, max_alloc);
    }
    if (rc == 0) {
        llmp_pages_trim(pages, size);
        (void)llmp_pages_fill_reserve(pages, size);
    }
    return rc;
}

/* The bound and the window follow the size of the pages only if there is a page of that size. */
int llmp_pages_turn(struct llmp_page_set *pages, size_t size, uint32_t sender_id, size_t max_alloc,
                    bool ignore_window) {
    if (size == pages->page_size) {
        return turn(pages, size, sender_id, max_alloc, ignore_window);
    }
    const struct llmp_page_set before = *pages;
    set_bound(pages, size);
    int rc = turn(pages, size, sender_id, max_alloc, ignore_window);
    if (rc != 0) {
        pages->page_size = before.page_size;
        pages->max = before.max;
        pages->window = before.window;
    }
    return rc;
}

int llmp_pages_adopt(struct llmp_page_set *pages, const struct llmp_sender_page *page) {
    struct llmp_sender_page adopted = *page;
    adopted.page = llmp_shmem_data(page->map);
    adopted.size = llmp_shmem_size(page->map);
    adopted.asked = adopted.size;
    if (page->removed > page->expected || page->joined_by_proxy > page->expected) {
        return -EINVAL;
    }
    int rc = adopted.size < LLMP_PAGE_SIZE_MIN ? -LLMP_E_PAGE_TOO_SMALL : llmp_page_check(adopted.page, adopted.size);
    if (rc == 0) {
        rc = become_newest(pages, adopted);
    }
    if (rc == 0) {
        pages->receivers = page->expected - page->removed;
    }
    return rc;
}

int llmp_pages_fill(struct llmp_page_set *pages, size_t size) {
    if (pages->max == NO_BOUND) {
        return -EINVAL;
    }
    int rc = 0;
    while (rc == 0 && pages->live.count + pages->spare.count < pages->max) {
        struct llmp_sender_page page;
        rc = llmp_pages_create(pages, size, &page);
        if (rc == 0 && (rc = llmp_page_list_append(&pages->spare, page)) != 0) {
            llmp_sender_page_remove(page);
        }
    }
    return rc;
}

int llmp_pages_make_broadcast(struct llmp_page_set *pages) {
    pages->history = true;
    pages->receivers = 0;
    llmp_pages_newest(pages)->expected = 0;
    if (pages->policy != LLMP_PAGES_REUSE || pages->spare.count > 0) {
        return 0;
    }
    pages->reserved = 1;
    bool scarce = llmp_shmem_room(pages->provider) / RESERVE_SHARE < pages->page_size;
    return scarce ? 0 : llmp_pages_fill_reserve(pages, pages->page_size);
}
