/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/sender_watch.h"

#include "channel/sender_state.h"
#include "os/atomic.h"
#include "os/os.h"

/*
 * Returns the newest page that a receiver has joined, or the oldest live one.
 *
 * L6, L7, L8: these loads pair with J1 in receiver_page.c and J2 in receiver_hold.c. A receiver joins the next page
 * before it leaves a page, so `left` is loaded after `joined`. No page is written again on the strength of these counts.
 */
static const struct llmp_sender_page *newest_joined(const struct llmp_page_set *pages) {
    uint32_t i = pages->live.count - 1;
    while (i > 0 && llmp_load_acquire(&pages->live.items[i].page->joined) == 0 /* L6 */) {
        i--;
    }
    return &pages->live.items[i];
}

/* LibAFL's brokers do not join the first page of a channel. */
static bool is_passed_by(const struct llmp_sender_page *page) {
    return page->number > 1 && llmp_load_acquire(&page->page->joined) == 0; /* L7 */
}

static bool is_left(const struct llmp_sender_page *page) {
    return page->expected > 0 && llmp_load_acquire(&page->page->left) >= page->expected; /* L8 */
}

static bool is_on_no_page_for_long(llmp_sender *sender) {
    const int64_t now = llmp_os_now();
    sender->behind_since = sender->behind_since != 0 ? sender->behind_since : now;
    return now - sender->behind_since >= LLMP_ABANDONED_NS;
}

/*
 * A receiver joins the next page (J1) before it leaves a page (J2). On the page that is being written, it finds no
 * END_OF_PAGE, so it leaves it only at its end.
 */
static bool is_abandoned(llmp_sender *sender) {
    const struct llmp_sender_page *page = newest_joined(&sender->pages);
    const bool left = is_left(page);
    if (left && page == llmp_pages_newest(&sender->pages)) {
        return true;
    }
    if (left || is_passed_by(page)) {
        return is_on_no_page_for_long(sender);
    }
    sender->behind_since = 0;
    return false;
}

bool llmp_sender_has_exited(const llmp_sender *sender) {
    return sender->exited;
}

void llmp_sender_watch(llmp_sender *sender) {
    sender->watched = true;
}

bool llmp_sender_is_abandoned(llmp_sender *sender) {
    sender->abandoned = sender->abandoned || (sender->watched && is_abandoned(sender));
    return sender->abandoned;
}
