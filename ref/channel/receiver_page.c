/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/receiver_page.h"

#include <string.h>

#include "channel/map_cache.h"
#include "channel/page.h"
#include "channel/receiver_hold.h"
#include "channel/receiver_state.h"
#include "os/atomic.h"

/*
 * J1: pairs with L2, L3, L4 and L5 in page_readers.c, and with L6 and L7 in sender_watch.c. A sender that sees the count
 * knows that the page is mapped.
 */
static void join(struct llmp_page *page) {
    llmp_add_release(&page->joined, (uint16_t)1);
}

static void set_page(llmp_receiver *receiver, llmp_shmem *map) {
    receiver->map = map;
    receiver->page = llmp_shmem_data(map);
    receiver->size = llmp_shmem_size(map);
    receiver->offset = LLMP_PAGE_HEADER;
    receiver->batch_start = LLMP_PAGE_HEADER;
    receiver->last_id = 0;
    receiver->known_id = 0;
}

/* Returns the map of a description if a receiver may start on that page (PAGE-3), and its guard allows it. */
static int open_page(llmp_receiver *receiver, const llmp_shmem_desc *desc, bool follows, llmp_shmem **map) {
    int rc = llmp_map_cache_get(&receiver->maps, desc, map);
    if (rc == 0) {
        rc = llmp_page_check(llmp_shmem_data(*map), llmp_shmem_size(*map));
    }
    const struct llmp_page_guard *guard = &receiver->guard;
    return rc == 0 && guard->may_join != NULL ? guard->may_join(guard->context, *map, follows) : rc;
}

int llmp_receiver_start(llmp_receiver *receiver, const llmp_shmem_desc *desc, bool pre_joined) {
    if (desc->size > receiver->max_page_size) {
        return -LLMP_E_EOP_SIZE;
    }
    llmp_shmem *map;
    int rc = open_page(receiver, desc, false, &map);
    if (rc == 0) {
        set_page(receiver, map);
        if (!pre_joined) {
            join(receiver->page);
        }
    }
    return rc;
}

/* The order is map, join, leave: the old page stays readable until the receiver has the new one (EOP-5). */
int llmp_receiver_follow(llmp_receiver *receiver, const void *payload) {
    llmp_shmem_desc desc;
    llmp_eop_read(payload, &desc);
    llmp_shmem_desc here = llmp_shmem_describe(receiver->map);
    if (strncmp(desc.id.bytes, here.id.bytes, sizeof desc.id.bytes) == 0) {
        return -LLMP_E_EOP_SELF;
    }
    if (desc.size > receiver->max_page_size) {
        return -LLMP_E_EOP_SIZE;
    }
    llmp_receiver_collect(receiver); /* it may be one of these maps that is named */
    llmp_shmem *next;
    int rc = open_page(receiver, &desc, true, &next);
    if (rc == -LLMP_E_NO_SEGMENT || rc == -LLMP_E_PAGE_RETIRED) {
        return -LLMP_E_EOP_GONE; /* a retired segment can be opened as long as a process has it mapped */
    }
    if (rc != 0) {
        return rc;
    }
    join(llmp_shmem_data(next));
    llmp_receiver_leave(receiver);
    set_page(receiver, next);
    receiver->pages_turned++;
    return 0;
}
