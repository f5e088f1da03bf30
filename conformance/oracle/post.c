/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The values of postcard (POST-1, POST-5, POST-7). post_message.c composes messages of them. */
#include "oracle/post.h"

#include <string.h>

/* ---------------------------------------------------------------- encoding */

void lc_post_put_raw(struct lc_bytes *out, const void *bytes, size_t length) {
    if (out->bad || length > out->capacity - out->length) {
        out->bad = true;
        return;
    }
    if (length > 0) {
        memcpy(out->at + out->length, bytes, length);
    }
    out->length += length;
}

void lc_post_put_varint(struct lc_bytes *out, uint64_t value) {
    uint8_t bytes[10];
    size_t count = 0;
    while (value > 0x7F) {
        bytes[count++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[count++] = (uint8_t)value;
    lc_post_put_raw(out, bytes, count);
}

/* Zigzag: 0, -1, 1, -2 … become 0, 1, 2, 3 … */
void lc_post_put_i32(struct lc_bytes *out, int32_t value) {
    uint32_t twice = (uint32_t)value << 1;
    lc_post_put_varint(out, value < 0 ? ~twice : twice);
}

void lc_post_put_bytes(struct lc_bytes *out, const void *bytes, size_t length) {
    lc_post_put_varint(out, length);
    lc_post_put_raw(out, bytes, length);
}

void lc_post_put_desc(struct lc_bytes *out, const struct lc_desc *desc) {
    lc_post_put_varint(out, desc->size);
    lc_post_put_raw(out, desc->id, sizeof desc->id);
}

/* ---------------------------------------------------------------- decoding */

static void refuse(struct lc_bytes *in) {
    in->bad = true;
    in->length = 0;
}

static const uint8_t *take(struct lc_bytes *in, uint64_t length) {
    if (in->bad || length > in->length) {
        refuse(in);
        return NULL;
    }
    const uint8_t *view = in->at;
    if (length > 0) {
        in->at += length;
    }
    in->length -= (size_t)length;
    return view;
}

/* The bits of `value` that a shift to the left by `shift` would push out of `bits`. */
static bool overflows(uint8_t value, unsigned shift, unsigned bits) {
    return shift + 7 > bits && (value >> (bits - shift)) != 0;
}

/* A varint may be longer than needed, but not longer than 5 bytes for 32 bits or 10 bytes for 64 bits. */
uint64_t lc_post_take_varint(struct lc_bytes *in, unsigned bits) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
        const uint8_t *byte = take(in, 1);
        if (byte == NULL) {
            return 0;
        }
        uint8_t seven = *byte & 0x7F;
        if (overflows(seven, shift, bits)) {
            break;
        }
        value |= (uint64_t)seven << shift;
        if (*byte == seven) {
            return value;
        }
    }
    refuse(in);
    return 0;
}

int32_t lc_post_take_i32(struct lc_bytes *in) {
    uint32_t zigzag = (uint32_t)lc_post_take_varint(in, 32);
    int32_t half = (int32_t)(zigzag >> 1);
    return (zigzag & 1) != 0 ? -half - 1 : half;
}

void lc_post_take_raw(struct lc_bytes *in, void *bytes, size_t length) {
    const uint8_t *view = take(in, length);
    if (length == 0) {
        return;
    }
    if (view != NULL) {
        memcpy(bytes, view, length);
    } else {
        memset(bytes, 0, length);
    }
}

const uint8_t *lc_post_take_bytes(struct lc_bytes *in, size_t *length) {
    uint64_t claimed = lc_post_take_varint(in, 64);
    const uint8_t *view = take(in, claimed);
    *length = in->bad ? 0 : (size_t)claimed;
    return view;
}

void lc_post_take_desc(struct lc_bytes *in, struct lc_desc *desc) {
    desc->size = lc_post_take_varint(in, 64);
    lc_post_take_raw(in, desc->id, sizeof desc->id);
}

/* ---------------------------------------------------------------- strings */

/*
 * Returns the length of the sequence that `first` starts, or 0 if it starts none. `smallest` receives the smallest
 * character that needs that many bytes.
 */
static size_t utf8_start(uint8_t first, uint32_t *character, uint32_t *smallest) {
    if (first < 0x80) {
        *character = first;
        *smallest = 0;
        return 1;
    }
    if (first >= 0xC0 && first < 0xE0) {
        *character = first & 0x1F;
        *smallest = 0x80;
        return 2;
    }
    if (first >= 0xE0 && first < 0xF0) {
        *character = first & 0x0F;
        *smallest = 0x800;
        return 3;
    }
    if (first >= 0xF0 && first < 0xF8) {
        *character = first & 0x07;
        *smallest = 0x10000;
        return 4;
    }
    return 0;
}

/* Returns the length of the character at `bytes`, or 0 if there is no valid one. */
static size_t utf8_character(const uint8_t *bytes, size_t length) {
    uint32_t character = 0;
    uint32_t smallest = 0;
    size_t count = utf8_start(bytes[0], &character, &smallest);
    if (count == 0 || count > length) {
        return 0;
    }
    for (size_t i = 1; i < count; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
        character = character << 6 | (bytes[i] & 0x3F);
    }
    bool surrogate = character >= 0xD800 && character <= 0xDFFF;
    return character >= smallest && character <= 0x10FFFF && !surrogate ? count : 0;
}

bool lc_utf8(const uint8_t *bytes, size_t length) {
    while (length > 0) {
        size_t count = utf8_character(bytes, length);
        if (count == 0) {
            return false;
        }
        bytes += count;
        length -= count;
    }
    return true;
}
