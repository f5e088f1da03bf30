/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "raw_page.h"

#include <string.h>

struct raw_page raw_page_new(size_t size) {
    struct raw_page raw = {0};
    assert_ok(llmp_shmem_create(llmp_shmem_provider_find("sysv"), size, NULL, &raw.map));
    raw.page = llmp_shmem_data(raw.map);
    llmp_page_init(raw.page, size, 3, 0);
    return raw;
}

void raw_page_free(struct raw_page *raw) {
    llmp_receiver_free(raw->receiver);
    llmp_shmem_close(raw->map);
}

int raw_page_open(struct raw_page *raw) {
    llmp_shmem_desc desc = llmp_shmem_describe(raw->map);
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv")};
    return llmp_receiver_new(&desc, &options, &raw->receiver);
}

struct llmp_slot *raw_page_slot(const struct raw_page *raw, size_t offset) {
    return llmp_slot_at(raw->page, offset);
}

void raw_page_put(const struct raw_page *raw, size_t offset, struct llmp_slot slot) {
    memcpy(raw_page_slot(raw, offset), &slot, sizeof slot);
}

size_t raw_page_put_messages(const struct raw_page *raw, uint64_t count) {
    size_t offset = LLMP_PAGE_HEADER;
    for (uint64_t id = 1; id <= count; id++) {
        size_t padded = llmp_slot_padded(offset, 0);
        raw_page_put(raw, offset, (struct llmp_slot){.tag = (uint32_t)id, .message_id = id, .buf_len_padded = padded});
        offset += LLMP_SLOT_HEADER + padded;
    }
    raw->page->current_msg_id = count;
    return offset;
}

void raw_page_end(const struct raw_page *raw, size_t offset, uint64_t id, const llmp_shmem_desc *next) {
    raw_page_put(
        raw, offset,
        (struct llmp_slot){.tag = LLMP_TAG_END_OF_PAGE, .message_id = id, .buf_len = 32, .buf_len_padded = 32});
    llmp_eop_write(raw_page_slot(raw, offset) + 1, next);
    raw->page->current_msg_id = id;
}
