/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/reader.h"

#include <string.h>

#include "llmp/shmem.h"
#include "oracle/layout.h"
#include "rig/maps.h"

#define SIZE_TOO_LARGE ((uint64_t)1 << 40)

uint64_t fuzz_error_bit(int code) {
    if (code <= -LLMP_E_ID_EMPTY && code > -LLMP_E_ID_EMPTY - 32) {
        return UINT64_C(1) << (-code - LLMP_E_ID_EMPTY);
    }
    if (code <= -LLMP_E_PAGE_TOO_SMALL && code > -LLMP_E_PAGE_TOO_SMALL - 32) {
        return UINT64_C(1) << (32 - code - LLMP_E_PAGE_TOO_SMALL);
    }
    return 0;
}

#define BIT(name) fuzz_error_bit(-LLMP_E_##name)

static uint64_t get(const struct fuzz_reader *reader, size_t offset, size_t bytes) {
    uint64_t value = 0;
    memcpy(&value, fuzz_maps_bytes(reader->segment) + offset, bytes);
    return value;
}

/* ---------------------------------------------------------------- pages */

/* Returns the errors of an id that names no segment. Some ids break several rules. */
static uint64_t id_errors(const char id[20]) {
    size_t length = strnlen(id, 20);
    if (length == 0) {
        return BIT(ID_EMPTY);
    }
    if (length == 20) {
        return BIT(ID_UNTERMINATED);
    }
    size_t digits = strspn(id, "0123456789");
    if (digits == length && length < 10 && (id[0] != '0' || length == 1)) {
        return BIT(NO_SEGMENT);
    }
    if (digits == length && id[0] != '0') {
        return BIT(NO_SEGMENT) | BIT(ID_RANGE);
    }
    return digits == 0 ? BIT(ID_NOT_A_NUMBER) : BIT(ID_TRAILING) | BIT(ID_RANGE);
}

static uint64_t open_errors(const struct fuzz_reader *reader, uint64_t size, const char id[20], int segment) {
    uint64_t errors = size > reader->max_page_size ? BIT(EOP_SIZE) : 0;
    errors |= size == 0 ? BIT(SIZE_ZERO) : size > SIZE_TOO_LARGE ? BIT(SIZE_TOO_LARGE) : 0;
    if (segment < 0) {
        return errors | id_errors(id);
    }
    return errors | (size > fuzz_maps_size(segment) ? BIT(SIZE_CLAIM) : 0);
}

static uint64_t page_errors(const struct fuzz_reader *reader) {
    if (reader->size < LC_PAGE_HEADER + LC_MSG_HEADER) {
        return BIT(PAGE_TOO_SMALL);
    }
    uint64_t magic = get(reader, LC_PAGE_MAGIC, 8);
    return magic == LC_MAGIC_GIVEN_UP ? BIT(PAGE_RETIRED) : magic != LC_MAGIC ? BIT(PAGE_MAGIC) : 0;
}

/* Continues on the page described, unless there is an error. */
static uint64_t set_page(struct fuzz_reader *reader, uint64_t size, const char id[20]) {
    char text[21] = {0};
    memcpy(text, id, 20);
    int segment = strlen(text) < 20 ? fuzz_maps_find(text) : -1;
    uint64_t errors = open_errors(reader, size, text, segment);
    if (errors != 0) {
        return errors;
    }
    struct fuzz_reader next = *reader;
    next.segment = segment;
    next.size = (size_t)size;
    next.offset = LC_PAGE_HEADER;
    next.last_id = 0;
    errors = page_errors(&next);
    if (errors == 0) {
        *reader = next;
    }
    return errors;
}

uint64_t fuzz_reader_begin(struct fuzz_reader *reader, uint64_t size, const char id[20], bool joined) {
    reader->segment = -1;
    uint64_t errors = set_page(reader, size, id);
    if (errors == 0 && !joined) {
        reader->joined[reader->segment]++;
    }
    return errors;
}

/* EOP-5. A page that no longer exists or was retired may be reported as -LLMP_E_EOP_GONE. */
static uint64_t follow(struct fuzz_reader *reader) {
    char id[20];
    size_t payload = reader->offset - LC_EOP_PAYLOAD;
    memcpy(id, fuzz_maps_bytes(reader->segment) + payload + 8, sizeof id);
    int from = reader->segment;
    if (strnlen(id, sizeof id) < sizeof id && fuzz_maps_find(id) == from) {
        return BIT(EOP_SELF);
    }
    uint64_t errors = set_page(reader, get(reader, payload, 8), id);
    if ((errors & (BIT(NO_SEGMENT) | BIT(PAGE_RETIRED))) != 0) {
        errors |= BIT(EOP_GONE);
    }
    if (errors == 0) {
        reader->left[from]++;
        reader->joined[reader->segment]++;
    }
    return errors;
}

/* ---------------------------------------------------------------- slots */

static uint64_t special_errors(uint32_t tag, uint64_t length, uint64_t padded) {
    if (tag == LC_TAG_END_OF_PAGE && (length != LC_EOP_PAYLOAD || padded != LC_EOP_PAYLOAD)) {
        return BIT(EOP_LENGTH);
    }
    return tag == LC_TAG_EXITING && length != 0 ? BIT(MSG_EXITING) : 0;
}

static uint64_t slot_errors(const struct fuzz_reader *reader, const struct fuzz_next *next, uint64_t padded) {
    uint64_t room = reader->size - reader->offset - LC_MSG_HEADER;
    uint64_t end = reader->offset + LC_MSG_HEADER + padded;
    uint64_t errors = special_errors(next->tag, next->length, padded);
    errors |= next->tag == LC_TAG_UNSET ? BIT(MSG_UNSET) : 0;
    errors |= next->tag == LC_TAG_UNINITIALIZED ? BIT(MSG_UNINITIALIZED) : 0;
    errors |= next->id != reader->last_id + 1 ? BIT(MSG_ID) : 0;
    errors |= next->length > padded ? BIT(MSG_LENGTH) : 0;
    errors |= padded > room ? BIT(MSG_BOUNDS) : 0;
    errors |= next->tag != LC_TAG_END_OF_PAGE && end % LC_LINE != 0 ? BIT(MSG_ALIGN) : 0;
    return errors;
}

static struct fuzz_next next_error(uint64_t errors) {
    return (struct fuzz_next){.kind = FUZZ_NEXT_ERROR, .errors = errors};
}

static struct fuzz_next read_slot(struct fuzz_reader *reader) {
    uint64_t newest = get(reader, LC_PAGE_CURRENT_MSG_ID, 8);
    if (newest == reader->last_id) {
        return (struct fuzz_next){.kind = FUZZ_NEXT_NONE};
    }
    if (newest < reader->last_id) {
        return next_error(BIT(MSG_ID_DECREASED));
    }
    if (reader->offset > reader->size || reader->size - reader->offset < LC_MSG_HEADER) {
        return next_error(BIT(MSG_BOUNDS));
    }
    struct fuzz_next next = {
        .tag = (uint32_t)get(reader, reader->offset + LC_MSG_TAG, 4),
        .sender = (uint32_t)get(reader, reader->offset + LC_MSG_SENDER, 4),
        .broker = (uint32_t)get(reader, reader->offset + LC_MSG_BROKER, 4),
        .flags = (uint32_t)get(reader, reader->offset + LC_MSG_FLAGS, 4),
        .id = get(reader, reader->offset + LC_MSG_ID, 8),
        .length = get(reader, reader->offset + LC_MSG_LEN, 8),
        .segment = reader->segment,
        .offset = reader->offset,
    };
    uint64_t padded = get(reader, reader->offset + LC_MSG_PADDED, 8);
    uint64_t errors = slot_errors(reader, &next, padded);
    if (errors != 0) {
        return next_error(errors);
    }
    reader->offset += LC_MSG_HEADER + padded;
    reader->last_id++;
    next.kind = next.tag == LC_TAG_EXITING ? FUZZ_NEXT_CLOSED : FUZZ_NEXT_MESSAGE;
    return next;
}

struct fuzz_next fuzz_reader_next(struct fuzz_reader *reader) {
    for (int pages = 0; pages <= FUZZ_SEGMENTS; pages++) {
        struct fuzz_next next = read_slot(reader);
        if (next.kind != FUZZ_NEXT_MESSAGE || next.tag != LC_TAG_END_OF_PAGE) {
            return next;
        }
        uint64_t errors = follow(reader);
        if (errors != 0) {
            return next_error(errors);
        }
    }
    return (struct fuzz_next){.kind = FUZZ_NEXT_RING};
}
