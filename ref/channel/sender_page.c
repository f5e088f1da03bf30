/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Getting from a full page to the next one, and waiting until receivers free a page. */
#include "channel/sender_page.h"

#include <errno.h>

#include "channel/page.h"
#include "channel/pages.h"
#include "channel/sender_state.h"
#include "channel/sender_watch.h"
#include "channel/shortage.h"
#include "channel/wait.h"

/* A sender with a timeout keeps to its window for this long. Then it uses every page that max_pages allows. */
#define PACE_NS 10000000

/* Every allocation left room for this message (SEND-1), and the page that it names is initialised already (EOP-3). */
static void write_end_of_page(llmp_sender *sender, const llmp_shmem *next) {
    struct llmp_slot *slot = llmp_sender_next_slot(sender);
    llmp_shmem_desc desc = llmp_shmem_describe(next);
    *slot = (struct llmp_slot){
        .tag = LLMP_TAG_END_OF_PAGE,
        .sender = sender->id,
        .message_id = ++sender->last_id,
        .buf_len = LLMP_EOP_PAYLOAD,
        .buf_len_padded = LLMP_EOP_PAYLOAD,
    };
    llmp_eop_write(llmp_slot_payload(slot), &desc);
    sender->used += LLMP_EOP_ROOM;
    llmp_sender_publish(sender);
}

static int try_turn(llmp_sender *sender, bool ignore_window) {
    size_t size = llmp_page_next_size(sender->max_alloc, sender->page_size);
    int rc = llmp_pages_turn(&sender->pages, size, sender->id, sender->max_alloc, ignore_window);
    if (rc != 0) {
        return rc;
    }
    write_end_of_page(sender, llmp_pages_newest(&sender->pages)->map);
    llmp_sender_take_newest(sender);
    sender->pages_turned++;
    llmp_window_turn(&sender->pages.window, llmp_os_now());
    return 0;
}

/* Returns true if receivers, or other users of memory, can change the result. */
static bool may_change(const llmp_sender *sender, int rc) {
    bool too_large = llmp_page_next_size(sender->max_alloc, sender->page_size) > llmp_os_memory_size();
    return rc == -EAGAIN || (llmp_is_shortage(rc) && !too_large);
}

/*
 * The caller has published everything: a receiver that waits for messages of an unpublished batch never frees a page.
 */
static int wait_for_page(llmp_sender *sender, int64_t timeout_ns, int rc) {
    struct llmp_deadline deadline = llmp_deadline_in(timeout_ns);
    struct llmp_deadline pace = llmp_deadline_in(PACE_NS);
    struct llmp_waiter waiter;
    llmp_waiter_init(&waiter, sender->wait);
    struct llmp_waiter slow; /* an attempt to create a page costs more than a look at the counters of the oldest one */
    llmp_waiter_init(&slow, LLMP_WAIT_SLEEP);
    bool in_time = true;
    while (may_change(sender, rc) && in_time) {
        in_time = llmp_waiter_step(rc == -EAGAIN ? &waiter : &slow, deadline);
        sender->over_window = !in_time || llmp_deadline_passed(pace);
        rc = llmp_sender_is_abandoned(sender) ? -LLMP_E_REMOVED : try_turn(sender, sender->over_window);
    }
    return rc == -EAGAIN && timeout_ns != LLMP_NOWAIT ? -ETIMEDOUT : rc;
}

int llmp_sender_turn_page(llmp_sender *sender, int64_t timeout_ns) {
    if (llmp_sender_is_abandoned(sender)) {
        return -LLMP_E_REMOVED;
    }
    int rc = try_turn(sender, timeout_ns == LLMP_NOWAIT || sender->over_window);
    if (!may_change(sender, rc)) {
        sender->over_window = sender->over_window && sender->pages.live.count > sender->pages.window.pages;
        return rc;
    }
    if (sender->published != sender->last_id) {
        llmp_sender_publish(sender);
    }
    return rc == -EAGAIN || timeout_ns != LLMP_NOWAIT ? wait_for_page(sender, timeout_ns, rc) : rc;
}
