/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/page.h"

#include <string.h>

#include "os/atomic.h"

static size_t next_power_of_two(size_t n) {
    size_t power = 1;
    while (power < n) {
        power *= 2;
    }
    return power;
}

size_t llmp_page_next_size(size_t max_alloc, size_t initial_size) {
    size_t wanted = 2 * max_alloc + LLMP_EOP_ROOM + LLMP_PAGE_HEADER;
    return next_power_of_two(wanted > initial_size - 1 ? wanted : initial_size - 1);
}

/* The magic is read by receivers that still have an older life of this page mapped, hence atomically. */
void llmp_page_init(struct llmp_page *page, size_t map_size, uint32_t sender_id, size_t max_alloc) {
    page->sender_id = sender_id;
    llmp_store_relaxed(&page->joined, 0);
    llmp_store_relaxed(&page->left, 0);
    llmp_store_relaxed(&page->current_msg_id, 0);
    page->size_total = map_size - LLMP_PAGE_HEADER;
    page->size_used = 0;
    page->max_alloc_size = max_alloc;
    struct llmp_slot *first = llmp_slot_at(page, LLMP_PAGE_HEADER);
    first->message_id = 0;
    first->tag = LLMP_TAG_UNSET;
    llmp_store_relaxed(&page->magic, LLMP_PAGE_MAGIC);
}

int llmp_page_check(const struct llmp_page *page, size_t map_size) {
    if (map_size < LLMP_PAGE_HEADER + LLMP_SLOT_HEADER) {
        return -LLMP_E_PAGE_SMALL;
    }
    uint64_t magic = llmp_load_relaxed(&page->magic);
    if (magic == LLMP_PAGE_MAGIC_GIVEN_UP) {
        return -LLMP_E_PAGE_GIVEN_UP;
    }
    return magic == LLMP_PAGE_MAGIC ? 0 : -LLMP_E_PAGE_MAGIC;
}

void llmp_eop_write(void *payload, const llmp_shmem_desc *desc) {
    uint64_t size = desc->size;
    memset(payload, 0, LLMP_EOP_PAYLOAD);
    memcpy(payload, &size, sizeof size);
    memcpy((unsigned char *)payload + sizeof size, desc->id.bytes, sizeof desc->id.bytes);
}

void llmp_eop_read(const void *payload, llmp_shmem_desc *desc) {
    uint64_t words[LLMP_EOP_PAYLOAD / sizeof(uint64_t)];
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        words[i] = llmp_load_relaxed((const uint64_t *)payload + i);
    }
    desc->size = words[0];
    memcpy(desc->id.bytes, words + 1, sizeof desc->id.bytes);
}
