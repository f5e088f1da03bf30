/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/page_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os/atomic.h"

int llmp_page_list_append(struct llmp_page_list *list, struct llmp_sender_page page) {
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity != 0 ? 2 * list->capacity : 8;
        struct llmp_sender_page *items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL) {
            return -ENOMEM;
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = page;
    return 0;
}

struct llmp_sender_page llmp_page_list_take(struct llmp_page_list *list, uint32_t index) {
    struct llmp_sender_page page = list->items[index];
    list->count--;
    memmove(list->items + index, list->items + index + 1, (list->count - index) * sizeof page);
    return page;
}

void llmp_page_list_fini(struct llmp_page_list *list) {
    for (uint32_t i = 0; i < list->count; i++) {
        llmp_shmem_close(list->items[i].map);
    }
    free(list->items);
    *list = (struct llmp_page_list){0};
}

/*
 * M1: read by is_current() in map_cache.c. Relaxed is enough, because a receiver reads the magic only after an
 * END_OF_PAGE that S1 published later.
 */
void llmp_sender_page_mark_retired(struct llmp_sender_page *page) {
    llmp_store_relaxed(&page->page->magic, LLMP_PAGE_MAGIC_RETIRED);
}

void llmp_sender_page_remove(struct llmp_sender_page page) {
    llmp_sender_page_mark_retired(&page);
    llmp_shmem_close(page.map);
}
