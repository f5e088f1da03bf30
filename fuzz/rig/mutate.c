/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Changes bundles of pages (bundle.h) and keeps them good enough to get deep: blind changes break the first header, and
 * nothing behind it is ever read. Half the time libFuzzer's own changes are made, the other half one that knows the
 * layout; and mostly the fields that follow from others are put right again afterwards.
 */
#include <stdbool.h>

#include "oracle/layout.h"
#include "rig/bundle.h"

#define PAGE_MAX ((size_t)4096)

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

/* A bundle that can be changed. */
struct draft {
    uint8_t how[FUZZ_BUNDLE_HOW];
    int count;
    struct draft_page {
        size_t size;
        uint8_t bytes[PAGE_MAX];
    } pages[FUZZ_BUNDLE_PAGES];
};

static uint32_t state;

static uint32_t below(uint32_t bound) {
    state = state * 1664525u + 1013904223u;
    return bound != 0 ? (state >> 8) % bound : 0;
}

/* ---------------------------------------------------------------- bundles to drafts and back */

static void draft_read(struct draft *draft, const uint8_t *data, size_t size) {
    struct fuzz_bundle bundle = fuzz_bundle_parse(data, size);
    memcpy(draft->how, bundle.how, sizeof draft->how);
    draft->count = bundle.count;
    for (int i = 0; i < bundle.count; i++) {
        draft->pages[i].size = bundle.pages[i].size < PAGE_MAX ? bundle.pages[i].size : PAGE_MAX;
        memcpy(draft->pages[i].bytes, bundle.pages[i].bytes, draft->pages[i].size);
    }
}

static size_t draft_write(const struct draft *draft, uint8_t *data, size_t max) {
    size_t at = sizeof draft->how;
    memcpy(data, draft->how, at);
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

/* Calls `visit` for each slot that can be walked to. Returns how many there are; `end` is where the last one ends. */
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

/* ---------------------------------------------------------------- putting right */

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

/* Leaves one page in eight as it is. */
static void repair(struct draft *draft) {
    for (int i = 0; i < draft->count; i++) {
        struct draft_page *page = &draft->pages[i];
        size_t end;
        if (page->size < LC_PAGE_HEADER || below(8) == 0) {
            continue;
        }
        put(page, LC_PAGE_MAGIC, LC_MAGIC, 8);
        put(page, LC_PAGE_CURRENT_MSG_ID, walk(page, &end, repair_slot), 8);
    }
}

/* ---------------------------------------------------------------- changes that know the layout */

static uint32_t some_tag(void) {
    static const uint32_t tags[] = {LC_TAG_UNSET,          LC_TAG_END_OF_PAGE,
                                    LC_TAG_NEW_SHM_CLIENT, LC_TAG_CLIENT_EXIT,
                                    LC_TAG_EXITING,        LC_TAG_SLOW_RECEIVER,
                                    LC_TAG_UNINITIALIZED,  7,
                                    LC_TAG_END_OF_PAGE,    0x1337};
    return tags[below(sizeof tags / sizeof tags[0])];
}

/* EOP-1, naming some page of the bundle with about its size. */
static void put_description(struct draft *draft, struct draft_page *page, size_t payload) {
    int target = (int)below((uint32_t)draft->count + 1);
    uint64_t size = target < draft->count ? draft->pages[target].size : 256;
    uint64_t text = '1' + (uint64_t)target; /* ten and more are no digits: those ids are refused */
    put(page, payload, below(6) == 0 ? size + 1 - below(3) : size, 8);
    for (size_t i = 8; i < LC_EOP_PAYLOAD; i += 8) {
        put(page, payload + i, i == 8 ? text : 0, 8);
    }
}

/* What stands behind a header: a description, a client's id, or whatever was there. */
static void put_payload(struct draft *draft, struct draft_page *page, size_t offset) {
    uint32_t tag = (uint32_t)get(page, offset + LC_MSG_TAG, 4);
    if (tag == LC_TAG_CLIENT_EXIT) {
        put(page, offset + LC_MSG_HEADER, below(8), 8);
    } else if (tag == LC_TAG_END_OF_PAGE || tag == LC_TAG_NEW_SHM_CLIENT || below(4) == 0) {
        put_description(draft, page, offset + LC_MSG_HEADER);
    }
}

static uint64_t length_for(uint32_t tag) {
    bool describes = tag == LC_TAG_END_OF_PAGE || tag == LC_TAG_NEW_SHM_CLIENT;
    return describes ? LC_EOP_PAYLOAD : tag == LC_TAG_CLIENT_EXIT ? 8 : below(96);
}

static void append_slot(struct draft *draft, struct draft_page *page) {
    size_t offset;
    uint32_t tag = below(2) != 0 ? 7 + below(4) : some_tag();
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

static uint64_t some_length(const struct draft_page *page, size_t offset) {
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
    return lengths[below(sizeof lengths / sizeof lengths[0])];
}

static size_t some_slot(struct draft_page *page) {
    size_t offset = LC_PAGE_HEADER;
    for (uint32_t steps = below(6); steps > 0; steps--) {
        uint64_t padded = offset + LC_MSG_HEADER <= page->size ? get(page, offset + LC_MSG_PADDED, 8) : page->size;
        if (padded > page->size - offset || offset + 2 * (size_t)LC_MSG_HEADER + padded > page->size) {
            break;
        }
        offset += LC_MSG_HEADER + padded;
    }
    return offset;
}

static void change_slot(struct draft *draft, struct draft_page *page) {
    size_t offset = some_slot(page);
    if (offset + LC_MSG_HEADER > page->size) {
        return;
    }
    switch (below(6)) {
    case 0: put(page, offset + LC_MSG_TAG, some_tag(), 4); break;
    case 1: put(page, offset + LC_MSG_LEN, some_length(page, offset), 8); break;
    case 2: put(page, offset + LC_MSG_PADDED, some_length(page, offset), 8); break;
    case 3: put(page, offset + LC_MSG_ID, get(page, offset + LC_MSG_ID, 8) + 1 - below(3), 8); break;
    case 4: put_payload(draft, page, offset); break;
    default: put(page, offset + LC_MSG_LEN, get(page, offset + LC_MSG_PADDED, 8) + 1 - below(3), 8); break;
    }
}

static void change_header(struct draft_page *page) {
    size_t end;
    switch (below(4)) {
    case 0: put(page, LC_PAGE_MAGIC, below(2) != 0 ? LC_MAGIC : LC_MAGIC_GIVEN_UP, 8); break;
    case 1: put(page, LC_PAGE_CURRENT_MSG_ID, walk(page, &end, NULL) + 2 - below(4), 8); break;
    case 2: page->size -= below(page->size < 70 ? (uint32_t)page->size : 70); break;
    default: put(page, LC_PAGE_CURRENT_MSG_ID, below(8), 8); break;
    }
}

static void add_page(struct draft *draft) {
    if (draft->count == FUZZ_BUNDLE_PAGES) {
        return;
    }
    struct draft_page *page = &draft->pages[draft->count++];
    memset(page->bytes, 0, sizeof page->bytes);
    page->size = LC_PAGE_HEADER + LC_MSG_HEADER + below(200);
    put(page, LC_PAGE_MAGIC, LC_MAGIC, 8);
    append_slot(draft, page);
}

static void change(struct draft *draft) {
    if (draft->count == 0) {
        add_page(draft);
    }
    struct draft_page *page = &draft->pages[below((uint32_t)draft->count)];
    switch (below(8)) {
    case 0: draft->how[below(FUZZ_BUNDLE_HOW)] ^= (uint8_t)(1u << below(8)); break;
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
    state = seed;
    bool blind = below(2) != 0 || max < 1024;
    if (blind) {
        size = LLVMFuzzerMutate(data, size, max);
        if (below(2) != 0) {
            return size;
        }
    }
    draft_read(&draft, data, size);
    for (uint32_t changes = blind ? 0 : 1 + below(4); changes > 0; changes--) {
        change(&draft);
    }
    if (below(4) != 0) {
        repair(&draft);
        if (below(3) == 0) {
            change(&draft);
        }
    }
    return draft_write(&draft, data, max);
}
