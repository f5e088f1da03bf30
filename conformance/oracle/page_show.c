/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Prints the page header, the slot before the offset in one line, the slot at the offset, and some slots after it. */
#include <ctype.h>
#include <inttypes.h>

#include "oracle/page.h"

struct field {
    const char *name;
    size_t offset;
    size_t bytes;
    bool hex;
};

static const struct field page_fields[] = {
    {"magic", LC_PAGE_MAGIC, 8, true},
    {"sender_id", LC_PAGE_SENDER_ID, 4, false},
    {"receivers_joined_count", LC_PAGE_JOINED, 2, false},
    {"receivers_left_count", LC_PAGE_LEFT, 2, false},
    {"current_msg_id", LC_PAGE_CURRENT_MSG_ID, 8, false},
    {"size_total", LC_PAGE_SIZE_TOTAL, 8, false},
    {"size_used", LC_PAGE_SIZE_USED, 8, false},
    {"max_alloc_size", LC_PAGE_MAX_ALLOC, 8, false},
};

static const struct field slot_fields[] = {
    {"tag", LC_MSG_TAG, 4, true},
    {"sender", LC_MSG_SENDER, 4, false},
    {"broker", LC_MSG_BROKER, 4, false},
    {"flags", LC_MSG_FLAGS, 4, true},
    {"message_id", LC_MSG_ID, 8, false},
    {"buf_len", LC_MSG_LEN, 8, false},
    {"buf_len_padded", LC_MSG_PADDED, 8, false},
};

enum { PAYLOAD_SHOWN = 16, SLOTS_AFTER = 3 };

/* The map, and how many of its bytes can be read without SIGBUS. */
struct view {
    FILE *out;
    const struct lc_map *map;
    uint64_t backed;
    uint64_t marked;
};

static bool lies_within(const struct view *view, uint64_t offset, uint64_t bytes) {
    return offset <= view->backed && bytes <= view->backed - offset;
}

static char mark(const struct view *view, uint64_t offset, uint64_t bytes) {
    return view->marked >= offset && view->marked - offset < bytes ? '>' : ' ';
}

static uint64_t value_of(const void *base, size_t offset, size_t bytes) {
    switch (bytes) {
    case 2: return lc_get16(base, offset);
    case 4: return lc_get32(base, offset);
    default: return lc_get64(base, offset);
    }
}

static void show_field(const struct view *view, uint64_t base, const struct field *field) {
    uint64_t at = base + field->offset;
    uint64_t value = value_of(view->map->base, at, field->bytes);
    fprintf(view->out, "%c %8" PRIu64 "  %-24s", mark(view, at, field->bytes), at, field->name);
    fprintf(view->out, field->hex ? "0x%" PRIX64 : "%" PRIu64, value);
    const char *name = field == &slot_fields[0] ? lc_tag_name((uint32_t)value) : NULL;
    fprintf(view->out, name != NULL ? "  %s\n" : "\n", name);
}

static void show_bytes(const struct view *view, uint64_t at, uint64_t count) {
    const uint8_t *bytes = view->map->base + at;
    for (uint64_t i = 0; i < count; i++) {
        fprintf(view->out, "%02x ", bytes[i]);
    }
    fputc(' ', view->out);
    for (uint64_t i = 0; i < count; i++) {
        fputc(isprint(bytes[i]) != 0 ? bytes[i] : '.', view->out);
    }
    fputc('\n', view->out);
}

/* Prints the first bytes of the payload and its padding, because the length may be what is wrong. */
static void show_payload(const struct view *view, uint64_t at, uint64_t padded) {
    uint64_t left = view->backed - at;
    uint64_t whole = padded < left ? padded : left;
    fprintf(view->out, "%c %8" PRIu64 "  %-24s", mark(view, at, whole), at, "payload");
    show_bytes(view, at, whole < PAYLOAD_SHOWN ? whole : PAYLOAD_SHOWN);
}

static void show_slot(const struct view *view, uint64_t slot) {
    for (size_t i = 0; i < sizeof slot_fields / sizeof slot_fields[0]; i++) {
        show_field(view, slot, &slot_fields[i]);
    }
    show_payload(view, slot + LC_MSG_HEADER, lc_get64(view->map->base, slot + LC_MSG_PADDED));
}

static void show_slot_line(const struct view *view, uint64_t at) {
    struct lc_message slot = lc_message_copy(view->map, at);
    const char *name = lc_tag_name(slot.tag);
    fprintf(view->out, "  %8" PRIu64 "  message %" PRIu64 ": tag 0x%" PRIX32 "%s%s, sender %" PRIu32, at, slot.id,
            slot.tag, name != NULL ? " " : "", name != NULL ? name : "", slot.sender);
    fprintf(view->out, ", %" PRIu64 " bytes in %" PRIu64 "\n", slot.length, slot.padded);
}

/* Moves to the next slot. Returns false if it would lie outside the map. */
static bool next_slot(const struct view *view, uint64_t *slot) {
    uint64_t padded = lc_get64(view->map->base, *slot + LC_MSG_PADDED);
    uint64_t payload = *slot + LC_MSG_HEADER;
    if (!lies_within(view, payload, padded) || !lies_within(view, payload + padded, LC_MSG_HEADER)) {
        return false;
    }
    *slot = payload + padded;
    return true;
}

/* Returns the slot that contains the marked byte, or the last one that can be reached. `before` receives the slot
 * before that one, or 0. */
static uint64_t find_slot(const struct view *view, uint64_t *before) {
    uint64_t slot = LC_PAGE_HEADER;
    uint64_t next = slot;
    *before = 0;
    while (next_slot(view, &next) && next <= view->marked) {
        *before = slot;
        slot = next;
    }
    return slot;
}

static void show_slots(const struct view *view) {
    uint64_t before;
    uint64_t slot = find_slot(view, &before);
    if (before > LC_PAGE_HEADER) {
        fputs("       ...\n", view->out);
    }
    if (before != 0) {
        show_slot_line(view, before);
    }
    show_slot(view, slot);
    uint64_t current = lc_current_msg_id(view->map->base);
    for (int i = 0; i < SLOTS_AFTER && lc_get64(view->map->base, slot + LC_MSG_ID) < current; i++) {
        if (!next_slot(view, &slot)) {
            break;
        }
        show_slot_line(view, slot);
    }
}

void lc_page_show(FILE *out, const struct lc_map *map, uint64_t offset) {
    const struct view view = {.out = out, .map = map, .backed = lc_map_backed(map), .marked = offset};
    fprintf(out, "page %s, %zu bytes, at offset %" PRIu64 ":\n", lc_desc_show(&map->desc), map->size, offset);
    if (!lies_within(&view, 0, LC_PAGE_HEADER)) {
        fputs("  no room for a page header\n", out);
        return;
    }
    for (size_t i = 0; i < sizeof page_fields / sizeof page_fields[0]; i++) {
        show_field(&view, 0, &page_fields[i]);
    }
    if (lies_within(&view, LC_PAGE_HEADER, LC_MSG_HEADER)) {
        show_slots(&view);
    }
}
