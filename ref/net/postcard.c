/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "net/postcard.h"

#include <errno.h>
#include <string.h>

#include "llmp/shmem.h"

/* ------------------------------------------------------------------ values to bytes */

struct llmp_post_out llmp_post_out_over(uint8_t *bytes, size_t capacity) {
    return (struct llmp_post_out){.bytes = bytes, .capacity = capacity};
}

void llmp_post_put_u8(struct llmp_post_out *out, uint8_t value) {
    llmp_post_put_array(out, &value, 1);
}

void llmp_post_put_u64(struct llmp_post_out *out, uint64_t value) {
    for (; value >= 0x80; value >>= 7) {
        llmp_post_put_u8(out, (uint8_t)(value | 0x80));
    }
    llmp_post_put_u8(out, (uint8_t)value);
}

/* A varint looks the same whatever the width of its type. */
void llmp_post_put_u32(struct llmp_post_out *out, uint32_t value) {
    llmp_post_put_u64(out, value);
}

void llmp_post_put_size(struct llmp_post_out *out, size_t value) {
    llmp_post_put_u64(out, value);
}

/* Zigzag: 0, -1, 1, -2 … become 0, 1, 2, 3 …, so that small negative numbers stay short. */
void llmp_post_put_i32(struct llmp_post_out *out, int32_t value) {
    uint32_t bits = (uint32_t)value;
    llmp_post_put_u32(out, bits << 1 ^ (value < 0 ? UINT32_MAX : 0));
}

void llmp_post_put_array(struct llmp_post_out *out, const void *bytes, size_t length) {
    if (out->error == 0 && length > out->capacity - out->length) {
        out->error = -ENOBUFS;
    }
    if (out->error < 0 || length == 0) {
        return;
    }
    memcpy(out->bytes + out->length, bytes, length);
    out->length += length;
}

void llmp_post_put_bytes(struct llmp_post_out *out, struct llmp_span bytes) {
    llmp_post_put_size(out, bytes.length);
    llmp_post_put_array(out, bytes.bytes, bytes.length);
}

/* ------------------------------------------------------------------ bytes to values */

struct llmp_post_in llmp_post_in_over(struct llmp_span bytes) {
    return (struct llmp_post_in){.at = bytes.bytes, .left = bytes.length};
}

static void fail(struct llmp_post_in *in, int code) {
    if (in->error == 0) {
        in->error = -code;
    }
}

/* Null after an error. */
static const uint8_t *take(struct llmp_post_in *in, size_t length) {
    if (length > in->left) {
        fail(in, LLMP_E_POST_SHORT);
    }
    if (in->error < 0) {
        return NULL;
    }
    const uint8_t *bytes = in->at;
    in->at += length;
    in->left -= length;
    return bytes;
}

uint8_t llmp_post_take_u8(struct llmp_post_in *in) {
    const uint8_t *byte = take(in, 1);
    return byte ? *byte : 0;
}

/*
 * Seven bits a byte, the lowest first. Zeros at the end are accepted as long as the bytes suffice for the type
 * (POST-7); only the last of them can go out of range: it has room for what is left of `bits`, and must not continue.
 */
static uint64_t take_varint(struct llmp_post_in *in, unsigned bits) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
        uint8_t byte = llmp_post_take_u8(in);
        if (bits - shift < 7 && byte >> (bits - shift) != 0) {
            fail(in, LLMP_E_POST_VARINT);
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            break;
        }
    }
    return in->error < 0 ? 0 : value;
}

uint32_t llmp_post_take_u32(struct llmp_post_in *in) {
    return (uint32_t)take_varint(in, 32);
}

uint64_t llmp_post_take_u64(struct llmp_post_in *in) {
    return take_varint(in, 64);
}

size_t llmp_post_take_size(struct llmp_post_in *in) {
    return (size_t)take_varint(in, 8 * sizeof(size_t));
}

int32_t llmp_post_take_i32(struct llmp_post_in *in) {
    uint32_t bits = llmp_post_take_u32(in);
    return bits & 1 ? -(int32_t)(bits >> 1) - 1 : (int32_t)(bits >> 1);
}

void llmp_post_take_array(struct llmp_post_in *in, void *bytes, size_t length) {
    const uint8_t *from = take(in, length);
    if (from) {
        memcpy(bytes, from, length);
    } else {
        memset(bytes, 0, length);
    }
}

uint32_t llmp_post_take_variant(struct llmp_post_in *in, uint32_t count) {
    uint32_t index = llmp_post_take_u32(in);
    if (index >= count) {
        fail(in, LLMP_E_POST_VARIANT);
    }
    return in->error < 0 ? 0 : index;
}

struct llmp_span llmp_post_take_bytes(struct llmp_post_in *in, size_t bound) {
    size_t length = llmp_post_take_size(in);
    const uint8_t *bytes = take(in, length);
    if (length > bound) {
        fail(in, LLMP_E_POST_LONG);
    }
    return in->error < 0 ? (struct llmp_span){0} : (struct llmp_span){bytes, length};
}

struct llmp_span llmp_post_take_string(struct llmp_post_in *in, size_t bound) {
    struct llmp_span text = llmp_post_take_bytes(in, bound);
    if (!llmp_post_is_utf8(text)) {
        fail(in, LLMP_E_POST_UTF8);
    }
    return in->error < 0 ? (struct llmp_span){0} : text;
}

/* ------------------------------------------------------------------ UTF-8 */

/* The bytes of the character that starts with this one, 0 where none can. C0, C1 would be over-long, F5 and up too
 * large. */
static size_t utf8_length(uint8_t first) {
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xc2 || first > 0xf4) {
        return 0;
    }
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* The second byte carries the rest of the rules: after E0 and F0 no over-long form, after ED no surrogate, F4 ends at
 * 10FFFF. */
static bool utf8_second_fits(uint8_t first, uint8_t second) {
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high;
}

static bool utf8_character_fits(const uint8_t *bytes, size_t length) {
    if (length > 1 && !utf8_second_fits(bytes[0], bytes[1])) {
        return false;
    }
    for (size_t i = 2; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            return false;
        }
    }
    return true;
}

bool llmp_post_is_utf8(struct llmp_span text) {
    for (size_t at = 0; at < text.length;) {
        size_t length = utf8_length(text.bytes[at]);
        if (length == 0 || length > text.length - at || !utf8_character_fits(text.bytes + at, length)) {
            return false;
        }
        at += length;
    }
    return true;
}
