/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "oracle/page_check.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/* ---------------------------------------------------------------- a page without messages */

enum { EMPTY_CHECKS = 50 };

static void pause_ms(long ms) {
    (void)nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* max_alloc_size is 0 until the first allocation. */
static bool was_never_allocated(const uint8_t *page) {
    return lc_get64(page, LC_PAGE_MAX_ALLOC) == 0;
}

/* On a page without messages the first slot is fresh, or its message is allocated or was cancelled. */
static bool first_slot_is_empty(const uint8_t *page, bool was_never_used) {
    uint64_t id = lc_get64(page, LC_PAGE_HEADER + LC_MSG_ID);
    uint32_t tag = lc_get32(page, LC_PAGE_HEADER + LC_MSG_TAG);
    return (id == 0 && tag == LC_TAG_UNSET) || (id == 1 && !was_never_used);
}

static bool looks_empty(const uint8_t *page, bool first) {
    bool was_never_used = first && was_never_allocated(page);
    if (was_never_used && lc_get64(page, LC_PAGE_SIZE_USED) != 0) {
        return false;
    }
    return first_slot_is_empty(page, was_never_used);
}

/* The sender may write between two of these reads, so the page is invalid only if every one of 50 checks fails. */
static bool is_empty_or_used(const uint8_t *page, bool first) {
    for (int i = 0; i < EMPTY_CHECKS; i++) {
        if (lc_current_msg_id(page) != 0 || looks_empty(page, first)) {
            return true;
        }
        pause_ms(1);
    }
    return false;
}

static int set_not_empty(struct lc_finding *finding, const char *requirement, uint64_t offset, const uint8_t *page) {
    return lc_finding_set(finding, requirement, offset,
                          "a page without messages: size_used 0, first slot with tag UNSET and message_id 0",
                          LC_TEXT("size_used %" PRIu64 ", tag 0x%08" PRIX32 ", message_id %" PRIu64,
                                  lc_get64(page, LC_PAGE_SIZE_USED), lc_get32(page, LC_PAGE_HEADER + LC_MSG_TAG),
                                  lc_get64(page, LC_PAGE_HEADER + LC_MSG_ID)));
}

/* ---------------------------------------------------------------- the page that a reader starts on */

static int check_size_total(const struct lc_map *map, struct lc_finding *finding, uint64_t offset) {
    uint64_t seen = lc_get64(map->base, LC_PAGE_SIZE_TOTAL);
    if (seen == map->size - LC_PAGE_HEADER) {
        return 0;
    }
    return lc_finding_set(finding, "PAGE-4", offset,
                          LC_TEXT("size_total %zu for a map of %zu bytes", map->size - LC_PAGE_HEADER, map->size),
                          LC_TEXT("%" PRIu64, seen));
}

static bool has_room(const struct lc_map *map) {
    return lc_map_backed(map) >= LC_PAGE_HEADER + LC_MSG_HEADER;
}

static int check_magic(const struct lc_map *map, struct lc_finding *finding) {
    if (!has_room(map)) {
        return lc_finding_set(finding, "PAGE-3", 0, "a map with room for a page header and a message header",
                              LC_TEXT("%zu bytes", map->size));
    }
    uint64_t magic = lc_get64(map->base, LC_PAGE_MAGIC);
    if (magic == LC_MAGIC) {
        return 0;
    }
    return lc_finding_set(finding, "PAGE-3", LC_PAGE_MAGIC, LC_TEXT("magic 0x%" PRIX64, LC_MAGIC),
                          LC_TEXT("0x%" PRIX64, magic));
}

static int check_claim(const struct lc_map *map, struct lc_finding *finding) {
    if (!lc_desc_is_terminated(&map->desc)) {
        return lc_finding_set(finding, "ID-1", 0, "an id that ends with a NUL, and zeros after it",
                              lc_desc_show(&map->desc));
    }
    if (map->desc.size == map->size) {
        return 0;
    }
    return lc_finding_set(finding, "ID-2", 0, LC_TEXT("a description with the size of the map, %zu", map->size),
                          LC_TEXT("%" PRIu64, map->desc.size));
}

int lc_check_first_page(const struct lc_map *map, struct lc_finding *finding) {
    int rc = check_claim(map, finding);
    rc = rc != 0 ? rc : check_magic(map, finding);
    rc = rc != 0 ? rc : check_size_total(map, finding, LC_PAGE_SIZE_TOTAL);
    if (rc == 0 && !is_empty_or_used(map->base, true)) {
        rc = set_not_empty(finding, "PAGE-1", LC_PAGE_HEADER, map->base);
    }
    return rc;
}

int lc_page_check_fresh(const struct lc_map *map, struct lc_finding *finding) {
    int rc = check_magic(map, finding);
    rc = rc != 0 ? rc : check_size_total(map, finding, LC_PAGE_SIZE_TOTAL);
    if (rc != 0) {
        return rc;
    }
    unsigned joined = lc_get16(map->base, LC_PAGE_JOINED);
    unsigned left = lc_get16(map->base, LC_PAGE_LEFT);
    uint64_t current = lc_current_msg_id(map->base);
    if (joined != 0 || left != 0) {
        return lc_finding_set(finding, "PAGE-1", LC_PAGE_JOINED, "receivers_joined_count 0, receivers_left_count 0",
                              LC_TEXT("%u, %u", joined, left));
    }
    if (current != 0) {
        return lc_finding_set(finding, "PAGE-1", LC_PAGE_CURRENT_MSG_ID, "current_msg_id 0",
                              LC_TEXT("%" PRIu64, current));
    }
    if (lc_get64(map->base, LC_PAGE_SIZE_USED) != 0 || !first_slot_is_empty(map->base, true)) {
        return set_not_empty(finding, "PAGE-1", LC_PAGE_HEADER, map->base);
    }
    return 0;
}

/* ---------------------------------------------------------------- the page that END_OF_PAGE names */

static bool was_seen(const struct lc_reader *reader, const struct lc_desc *desc) {
    for (size_t i = 0; i < reader->seen_count; i++) {
        if (memcmp(reader->seen[i].id, desc->id, LC_ID_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

int lc_check_next_desc(const struct lc_reader *reader, const struct lc_message *end, const struct lc_desc *desc,
                       struct lc_finding *finding) {
    uint64_t at = end->offset + LC_MSG_HEADER + sizeof desc->size;
    if (!lc_desc_is_terminated(desc)) {
        return lc_finding_set(finding, "ID-1", at, "an id that ends with a NUL, and zeros after it",
                              lc_desc_show(desc));
    }
    if (memcmp(desc->id, reader->map.desc.id, LC_ID_BYTES) == 0) {
        return lc_finding_set(finding, "EOP-10", at, "END_OF_PAGE that names another page", lc_desc_show(desc));
    }
    return 0;
}

static int check_next_size(const struct lc_reader *reader, const struct lc_map *next, uint64_t at,
                           struct lc_finding *finding) {
    uint64_t max_alloc = lc_get64(reader->map.base, LC_PAGE_MAX_ALLOC);
    uint64_t wanted = lc_next_size(max_alloc, reader->initial_size);
    bool may_be_larger = was_seen(reader, &next->desc);
    if (wanted != 0 && (next->size == wanted || (next->size > wanted && may_be_larger))) {
        return 0;
    }
    return lc_finding_set(finding, "EOP-4", at,
                          LC_TEXT("a map of %" PRIu64 " bytes (max_alloc_size %" PRIu64 ", first map %" PRIu64
                                  " bytes)",
                                  wanted, max_alloc, reader->initial_size),
                          LC_TEXT("%zu", next->size));
}

static int check_next_header(const struct lc_reader *reader, const struct lc_map *next, uint64_t at,
                             struct lc_finding *finding) {
    uint32_t sender = lc_get32(reader->map.base, LC_PAGE_SENDER_ID);
    uint32_t next_sender = lc_get32(next->base, LC_PAGE_SENDER_ID);
    uint64_t reached = lc_get64(reader->map.base, LC_PAGE_MAX_ALLOC);
    uint64_t next_reached = lc_get64(next->base, LC_PAGE_MAX_ALLOC);
    if (next_sender != sender) {
        return lc_finding_set(finding, "EOP-3", at,
                              LC_TEXT("sender_id %" PRIu32 " on the next page, as on this one", sender),
                              LC_TEXT("%" PRIu32, next_sender));
    }
    if (next_reached < reached) {
        return lc_finding_set(
            finding, "EOP-3", at,
            LC_TEXT("max_alloc_size of at least %" PRIu64 " on the next page, as on this one", reached),
            LC_TEXT("%" PRIu64, next_reached));
    }
    return check_next_size(reader, next, at, finding);
}

int lc_check_next_page(const struct lc_reader *reader, const struct lc_message *end, const struct lc_map *next,
                       struct lc_finding *finding) {
    uint64_t at = end->offset + LC_MSG_HEADER;
    if (next->desc.size != next->size) {
        return lc_finding_set(finding, "EOP-1", at, LC_TEXT("the size of the next map, %zu", next->size),
                              LC_TEXT("%" PRIu64, next->desc.size));
    }
    if (!has_room(next)) {
        return lc_finding_set(finding, "EOP-3", at, "a next page with room for a page header and a message header",
                              LC_TEXT("%zu bytes", next->size));
    }
    uint64_t magic = lc_get64(next->base, LC_PAGE_MAGIC);
    if (magic != LC_MAGIC) {
        return lc_finding_set(finding, "EOP-3", at, "an initialised next page", LC_TEXT("magic 0x%" PRIX64, magic));
    }
    int rc = check_size_total(next, finding, at);
    if (rc == 0 && !is_empty_or_used(next->base, false)) {
        rc = set_not_empty(finding, was_seen(reader, &next->desc) ? "EOP-12" : "EOP-3", at, next->base);
    }
    return rc != 0 || reader->ignore_header ? rc : check_next_header(reader, next, at, finding);
}

/* ---------------------------------------------------------------- the sum of the slots */

/* Returns what the slot adds to size_used, or 0 if it does not lie inside the map. Moves `offset` to the next slot. */
static uint64_t slot_share(const struct lc_map *map, uint64_t *offset) {
    if (*offset > map->size - LC_MSG_HEADER) {
        return 0;
    }
    struct lc_message message = lc_message_copy(map, *offset);
    if (message.padded > map->size - LC_MSG_HEADER - *offset) {
        return 0;
    }
    *offset += LC_MSG_HEADER + message.padded;
    return message.tag == LC_TAG_END_OF_PAGE ? LC_EOP_ROOM : LC_MSG_HEADER + message.padded;
}

int lc_page_check_used(const struct lc_map *map, struct lc_finding *finding) {
    uint64_t sum = 0;
    uint64_t offset = LC_PAGE_HEADER;
    if (!has_room(map)) {
        return check_magic(map, finding);
    }
    uint64_t current = lc_current_msg_id(map->base);
    for (uint64_t id = 1; id <= current; id++) {
        uint64_t share = slot_share(map, &offset);
        if (share == 0) {
            return lc_finding_set(finding, "RECV-0", offset,
                                  LC_TEXT("message %" PRIu64 " of %" PRIu64 " inside the map", id, current),
                                  "a slot that reaches beyond its end");
        }
        sum += share;
    }
    uint64_t used = lc_get64(map->base, LC_PAGE_SIZE_USED);
    if (used == sum) {
        return 0;
    }
    return lc_finding_set(finding, "PAGE-6", LC_PAGE_SIZE_USED,
                          LC_TEXT("size_used %" PRIu64 ", the sum of the slots", sum), LC_TEXT("%" PRIu64, used));
}
