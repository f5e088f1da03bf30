/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/pages.h"

#include <errno.h>

#include "channel/page_readers.h"
#include "channel/shortage.h"

#define POOL_BYTES ((size_t)64 << 20)
#define PAGES_MIN 4u
#define NO_BOUND UINT32_MAX

/* ---------------------------------------------------------------- bounds */

static uint32_t pages_in_pool(size_t page_size) {
    size_t fit = POOL_BYTES / page_size;
    return fit < PAGES_MIN ? PAGES_MIN : (uint32_t)fit;
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

/* Retires released pages. A channel with a history does so only while it has `max` live pages or more. */
static void reclaim(struct llmp_page_set *pages, uint32_t max) {
    if (pages->policy == LLMP_PAGES_KEEP) {
        return;
    }
    uint32_t stay = pages->history ? max : 1;
    while (pages->live.count > 1 && pages->live.count >= stay &&
           llmp_pages_is_released(pages, llmp_pages_oldest(pages))) {
        bool reusable = llmp_pages_is_reusable(pages, llmp_pages_oldest(pages));
        retire(pages, llmp_page_list_take(&pages->live, 0), reusable);
    }
}

static void remove_small_spares(struct llmp_page_set *pages, size_t size) {
    for (uint32_t i = pages->spare.count; i-- > 0;) {
        if (pages->spare.items[i].size < size) {
            llmp_sender_page_remove(llmp_page_list_take(&pages->spare, i));
        }
    }
}

int llmp_pages_evict_oldest(struct llmp_page_set *pages) {
    if (pages->live.count < 2) {
        return -EAGAIN;
    }
    llmp_sender_page_remove(llmp_page_list_take(&pages->live, 0));
    return 0;
}

/* ---------------------------------------------------------------- the next page */

static int create(struct llmp_page_set *pages, size_t size, struct llmp_sender_page *page) {
    llmp_shmem *map;
    int rc = llmp_shmem_create(pages->provider, size, &pages->shmem, &map);
    if (rc == 0) {
        pages->created++;
        *page = (struct llmp_sender_page){.map = map, .page = llmp_shmem_data(map), .size = llmp_shmem_size(map)};
    }
    return rc;
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

/* Creates a page if the window wants more than there are, and falls back to a spare page if none can be created. */
static int obtain(struct llmp_page_set *pages, size_t size, struct llmp_sender_page *page) {
    uint32_t total = pages->live.count + pages->spare.count;
    uint32_t wanted = pages->order == LLMP_REUSE_NEWEST ? 0 : pages->window.pages;
    bool enough = pages->spare.count > 0 && (total >= wanted || total >= pages->max);
    int rc = enough || total >= current_bound(pages) ? -EAGAIN : create(pages, size, page);
    if (rc != 0 && pages->spare.count > 0) {
        *page = llmp_page_list_take(&pages->spare, choose_spare(pages));
        return 0;
    }
    return rc;
}

/*
 * If the system has no memory for a further page, the pages that exist are the bound: -EAGAIN. The exception is a
 * single page, which receivers cannot free because it is being written; then the error is returned.
 */
static int obtain_or_wait(struct llmp_page_set *pages, size_t size, struct llmp_sender_page *page) {
    int rc = obtain(pages, size, page);
    if (!llmp_is_shortage(rc) || pages->policy == LLMP_PAGES_KEEP) {
        return rc;
    }
    uint32_t live = pages->live.count;
    reclaim(pages, live);
    if (pages->live.count < live) {
        rc = obtain(pages, size, page);
    }
    return llmp_is_shortage(rc) && pages->live.count > 1 ? -EAGAIN : rc;
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

int llmp_pages_turn(struct llmp_page_set *pages, size_t size, uint32_t sender_id, size_t max_alloc,
                    bool ignore_window) {
    if (size != pages->page_size) {
        set_bound(pages, size);
    }
    reclaim(pages, pages->max);
    if (!ignore_window && pages->policy == LLMP_PAGES_REUSE && pages->live.count >= pages->window.pages) {
        return -EAGAIN;
    }
    if (pages->live.count >= current_bound(pages)) {
        return -EAGAIN;
    }
    remove_small_spares(pages, size);
    struct llmp_sender_page page;
    int rc = obtain_or_wait(pages, size, &page);
    return rc == 0 ? begin(pages, page, sender_id, max_alloc) : rc;
}

int llmp_pages_adopt(struct llmp_page_set *pages, const struct llmp_sender_page *page) {
    struct llmp_sender_page adopted = *page;
    adopted.page = llmp_shmem_data(page->map);
    adopted.size = llmp_shmem_size(page->map);
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
        rc = create(pages, size, &page);
        if (rc == 0 && (rc = llmp_page_list_append(&pages->spare, page)) != 0) {
            llmp_sender_page_remove(page);
        }
    }
    return rc;
}
