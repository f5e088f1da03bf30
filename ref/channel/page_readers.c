/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/page_readers.h"

#include "os/atomic.h"

/*
 * Receivers read pages in order, and join a page after they have read the page before it to the end. So a page that all
 * expected receivers joined proves that they have read all older pages.
 *
 * A page that was live when a receiver was removed proves nothing. Counters are anonymous: a join by the removed
 * receiver would be mistaken for the join of one that has yet to come. For the same reason,
 * llmp_sender_remove_receiver() requires that the removed receiver joins no further page.
 *
 * Receivers may still hold a page that they have read. It is safe to release it all the same: a page that was live when
 * a receiver was removed is closed and never written again, and stays readable where it is mapped.
 *
 * L4: pairs with J1 in receiver_page.c. All reads of older pages happen before the count that is loaded here.
 */
static bool all_joined_later(const struct llmp_page_set *pages) {
    for (uint32_t i = 1; i < pages->live.count; i++) {
        const struct llmp_sender_page *later = &pages->live.items[i];
        if (later->removed == 0 && llmp_load_acquire(&later->page->joined) >= later->expected /* L4 */) {
            return true;
        }
    }
    return false;
}

/*
 * L1, L2: these acquire loads pair with the release additions J1 in receiver_page.c and J2 in receiver_hold.c. All
 * reads of the page happen before the counts that are loaded here, so it may be written again. A peer that forges a
 * count causes loss of messages on this channel, and nothing else.
 */
bool llmp_pages_is_released(const struct llmp_page_set *pages, const struct llmp_sender_page *page) {
    if (page->expected == page->removed) {
        return true;
    }
    uint16_t left = llmp_load_acquire(&page->page->left);     /* L1 */
    uint16_t joined = llmp_load_acquire(&page->page->joined); /* L2 */
    if (left >= page->expected && left >= joined) {
        return true;
    }
    return page->removed != 0 && all_joined_later(pages);
}

/*
 * L5: pairs with J1 and J2, as L1 and L2 do and in the same order. The counters are loaded again
 * because llmp_pages_is_released() does not load them if no receiver is expected.
 */
bool llmp_pages_is_reusable(const struct llmp_page_set *pages, const struct llmp_sender_page *page) {
    uint16_t left = llmp_load_acquire(&page->page->left);     /* L5 */
    uint16_t joined = llmp_load_acquire(&page->page->joined); /* L5 */
    return pages->policy == LLMP_PAGES_REUSE && page->removed == 0 && page->reservations == 0 && left >= joined;
}

/* Every receiver started at a page that is live now or at an older one, so all live pages count it alike. */
uint64_t llmp_pages_reserve(struct llmp_page_set *pages) {
    pages->reservations++;
    for (uint32_t i = 0; i < pages->live.count; i++) {
        pages->live.items[i].reservations++;
    }
    return llmp_pages_oldest(pages)->number;
}

void llmp_pages_cancel(struct llmp_page_set *pages) {
    pages->reservations--;
    for (uint32_t i = 0; i < pages->live.count; i++) {
        pages->live.items[i].reservations--;
    }
}

/*
 * Pages are removed in order, so the offered page is still the oldest one or has been removed. In the latter case no
 * page is joined: a receiver that mapped the offered page in time joins the next page itself, and one that did not can
 * no longer come.
 */
void llmp_pages_confirm(struct llmp_page_set *pages, uint64_t offered_page) {
    llmp_pages_cancel(pages);
    pages->receivers++;
    for (uint32_t i = 0; i < pages->live.count; i++) {
        pages->live.items[i].expected++;
    }
    struct llmp_sender_page *oldest = llmp_pages_oldest(pages);
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
        pages->live.items[i].removed++;
    }
}

/*
 * Removed receivers are expected here, too: one of them may have joined the page in place of a receiver that has yet to
 * come. A receiver that was joined by proxy is known to have mapped the page only when it leaves it.
 *
 * L3: pairs with J1 in receiver_page.c and J2 in receiver_hold.c. A receiver that joined or left the page itself has mapped it.
 */
bool llmp_pages_arrived(const struct llmp_page_set *pages) {
    const struct llmp_sender_page *newest = llmp_pages_newest(pages);
    const uint16_t *arrived = newest->joined_by_proxy == 0 ? &newest->page->joined : &newest->page->left;
    return pages->receivers == 0 || llmp_load_acquire(arrived) >= newest->expected; /* L3 */
}

/* A relaxed load is enough, because no page is written again on the strength of this figure. */
int64_t llmp_pages_outstanding(const struct llmp_page_set *pages) {
    const struct llmp_sender_page *oldest = llmp_pages_oldest(pages);
    uint32_t left = llmp_load_relaxed(&oldest->page->left);
    uint32_t missing = left < oldest->expected ? oldest->expected - left : 0;
    return (int64_t)missing - oldest->removed;
}
