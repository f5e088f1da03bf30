/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/channel.h"

#include <string.h>

#include "oracle/layout.h"
#include "rig/check.h"
#include "rig/maps.h"
#include "rig/reader.h"

static uint64_t wire(int segment, size_t offset) {
    uint64_t value;
    memcpy(&value, fuzz_maps_bytes(segment) + offset, sizeof value);
    return value;
}

static void audit_slot(const struct fuzz_next *next) {
    uint64_t begin = next->offset + LC_MSG_HEADER;
    uint64_t padded = (begin + next->length + LC_LINE - 1) / LC_LINE * LC_LINE - begin;
    FUZZ_CHECK(wire(next->segment, next->offset + LC_MSG_PADDED) == padded, "MSG-1 at offset %zu", next->offset);
    FUZZ_CHECK(wire(next->segment, LC_PAGE_SIZE_TOTAL) == fuzz_maps_size(next->segment) - LC_PAGE_HEADER, "PAGE");
    FUZZ_CHECK(begin + padded + LC_EOP_ROOM <= fuzz_maps_size(next->segment), "SEND-1 at offset %zu", next->offset);
}

/* A reader that has nothing of the library's reads what is kept, from its oldest page to its end. */
void fuzz_audit(void) {
    struct fuzz_reader reader = {.most_page = FUZZ_SEGMENT_MAX};
    llmp_shmem_desc desc = llmp_sender_describe(fuzz_channel.sender);
    FUZZ_CHECK(fuzz_reader_begin(&reader, desc.size, desc.id.bytes, true) == 0, "the oldest page is none");
    struct fuzz_next next = fuzz_reader_next(&reader);
    uint32_t number = next.tag - FUZZ_TAG_FIRST;
    bool any = next.kind == FUZZ_NEXT_MESSAGE;
    for (; next.kind == FUZZ_NEXT_MESSAGE; next = fuzz_reader_next(&reader)) {
        llmp_message message = {
            .tag = next.tag,
            .sender = next.sender,
            .broker = next.broker,
            .flags = next.flags,
            .id = next.id,
            .length = next.length,
            .payload = fuzz_maps_bytes(next.segment) + next.offset + LC_MSG_HEADER,
        };
        fuzz_ledger_expect(&fuzz_channel.sent, number++, &message);
        audit_slot(&next);
    }
    FUZZ_CHECK(next.kind == (fuzz_channel.exited ? FUZZ_NEXT_CLOSED : FUZZ_NEXT_NONE), "broken: %llx",
               (unsigned long long)next.broken);
    FUZZ_CHECK(!any || number >= fuzz_channel.visible, "message %u of %u is not there", number, fuzz_channel.visible);
}
