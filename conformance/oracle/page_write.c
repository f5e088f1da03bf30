/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Writes pages. The writer never reads the page, so a test may overwrite what it wrote. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/page.h"
#include "oracle/payload.h"

static void start_page(struct lc_writer *writer, struct lc_map *map) {
    uint8_t *page = map->base;
    writer->map = map;
    writer->offset = LC_PAGE_HEADER;
    writer->next_id = 1;
    lc_put32(page, LC_PAGE_SENDER_ID, writer->sender);
    lc_put16(page, LC_PAGE_JOINED, 0);
    lc_put16(page, LC_PAGE_LEFT, 0);
    lc_put64(page, LC_PAGE_SIZE_TOTAL, map->size - LC_PAGE_HEADER);
    lc_put64(page, LC_PAGE_SIZE_USED, 0);
    lc_put64(page, LC_PAGE_MAX_ALLOC, writer->max_alloc);
    lc_put32(page, LC_PAGE_HEADER + LC_MSG_TAG, LC_TAG_UNSET);
    lc_put64(page, LC_PAGE_HEADER + LC_MSG_ID, 0);
    lc_put64(page, LC_PAGE_MAGIC, LC_MAGIC);
    lc_set_current_msg_id(page, 0);
}

/* A test that writes outside the map is wrong and must not continue. */
static void require_room(const struct lc_map *map, uint64_t offset, uint64_t bytes) {
    if (offset > map->size || bytes > map->size - offset) {
        fprintf(stderr, "oracle: %" PRIu64 " bytes at offset %" PRIu64 " do not lie inside a map of %zu bytes\n", bytes,
                offset, map->size);
        abort();
    }
}

void lc_writer_start(struct lc_writer *writer, struct lc_map *map, uint32_t sender) {
    require_room(map, 0, LC_PAGE_HEADER + LC_MSG_HEADER);
    *writer = (struct lc_writer){.sender = sender};
    start_page(writer, map);
}

/* ---------------------------------------------------------------- messages */

static void put_header(const struct lc_writer *writer, uint32_t tag, uint32_t flags, uint64_t length, uint64_t padded) {
    uint8_t *slot = writer->map->base + writer->offset;
    lc_put32(slot, LC_MSG_TAG, tag);
    lc_put32(slot, LC_MSG_SENDER, writer->sender);
    lc_put32(slot, LC_MSG_BROKER, 0);
    lc_put32(slot, LC_MSG_FLAGS, flags);
    lc_put64(slot, LC_MSG_ID, writer->next_id);
    lc_put64(slot, LC_MSG_LEN, length);
    lc_put64(slot, LC_MSG_PADDED, padded);
}

/* SEND-8: the slot after the newest message is UNSET. */
static void mark_unset(const struct lc_writer *writer) {
    if (writer->offset <= writer->map->size - LC_MSG_HEADER) {
        lc_put32(writer->map->base, writer->offset + LC_MSG_TAG, LC_TAG_UNSET);
        lc_put64(writer->map->base, writer->offset + LC_MSG_ID, 0);
    }
}

static void raise_max_alloc(struct lc_writer *writer, uint64_t bytes) {
    if (bytes > writer->max_alloc) {
        writer->max_alloc = bytes;
        lc_put64(writer->map->base, LC_PAGE_MAX_ALLOC, bytes);
    }
}

/* Writes the header and moves past the slot. Returns the offset of the slot. */
static uint64_t add_slot(struct lc_writer *writer, uint32_t tag, uint32_t flags, uint64_t length) {
    uint64_t slot = writer->offset;
    uint64_t padded = lc_padded(slot, length);
    require_room(writer->map, slot, LC_MSG_HEADER);
    require_room(writer->map, slot + LC_MSG_HEADER, padded);
    put_header(writer, tag, flags, length, padded);
    raise_max_alloc(writer, LC_MSG_HEADER + padded);
    writer->offset += LC_MSG_HEADER + padded;
    writer->next_id++;
    lc_put64(writer->map->base, LC_PAGE_SIZE_USED, writer->offset - LC_PAGE_HEADER);
    mark_unset(writer);
    return slot;
}

uint64_t lc_writer_prepare(struct lc_writer *writer, uint32_t tag, uint32_t flags, uint64_t length, uint64_t seed) {
    uint64_t slot = add_slot(writer, tag, flags, length);
    lc_payload_fill(writer->map->base + slot + LC_MSG_HEADER, length, seed);
    return slot;
}

uint64_t lc_writer_prepare_bytes(struct lc_writer *writer, uint32_t tag, uint32_t flags, const void *bytes,
                                 uint64_t length) {
    uint64_t slot = add_slot(writer, tag, flags, length);
    if (length > 0) {
        memcpy(writer->map->base + slot + LC_MSG_HEADER, bytes, length);
    }
    return slot;
}

void lc_writer_commit(struct lc_writer *writer) {
    lc_set_current_msg_id(writer->map->base, writer->next_id - 1);
}

uint64_t lc_writer_send(struct lc_writer *writer, uint32_t tag, uint32_t flags, uint64_t length, uint64_t seed) {
    uint64_t slot = lc_writer_prepare(writer, tag, flags, length, seed);
    lc_writer_commit(writer);
    return slot;
}

bool lc_writer_fits(const struct lc_writer *writer, uint64_t length) {
    return lc_fits(writer->map->size - LC_PAGE_HEADER, writer->offset - LC_PAGE_HEADER, length);
}

/* ---------------------------------------------------------------- END_OF_PAGE */

/* The four bytes after the id have no meaning. They are not zero, so that a reader which compares them is detected. */
void lc_eop_payload(uint8_t bytes[LC_EOP_PAYLOAD], const struct lc_desc *desc) {
    memset(bytes, 0xEE, LC_EOP_PAYLOAD);
    memcpy(bytes, &desc->size, sizeof desc->size);
    memcpy(bytes + sizeof desc->size, desc->id, LC_ID_BYTES);
}

void lc_eop_parse(const uint8_t bytes[LC_EOP_PAYLOAD], struct lc_desc *desc) {
    memcpy(&desc->size, bytes, sizeof desc->size);
    memcpy(desc->id, bytes + sizeof desc->size, LC_ID_BYTES);
}

uint64_t lc_writer_end_page(struct lc_writer *writer, const struct lc_desc *desc) {
    uint64_t slot = writer->offset;
    require_room(writer->map, slot, LC_MSG_HEADER + LC_EOP_PAYLOAD);
    put_header(writer, LC_TAG_END_OF_PAGE, 0, LC_EOP_PAYLOAD, LC_EOP_PAYLOAD);
    lc_eop_payload(writer->map->base + slot + LC_MSG_HEADER, desc);
    lc_put64(writer->map->base, LC_PAGE_SIZE_USED, slot - LC_PAGE_HEADER + LC_EOP_ROOM);
    writer->offset += LC_MSG_HEADER + LC_EOP_PAYLOAD;
    writer->next_id++;
    lc_writer_commit(writer);
    return slot;
}

void lc_writer_turn_page(struct lc_writer *writer, struct lc_map *next) {
    struct lc_writer after = *writer;
    require_room(next, 0, LC_PAGE_HEADER + LC_MSG_HEADER);
    start_page(&after, next);
    lc_writer_end_page(writer, &next->desc);
    *writer = after;
}
