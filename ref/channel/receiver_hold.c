/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/receiver_hold.h"

#include <errno.h>
#include <stdlib.h>

#include "channel/map_cache.h"
#include "channel/page.h"
#include "channel/receiver_state.h"
#include "os/atomic.h"

struct llmp_page_hold {
    uint32_t references; /* H1, H2 */
    uint32_t left;       /* H3, H4: the page was left, and no thread but the receiver's uses the hold any more */
    struct llmp_page *page;
    struct llmp_cached_map map;
    llmp_page_hold *next; /* of receiver->holds; only the receiver's thread uses it */
};

/*
 * J2: pairs with L1, L3 and L5 in page_readers.c, and with L8 in sender_watch.c. All reads of the page happen before the
 * count that a sender sees.
 */
static void leave(struct llmp_page *page) {
    llmp_add_release(&page->left, (uint16_t)1);
}

/* Creates the hold of the current page, with the receiver's reference. */
static int hold_page(llmp_receiver *receiver) {
    llmp_page_hold *hold = calloc(1, sizeof *hold);
    if (hold == NULL) {
        return -ENOMEM;
    }
    hold->references = 1;
    hold->page = receiver->page;
    hold->map = llmp_map_cache_take(&receiver->maps, receiver->map);
    hold->next = receiver->holds;
    receiver->holds = hold;
    receiver->hold = hold;
    return 0;
}

int llmp_receiver_hold(llmp_receiver *receiver, llmp_page_hold **out) {
    *out = NULL;
    int rc = receiver->hold == NULL ? hold_page(receiver) : 0;
    if (rc == 0) {
        llmp_add_release(&receiver->hold->references, 1u); /* no partner: the receiver's own reference keeps the hold */
        *out = receiver->hold;
    }
    return rc;
}

/*
 * H1 pairs with H2: all threads' reads of the page, made before they drop their references, happen before the last of
 * them leaves the page. The receiver joined the next page (J1) before it dropped its reference, so a sender that sees
 * this page left also sees the next one joined.
 */
void llmp_page_hold_release(llmp_page_hold *hold) {
    if (hold == NULL || llmp_add_release(&hold->references, UINT32_MAX) != 1 /* H1 */) {
        return;
    }
    (void)llmp_load_acquire(&hold->references); /* H2 */
    leave(hold->page);
    llmp_store_release(&hold->left, 1u); /* H3: pairs with H4 */
}

void llmp_receiver_leave(llmp_receiver *receiver) {
    if (receiver->hold != NULL) {
        llmp_page_hold_release(receiver->hold);
        receiver->hold = NULL;
    } else {
        leave(receiver->page);
    }
}

void llmp_receiver_collect(llmp_receiver *receiver) {
    llmp_page_hold **link = &receiver->holds;
    while (*link != NULL) {
        llmp_page_hold *hold = *link;
        if (llmp_load_acquire(&hold->left) == 0 /* H4 */) {
            link = &hold->next;
        } else {
            *link = hold->next;
            llmp_map_cache_put(&receiver->maps, hold->map);
            free(hold);
        }
    }
}

void llmp_receiver_end_holds(llmp_receiver *receiver) {
    while (receiver->holds != NULL) {
        llmp_page_hold *hold = receiver->holds;
        receiver->holds = hold->next;
        if (llmp_load_acquire(&hold->left) == 0 /* H4 */) {
            leave(hold->page);
        }
        llmp_shmem_close(hold->map.map);
        free(hold);
    }
}

uint64_t llmp_receiver_held_maps(const llmp_receiver *receiver) {
    uint64_t count = 0;
    for (const llmp_page_hold *hold = receiver->holds; hold != NULL; hold = hold->next) {
        count++;
    }
    return count;
}
