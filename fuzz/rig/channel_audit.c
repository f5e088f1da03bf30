/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/channel.h"

#include <string.h>

#include "oracle/layout.h"
#include "rig/check.h"
#include "rig/maps.h"
#include "rig/reader.h"

static uint64_t u64_at(int segment, size_t offset) {
    uint64_t value;
    memcpy(&value, fuzz_maps_bytes(segment) + offset, sizeof value);
    return value;
}

static void audit_slot(const struct fuzz_next *next) {
    uint64_t begin = next->offset + LC_MSG_HEADER;
    uint64_t padded = (begin + next->length + LC_LINE - 1) / LC_LINE * LC_LINE - begin;
    FUZZ_CHECK(u64_at(next->segment, next->offset + LC_MSG_PADDED) == padded, "MSG-1 at offset %zu", next->offset);
    FUZZ_CHECK(u64_at(next->segment, LC_PAGE_SIZE_TOTAL) == fuzz_maps_size(next->segment) - LC_PAGE_HEADER, "PAGE");
    FUZZ_CHECK(begin + padded + LC_EOP_ROOM <= fuzz_maps_size(next->segment), "SEND-1 at offset %zu", next->offset);
}

static void audit_message(const struct fuzz_next *next, uint32_t number) {
    llmp_message message = {
        .tag = next->tag,
        .sender = next->sender,
        .broker = next->broker,
        .flags = next->flags,
        .id = next->id,
        .length = next->length,
        .payload = fuzz_maps_bytes(next->segment) + next->offset + LC_MSG_HEADER,
    };
    fuzz_ledger_expect(&fuzz_channel.sent, number, &message);
    audit_slot(next);
}

void fuzz_audit(void) {
    struct fuzz_reader reader = {.max_page_size = FUZZ_SEGMENT_MAX};
    llmp_shmem_desc desc = llmp_sender_describe(fuzz_channel.sender);
    FUZZ_CHECK(fuzz_reader_begin(&reader, desc.size, desc.id.bytes, true) == 0, "the oldest page is not a page");
    struct fuzz_next next = fuzz_reader_next(&reader);
    uint32_t number = next.tag - FUZZ_TAG_FIRST;
    bool any = next.kind == FUZZ_NEXT_MESSAGE;
    for (; next.kind == FUZZ_NEXT_MESSAGE; next = fuzz_reader_next(&reader)) {
        audit_message(&next, number++);
    }
    FUZZ_CHECK(next.kind == (fuzz_channel.exited ? FUZZ_NEXT_CLOSED : FUZZ_NEXT_NONE), "errors %llx",
               (unsigned long long)next.errors);
    FUZZ_CHECK(!any || number >= fuzz_channel.visible, "message %u of %u is missing", number, fuzz_channel.visible);
}
