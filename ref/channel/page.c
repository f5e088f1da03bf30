/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/page.h"

#include "os/atomic.h"

/*@ requires n <= LLMP_PAGE_SIZE_LIMIT;
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures llmp_power_of_two(\result) && n <= \result;
  @ ensures \result == 1 || \result / 2 < n;
  @*/
static size_t next_power_of_two(size_t n) {
    size_t power = 1;
    /*@ loop invariant llmp_power_of_two(power) && 1 <= power && (power == 1 || power / 2 < n);
      @ loop assigns power;
      @ loop variant n - power;
      @*/
    while (power < n) {
        power *= 2;
    }
    return power;
}

size_t llmp_page_next_size(size_t max_alloc, size_t initial_size) {
    const size_t extra = LLMP_EOP_ROOM + LLMP_PAGE_HEADER;
    if (max_alloc > (LLMP_PAGE_SIZE_LIMIT - extra) / 2 || initial_size > LLMP_PAGE_SIZE_LIMIT + 1) {
        return LLMP_PAGE_SIZE_LIMIT;
    }
    size_t wanted = 2 * max_alloc + extra;
    return next_power_of_two(wanted >= initial_size ? wanted : initial_size - 1);
}

/* The magic is stored atomically, because receivers that have the page mapped from its last use may load it. */
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
        return -LLMP_E_PAGE_TOO_SMALL;
    }
    uint64_t magic = llmp_load_relaxed(&page->magic);
    if (magic == LLMP_PAGE_MAGIC_RETIRED) {
        return -LLMP_E_PAGE_RETIRED;
    }
    return magic == LLMP_PAGE_MAGIC ? 0 : -LLMP_E_PAGE_MAGIC;
}

void llmp_eop_put(struct llmp_eop *eop, const llmp_shmem_desc *desc) {
    eop->map_size = desc->size;
    eop->padding = 0;
    /*@ loop invariant 0 <= i <= LLMP_SHMEM_ID_SIZE;
      @ loop invariant \forall integer j; 0 <= j < i ==> eop->id.bytes[j] == desc->id.bytes[j];
      @ loop assigns i, eop->id.bytes[0 .. LLMP_SHMEM_ID_SIZE - 1];
      @ loop variant LLMP_SHMEM_ID_SIZE - i;
      @*/
    for (size_t i = 0; i < LLMP_SHMEM_ID_SIZE; i++) {
        eop->id.bytes[i] = desc->id.bytes[i];
    }
}

void llmp_eop_take(const struct llmp_eop *eop, llmp_shmem_desc *desc) {
    desc->size = llmp_load_relaxed(&eop->map_size);
    /*@ loop invariant 0 <= i <= LLMP_SHMEM_ID_SIZE;
      @ loop invariant llmp_loads == \at(llmp_loads, Pre) + 1 + i;
      @ loop invariant \forall integer j; 0 <= j < i
      @     ==> desc->id.bytes[j] == llmp_seen_char(&eop->id.bytes[j], \at(llmp_loads, Pre) + 1 + j);
      @ loop assigns i, llmp_loads, desc->id.bytes[0 .. LLMP_SHMEM_ID_SIZE - 1];
      @ loop variant LLMP_SHMEM_ID_SIZE - i;
      @*/
    for (size_t i = 0; i < LLMP_SHMEM_ID_SIZE; i++) {
        desc->id.bytes[i] = llmp_load_relaxed(&eop->id.bytes[i]);
    }
}
