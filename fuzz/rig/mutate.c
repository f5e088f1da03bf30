/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Mutates bundles of pages (bundle.h) and keeps most of them readable: blind changes break the first header, and a
 * receiver reads nothing behind it. Half of the mutations are libFuzzer's own, the others know the layout of pages.
 * Afterwards the fields that follow from others are usually corrected.
 */
#include "oracle/layout.h"
#include "rig/bundle.h"

#define PAGE_MAX ((size_t)4096)

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

/* A modifiable copy of a bundle. */
struct draft {
    uint8_t options[FUZZ_BUNDLE_OPTIONS];
    int count;
    struct draft_page {
        size_t size;
        uint8_t bytes[PAGE_MAX];
    } pages[FUZZ_BUNDLE_PAGES];
};

static uint32_t random_state;

/* Returns a random number below `bound`; 0 if `bound` is 0. */
static uint32_t random_below(uint32_t bound) {
    random_state = random_state * 1664525u + 1013904223u;
    return bound != 0 ? (random_state >> 8) % bound : 0;
}

/* ---------------------------------------------------------------- bundles to drafts and back */

static void draft_read(struct draft *draft, const uint8_t *data, size_t size) {
    struct fuzz_bundle bundle = fuzz_bundle_parse(data, size);
    memcpy(draft->options, bundle.options, sizeof draft->options);
    draft->count = bundle.count;
    for (int i = 0; i < bundle.count; i++) {
        draft->pages[i].size = bundle.pages[i].size < PAGE_MAX ? bundle.pages[i].size : PAGE_MAX;
        memcpy(draft->pages[i].bytes, bundle.pages[i].bytes, draft->pages[i].size);
    }
}

static size_t draft_write(const struct draft *draft, uint8_t *data, size_t max) {
    size_t at = sizeof draft->options;
    memcpy(data, draft->options, at);
    for (int i = 0; i < draft->count; i++) {
        const struct draft_page *page = &draft->pages[i];
        if (at + 2 + page->size > max) {
            break;
        }
        data[at++] = (uint8_t)page->size;
        data[at++] = (uint8_t)(page->size >> 8);
        memcpy(data + at, page->bytes, page->size);
        at += page->size;
    }
    return at;
}

/* ---------------------------------------------------------------- fields */

static uint64_t get(const struct draft_page *page, size_t offset, size_t bytes) {
    uint64_t value = 0;
    memcpy(&value, page->bytes + offset, bytes);
    return value;
}

static void put(struct draft_page *page, size_t offset, uint64_t value, size_t bytes) {
    if (offset + bytes <= page->size) {
        memcpy(page->bytes + offset, &value, bytes);
    }
}

static uint64_t padded_at(size_t offset, uint64_t length) {
    uint64_t begin = offset + LC_MSG_HEADER;
    return (begin + length + LC_LINE - 1) / LC_LINE * LC_LINE - begin;
}

/*
 * Calls `visit` (may be null) for each slot from the page's first on, as far as the padding leads to slots inside the
 * page. Returns how many there are, and in `end` the offset behind the last one.
 */
static uint64_t walk(struct draft_page *page, size_t *end, void (*visit)(struct draft_page *, size_t, uint64_t)) {
    uint64_t count = 0;
    size_t offset = LC_PAGE_HEADER;
    while (offset + LC_MSG_HEADER <= page->size && get(page, offset, 8) != 0) {
        count++;
        if (visit != NULL) {
            visit(page, offset, count);
        }
        uint64_t padded = get(page, offset + LC_MSG_PADDED, 8);
        if (padded > page->size - offset - LC_MSG_HEADER) {
            break;
        }
        offset += LC_MSG_HEADER + padded;
    }
    *end = offset;
    return count;
}

/* ---------------------------------------------------------------- corrections */

static void repair_slot(struct draft_page *page, size_t offset, uint64_t number) {
    size_t room = page->size - offset - LC_MSG_HEADER;
    uint64_t length = get(page, offset + LC_MSG_LEN, 8);
    uint32_t tag = (uint32_t)get(page, offset + LC_MSG_TAG, 4);
    length = length <= room ? length : room != 0 ? length % room : 0;
    length = tag == LC_TAG_END_OF_PAGE ? LC_EOP_PAYLOAD : tag == LC_TAG_EXITING ? 0 : length;
    put(page, offset + LC_MSG_ID, number, 8);
    put(page, offset + LC_MSG_LEN, length, 8);
    put(page, offset + LC_MSG_PADDED, tag == LC_TAG_END_OF_PAGE ? length : padded_at(offset, length), 8);
}

/* Skips one page in eight. */
static void repair(struct draft *draft) {
    for (int i = 0; i < draft->count; i++) {
        struct draft_page *page = &draft->pages[i];
        size_t end;
        if (page->size < LC_PAGE_HEADER || random_below(8) == 0) {
            continue;
        }
        put(page, LC_PAGE_MAGIC, LC_MAGIC, 8);
        put(page, LC_PAGE_CURRENT_MSG_ID, walk(page, &end, repair_slot), 8);
    }
}

/* ---------------------------------------------------------------- mutations that know the layout */

static uint32_t pick_tag(void) {
    static const uint32_t tags[] = {LC_TAG_UNSET,          LC_TAG_END_OF_PAGE,
                                    LC_TAG_NEW_SHM_CLIENT, LC_TAG_CLIENT_EXIT,
                                    LC_TAG_EXITING,        LC_TAG_SLOW_RECEIVER,
                                    LC_TAG_UNINITIALIZED,  7,
                                    LC_TAG_END_OF_PAGE,    0x1337};
    return tags[random_below(sizeof tags / sizeof tags[0])];
}

/* EOP-1: names a page of the bundle, with a size near its own. */
static void put_description(struct draft *draft, struct draft_page *page, size_t payload) {
    int target = (int)random_below((uint32_t)draft->count + 1);
    uint64_t size = target < draft->count ? draft->pages[target].size : 256;
    uint64_t text = '1' + (uint64_t)target; /* from 10 on not a digit: such ids are refused */
    put(page, payload, random_below(6) == 0 ? size + 1 - random_below(3) : size, 8);
    for (size_t i = 8; i < LC_EOP_PAYLOAD; i += 8) {
        put(page, payload + i, i == 8 ? text : 0, 8);
    }
}

/* Writes a payload by the slot's tag: a description, a client's id, or nothing. */
static void put_payload(struct draft *draft, struct draft_page *page, size_t offset) {
    uint32_t tag = (uint32_t)get(page, offset + LC_MSG_TAG, 4);
    if (tag == LC_TAG_CLIENT_EXIT) {
        put(page, offset + LC_MSG_HEADER, random_below(8), 8);
    } else if (tag == LC_TAG_END_OF_PAGE || tag == LC_TAG_NEW_SHM_CLIENT || random_below(4) == 0) {
        put_description(draft, page, offset + LC_MSG_HEADER);
    }
}

static uint64_t length_for(uint32_t tag) {
    bool describes = tag == LC_TAG_END_OF_PAGE || tag == LC_TAG_NEW_SHM_CLIENT;
    return describes ? LC_EOP_PAYLOAD : tag == LC_TAG_CLIENT_EXIT ? 8 : random_below(96);
}

static void append_slot(struct draft *draft, struct draft_page *page) {
    size_t offset;
    uint32_t tag = random_below(2) != 0 ? 7 + random_below(4) : pick_tag();
    uint64_t number = walk(page, &offset, NULL) + 1;
    uint64_t length = length_for(tag);
    if (page->size < LC_PAGE_HEADER || offset > page->size) {
        return;
    }
    size_t end = offset + LC_MSG_HEADER + padded_at(offset, length);
    if (end > page->size && end <= PAGE_MAX) {
        memset(page->bytes + page->size, 0, end - page->size);
        page->size = end;
    }
    put(page, offset + LC_MSG_TAG, tag, 4);
    put(page, offset + LC_MSG_ID, number, 8);
    put(page, offset + LC_MSG_LEN, length, 8);
    put(page, offset + LC_MSG_PADDED, tag == LC_TAG_END_OF_PAGE ? length : padded_at(offset, length), 8);
    put_payload(draft, page, offset);
    put(page, LC_PAGE_CURRENT_MSG_ID, number, 8);
}

static uint64_t pick_length(const struct draft_page *page, size_t offset) {
    const uint64_t room = page->size - offset - LC_MSG_HEADER;
    const uint64_t lengths[] = {0,
                                1,
                                room,
                                room + 1,
                                room - 1,
                                room + 64,
                                room - 64,
                                0ull - 40,
                                0ull - 64,
                                UINT64_C(1) << 63,
                                31,
                                32,
                                33,
                                8,
                                24,
                                88,
                                0ull - offset - LC_MSG_HEADER};
    return lengths[random_below(sizeof lengths / sizeof lengths[0])];
}

static size_t pick_slot(struct draft_page *page) {
    size_t offset = LC_PAGE_HEADER;
    for (uint32_t steps = random_below(6); steps > 0; steps--) {
        uint64_t padded = offset + LC_MSG_HEADER <= page->size ? get(page, offset + LC_MSG_PADDED, 8) : page->size;
        if (padded > page->size - offset || offset + 2 * (size_t)LC_MSG_HEADER + padded > page->size) {
            break;
        }
        offset += LC_MSG_HEADER + padded;
    }
    return offset;
}

static void change_slot(struct draft *draft, struct draft_page *page) {
    size_t offset = pick_slot(page);
    if (offset + LC_MSG_HEADER > page->size) {
        return;
    }
    switch (random_below(6)) {
    case 0: put(page, offset + LC_MSG_TAG, pick_tag(), 4); break;
    case 1: put(page, offset + LC_MSG_LEN, pick_length(page, offset), 8); break;
    case 2: put(page, offset + LC_MSG_PADDED, pick_length(page, offset), 8); break;
    case 3: put(page, offset + LC_MSG_ID, get(page, offset + LC_MSG_ID, 8) + 1 - random_below(3), 8); break;
    case 4: put_payload(draft, page, offset); break;
    default: put(page, offset + LC_MSG_LEN, get(page, offset + LC_MSG_PADDED, 8) + 1 - random_below(3), 8); break;
    }
}

static void change_header(struct draft_page *page) {
    size_t end;
    switch (random_below(4)) {
    case 0: put(page, LC_PAGE_MAGIC, random_below(2) != 0 ? LC_MAGIC : LC_MAGIC_GIVEN_UP, 8); break;
    case 1: put(page, LC_PAGE_CURRENT_MSG_ID, walk(page, &end, NULL) + 2 - random_below(4), 8); break;
    case 2: page->size -= random_below(page->size < 70 ? (uint32_t)page->size : 70); break;
    default: put(page, LC_PAGE_CURRENT_MSG_ID, random_below(8), 8); break;
    }
}

static void add_page(struct draft *draft) {
    if (draft->count == FUZZ_BUNDLE_PAGES) {
        return;
    }
    struct draft_page *page = &draft->pages[draft->count++];
    memset(page->bytes, 0, sizeof page->bytes);
    page->size = LC_PAGE_HEADER + LC_MSG_HEADER + random_below(200);
    put(page, LC_PAGE_MAGIC, LC_MAGIC, 8);
    append_slot(draft, page);
}

static void change(struct draft *draft) {
    if (draft->count == 0) {
        add_page(draft);
    }
    struct draft_page *page = &draft->pages[random_below((uint32_t)draft->count)];
    switch (random_below(8)) {
    case 0: draft->options[random_below(FUZZ_BUNDLE_OPTIONS)] ^= (uint8_t)(1u << random_below(8)); break;
    case 1: change_header(page); break;
    case 2: add_page(draft); break;
    case 3: draft->count -= draft->count > 1; break;
    case 4:
    case 5: append_slot(draft, page); break;
    default: change_slot(draft, page); break;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    static struct draft draft;
    random_state = seed;
    bool blind = random_below(2) != 0 || max < 1024;
    if (blind) {
        size = LLVMFuzzerMutate(data, size, max);
        if (random_below(2) != 0) {
            return size;
        }
    }
    draft_read(&draft, data, size);
    for (uint32_t changes = blind ? 0 : 1 + random_below(4); changes > 0; changes--) {
        change(&draft);
    }
    if (random_below(4) != 0) {
        repair(&draft);
        if (random_below(3) == 0) {
            change(&draft);
        }
    }
    return draft_write(&draft, data, max);
}
