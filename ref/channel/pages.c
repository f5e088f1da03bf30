/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os/atomic.h"

#define POOL_BYTES ((size_t)64 << 20)
#define PAGES_MIN 4u
#define NO_BOUND UINT32_MAX

/* ---------------------------------------------------------------- lists */

static int list_append(struct llmp_page_list *list, struct llmp_live_page item) {
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity != 0 ? 2 * list->capacity : 8;
        struct llmp_live_page *items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL) {
            return -ENOMEM;
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
    return 0;
}

static struct llmp_live_page list_take(struct llmp_page_list *list, uint32_t index) {
    struct llmp_live_page item = list->items[index];
    list->count--;
    memmove(list->items + index, list->items + index + 1, (list->count - index) * sizeof item);
    return item;
}

/* M1: read by map_cache.c. Relaxed: a receiver comes to look only behind an END_OF_PAGE, which S1 published. */
static void mark_retired(struct llmp_live_page *item) {
    llmp_store_relaxed(&item->page->magic, LLMP_PAGE_MAGIC_RETIRED);
}

/* Whoever still has it mapped, or keeps its id, is told by the magic. */
static void remove_page(struct llmp_live_page item) {
    mark_retired(&item);
    llmp_shmem_close(item.map);
}

static void list_fini(struct llmp_page_list *list) {
    for (uint32_t i = 0; i < list->count; i++) {
        llmp_shmem_close(list->items[i].map);
    }
    free(list->items);
    *list = (struct llmp_page_list){0};
}

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
    list_fini(&pages->live);
    list_fini(&pages->spare);
}

/* ---------------------------------------------------------------- who is still reading */

/*
 * Receivers walk pages in order and count themselves in on a page after they have read the one before to its end.
 *
 * Only a page younger than the last dismissal can tell. Counts have no names: were one that was dismissed still to join
 * pages, it would pass for somebody who has yet to come. Hence what llmp_sender_remove_receiver() asks of its caller.
 *
 * L4: pairs with J1 in receiver.c: what they read of the pages before is behind whoever sees them here.
 */
static bool all_joined_later(const struct llmp_page_set *pages) {
    for (uint32_t i = 1; i < pages->live.count; i++) {
        const struct llmp_live_page *later = &pages->live.items[i];
        if (later->dismissed == 0 && llmp_load_acquire(&later->page->joined) >= later->expected /* L4 */) {
            return true;
        }
    }
    return false;
}

/*
 * Whether nobody who is expected will read the oldest page any more.
 *
 * L1, L2: these acquire loads pair with the release additions J1 and J2 in receiver.c. What a receiver read of the page
 * it read before, so the page may be overwritten. A count that a peer made up costs that channel its messages, no more.
 */
static bool is_released(const struct llmp_page_set *pages, const struct llmp_live_page *item) {
    if (item->expected == item->dismissed) {
        return true;
    }
    uint16_t left = llmp_load_acquire(&item->page->left);     /* L1 */
    uint16_t joined = llmp_load_acquire(&item->page->joined); /* L2 */
    if (left >= item->expected && left >= joined) {
        return true;
    }
    return item->dismissed != 0 && all_joined_later(pages);
}

/*
 * Left by all is not enough: nobody may be left who could hold it without having been counted.
 *
 * L5: pairs with J1 and J2 in receiver.c, as L1 and L2 do, and in their order; asked again where nobody was expected at
 * all.
 */
static bool is_reusable(const struct llmp_page_set *pages, const struct llmp_live_page *item) {
    uint16_t left = llmp_load_acquire(&item->page->left);     /* L5 */
    uint16_t joined = llmp_load_acquire(&item->page->joined); /* L5 */
    return pages->policy == LLMP_PAGES_REUSE && item->dismissed == 0 && item->reservations == 0 && left >= joined;
}

/* A map that cannot be kept for lack of memory is one page fewer, not an error. */
static void retire(struct llmp_page_set *pages, struct llmp_live_page item, bool reusable) {
    mark_retired(&item);
    if (!reusable || list_append(&pages->spare, item) != 0) {
        remove_page(item);
    }
}

/* Pages that are no longer needed, as long as there are `most` or more where late receivers want the history. */
static void reclaim(struct llmp_page_set *pages, uint32_t max) {
    if (pages->policy == LLMP_PAGES_KEEP) {
        return;
    }
    uint32_t stay = pages->history ? max : 1;
    while (pages->live.count > 1 && pages->live.count >= stay && is_released(pages, &pages->live.items[0])) {
        bool reusable = is_reusable(pages, &pages->live.items[0]);
        retire(pages, list_take(&pages->live, 0), reusable);
    }
}

/* ---------------------------------------------------------------- the next page */

static int create(struct llmp_page_set *pages, size_t size, struct llmp_live_page *item) {
    llmp_shmem *map;
    int rc = llmp_shmem_create(pages->provider, size, &pages->shmem, &map);
    if (rc == 0) {
        pages->created++;
        *item = (struct llmp_live_page){.map = map, .page = llmp_shmem_data(map), .size = llmp_shmem_size(map)};
    }
    return rc;
}

/*
 * Which spare page keeps `window` pages going round. The newest are last in the list; taking the n-th newest makes the
 * round n pages longer than what is unread. Pages in front of it rest.
 */
static uint32_t choose_spare(const struct llmp_page_set *pages) {
    uint32_t window = pages->window.pages;
    uint32_t live = pages->live.count;
    uint32_t distance = pages->order == LLMP_REUSE_NEWEST || window <= live ? 1 : window - live;
    return distance < pages->spare.count ? pages->spare.count - distance : 0;
}

static void drop_undersized_spares(struct llmp_page_set *pages, size_t size) {
    for (uint32_t i = pages->spare.count; i-- > 0;) {
        if (pages->spare.items[i].size < size) {
            remove_page(list_take(&pages->spare, i));
        }
    }
}

/*
 * Where all pages are older than a death, nothing tells how far the living have come, and they may have read it all. So
 * each death allows one page above the bound, for them to join.
 */
static uint32_t bound_now(const struct llmp_page_set *pages) {
    if (pages->live.count == 0 || llmp_pages_newest(pages)->dismissed == 0) {
        return pages->max;
    }
    uint32_t deaths = llmp_pages_oldest(pages)->dismissed;
    return pages->max > NO_BOUND - deaths ? NO_BOUND : pages->max + deaths;
}

/* A window wants more pages than one goes round in so far. Where there are no more to be had, those there are will do. */
static int obtain(struct llmp_page_set *pages, size_t size, struct llmp_live_page *item) {
    uint32_t total = pages->live.count + pages->spare.count;
    uint32_t wanted = pages->order == LLMP_REUSE_NEWEST ? 0 : pages->window.pages;
    bool enough = pages->spare.count > 0 && (total >= wanted || total >= pages->max);
    int rc = enough || total >= bound_now(pages) ? -EAGAIN : create(pages, size, item);
    if (rc != 0 && pages->spare.count > 0) {
        *item = list_take(&pages->spare, choose_spare(pages));
        return 0;
    }
    return rc;
}

bool llmp_is_shortage(int rc) {
    return rc == -ENOSPC || rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE;
}

/*
 * Where the machine has no page more than there are, these are the bound, as long as readers can make one free. With one
 * page left nobody can, and the error is told.
 */
static int obtain_or_wait(struct llmp_page_set *pages, size_t size, struct llmp_live_page *item) {
    int rc = obtain(pages, size, item);
    if (!llmp_is_shortage(rc) || pages->policy == LLMP_PAGES_KEEP) {
        return rc;
    }
    uint32_t live = pages->live.count;
    reclaim(pages, live);
    if (pages->live.count < live) {
        rc = obtain(pages, size, item);
    }
    return llmp_is_shortage(rc) && pages->live.count > 1 ? -EAGAIN : rc;
}

static int become_newest(struct llmp_page_set *pages, struct llmp_live_page item, uint32_t sender_id,
                         size_t max_alloc) {
    item.expected = pages->receivers;
    item.reservations = pages->reservations;
    item.dismissed = 0;
    item.joined_by_proxy = 0;
    item.number = ++pages->numbered;
    llmp_page_init(item.page, item.size, sender_id, max_alloc);
    int rc = list_append(&pages->live, item);
    if (rc != 0) {
        remove_page(item);
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
    if (pages->live.count >= bound_now(pages)) {
        return -EAGAIN;
    }
    drop_undersized_spares(pages, size);
    struct llmp_live_page item;
    int rc = obtain_or_wait(pages, size, &item);
    return rc == 0 ? become_newest(pages, item, sender_id, max_alloc) : rc;
}

int llmp_pages_fill(struct llmp_page_set *pages, size_t size) {
    if (pages->max == NO_BOUND) {
        return -EINVAL;
    }
    int rc = 0;
    while (rc == 0 && pages->live.count + pages->spare.count < pages->max) {
        struct llmp_live_page item;
        rc = create(pages, size, &item);
        if (rc == 0 && (rc = list_append(&pages->spare, item)) != 0) {
            remove_page(item);
        }
    }
    return rc;
}

struct llmp_live_page *llmp_pages_oldest(const struct llmp_page_set *pages) {
    return &pages->live.items[0];
}

struct llmp_live_page *llmp_pages_newest(const struct llmp_page_set *pages) {
    return &pages->live.items[pages->live.count - 1];
}

/* ---------------------------------------------------------------- receivers that come and go */

/* Whoever is alive now began at a page that is live now, or before it: so all live pages count it alike. */
uint64_t llmp_pages_reserve(struct llmp_page_set *pages) {
    pages->reservations++;
    for (uint32_t i = 0; i < pages->live.count; i++) {
        pages->live.items[i].reservations++;
    }
    return llmp_pages_oldest(pages)->number;
}

/* Whoever said nothing but hung up has no part in the channel, and its pages may come round again. */
void llmp_pages_cancel(struct llmp_page_set *pages) {
    pages->reservations--;
    for (uint32_t i = 0; i < pages->live.count; i++) {
        pages->live.items[i].reservations--;
    }
}

/*
 * Pages go from the front alone: the page that was shown is the oldest still, or gone. If it is gone, nothing is joined:
 * whoever mapped it before joins the next page itself, and whoever did not cannot come any more.
 */
void llmp_pages_confirm(struct llmp_page_set *pages, uint64_t offered_page) {
    llmp_pages_cancel(pages);
    pages->receivers++;
    for (uint32_t i = 0; i < pages->live.count; i++) {
        pages->live.items[i].expected++;
    }
    struct llmp_live_page *oldest = llmp_pages_oldest(pages);
    if (oldest->number == offered_page) {
        oldest->joined_by_proxy++;
        llmp_add_release(&oldest->page->joined, (uint16_t)1); /* pairs with L2 */
    }
}

void llmp_pages_remove_receiver(struct llmp_page_set *pages) {
    if (pages->receivers == 0) {
        return;
    }
    pages->receivers--;
    for (uint32_t i = 0; i < pages->live.count; i++) {
        pages->live.items[i].dismissed++;
    }
}

/*
 * Expected are the dead too: counts have no names, and one of the dead may have joined in place of one who has yet to
 * come. Whoever was counted in by us is seen only when it leaves.
 *
 * L3: pairs with J1 and J2 in receiver.c: a page that was joined or left by itself is mapped.
 */
bool llmp_pages_arrived(const struct llmp_page_set *pages) {
    const struct llmp_live_page *newest = llmp_pages_newest(pages);
    const uint16_t *came = newest->joined_by_proxy == 0 ? &newest->page->joined : &newest->page->left;
    return pages->receivers == 0 || llmp_load_acquire(came) >= newest->expected; /* L3 */
}

int64_t llmp_pages_outstanding(const struct llmp_page_set *pages) {
    const struct llmp_live_page *oldest = llmp_pages_oldest(pages);
    uint32_t left = llmp_load_relaxed(&oldest->page->left); /* nothing is done to the page on the strength of this */
    uint32_t missing = left < oldest->expected ? oldest->expected - left : 0;
    return (int64_t)missing - oldest->dismissed;
}

int llmp_pages_evict_oldest(struct llmp_page_set *pages) {
    if (pages->live.count < 2) {
        return -EAGAIN;
    }
    remove_page(list_take(&pages->live, 0));
    return 0;
}
