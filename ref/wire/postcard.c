/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "wire/postcard.h"

#include <errno.h>
#include <string.h>

/* ------------------------------------------------------------------ values to bytes */

struct llmp_post_out llmp_post_out_over(uint8_t *bytes, size_t capacity) {
    return (struct llmp_post_out){.bytes = bytes, .capacity = capacity};
}

/* Null after an error, and for no bytes at all. */
/*@ requires llmp_post_out_valid(out);
  @ terminates \true; exits \false; assigns out->length, out->error;
  @ ensures llmp_post_out_valid(out);
  @ behavior nothing:
  @   assumes out->error < 0 || length == 0;
  @   ensures \result == \null && out->error == \old(out->error) && out->length == \old(out->length);
  @ behavior enough:
  @   assumes out->error == 0 && 0 < length <= out->capacity - out->length;
  @   ensures \result == out->bytes + \old(out->length);
  @   ensures out->length == \old(out->length) + length && out->error == 0;
  @ behavior full:
  @   assumes out->error == 0 && length > out->capacity - out->length;
  @   ensures \result == \null && out->error == -ENOBUFS && out->length == \old(out->length);
  @ complete behaviors; disjoint behaviors;
  @*/
static uint8_t *room_for(struct llmp_post_out *out, size_t length) {
    if (out->error == 0 && length > out->capacity - out->length) {
        out->error = -ENOBUFS;
    }
    if (out->error < 0 || length == 0) {
        return NULL;
    }
    out->length += length;
    return out->bytes + (out->length - length);
}

void llmp_post_put_u8(struct llmp_post_out *out, uint8_t value) {
    uint8_t *to = room_for(out, 1);
    if (to) {
        *to = value;
    }
}

void llmp_post_put_u64(struct llmp_post_out *out, uint64_t value) {
    /*@ loop invariant llmp_post_out_valid(out) && (out->error == \at(out->error, Pre) || out->error < 0);
      @ loop invariant \at(out->error, Pre) < 0 ==> out->error == \at(out->error, Pre);
      @ loop invariant out->length >= \at(out->length, Pre);
      @ loop invariant \at(out->error, Pre) < 0 ==> out->length == \at(out->length, Pre);
      @ loop invariant \at(out->error, Pre) == 0 ==>
      @     llmp_varint_groups(out->bytes + \at(out->length, Pre), out->length - \at(out->length, Pre), \at(value, Pre));
      @ loop invariant out->error == 0
      @     ==> value == llmp_varint_rest(\at(value, Pre), out->length - \at(out->length, Pre));
      @ loop invariant out->error == 0 && out->length > \at(out->length, Pre) ==> value > 0;
      @ loop invariant \at(out->error, Pre) == 0 && out->error < 0
      @     ==> out->length == out->capacity && (out->length == \at(out->length, Pre) ||
      @         llmp_varint_rest(\at(value, Pre), out->length - \at(out->length, Pre)) > 0);
      @ loop assigns value, out->length, out->error, out->bytes[\at(out->length, Pre) .. out->capacity - 1];
      @ loop variant value;
      @*/
    for (; value >= 0x80; value /= 0x80) {
        uint8_t group = (uint8_t)(0x80 + value % 0x80);
        /*@ assert group == 0x80 + value % 0x80; */
        llmp_post_put_u8(out, group);
        /*@ assert out->error == 0 ==> \let n = out->length - \at(out->length, Pre);
          @     out->bytes[out->length - 1] == 0x80 + llmp_varint_rest(\at(value, Pre), n - 1) % 0x80; */
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
    uint32_t bits = value < 0 ? 2 * (uint32_t)(-(value + 1)) + 1 : 2 * (uint32_t)value;
    /*@ assert bits == llmp_zigzag(value); */
    llmp_post_put_u32(out, bits);
}

void llmp_post_put_array(struct llmp_post_out *out, const void *bytes, size_t length) {
    uint8_t *to = room_for(out, length);
    if (to) {
        memcpy(to, bytes, length);
    }
}

void llmp_post_put_bytes(struct llmp_post_out *out, struct llmp_span bytes) {
    llmp_post_put_size(out, bytes.length);
    llmp_post_put_array(out, bytes.bytes, bytes.length);
}

/* ------------------------------------------------------------------ bytes to values */

struct llmp_post_in llmp_post_in_over(struct llmp_span bytes) {
    return (struct llmp_post_in){.at = bytes.bytes, .left = bytes.length};
}

/*@ requires \valid(in) && in->error <= 0 && rc > 0;
  @ terminates \true; exits \false; assigns in->error;
  @ ensures in->error == (\old(in->error) < 0 ? \old(in->error) : -rc);
  @*/
static void fail(struct llmp_post_in *in, int rc) {
    if (in->error == 0) {
        in->error = -rc;
    }
}

/* Null after an error. */
/*@ requires llmp_post_in_valid(in);
  @ terminates \true; exits \false; assigns in->at, in->left, in->error;
  @ ensures llmp_post_in_valid(in);
  @ behavior after_an_error:
  @   assumes in->error < 0;
  @   ensures \result == \null && llmp_post_same{Pre, Post}(in) && in->error == \old(in->error);
  @ behavior enough:
  @   assumes in->error == 0 && length <= in->left;
  @   ensures \result == \old(in->at) && llmp_post_took{Pre, Post}(in, length) && in->error == 0;
  @ behavior short:
  @   assumes in->error == 0 && length > in->left;
  @   ensures \result == \null && llmp_post_same{Pre, Post}(in) && in->error == -LLMP_E_POST_TRUNCATED;
  @ complete behaviors; disjoint behaviors;
  @*/
static const uint8_t *take(struct llmp_post_in *in, size_t length) {
    if (length > in->left) {
        fail(in, LLMP_E_POST_TRUNCATED);
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
 * Seven bits a byte, the lowest first, for a type that holds 0 to `max`. Zeros at the end are accepted as long as the
 * bytes suffice for the type (POST-7). `room` is the largest byte that still fits: more than any byte, until the last one
 * that the type has bits for, which must not continue.
 */
/* What is left of `max` behind n groups of seven bits. */
/*@ predicate llmp_varint_room(integer n, integer room, integer max) =
  @     (max == UINT32_MAX && ((n == 0 && room == max) || (n == 1 && room == 0x1ffffff) || (n == 2 && room == 0x3ffff) || (n == 3 && room == 0x7ff) || (n == 4 && room == 0xf))) ||
  @     (max == UINT64_MAX && ((n == 0 && room == max) || (n == 1 && room == 0x1ffffffffffffff) || (n == 2 && room == 0x3ffffffffffff) || (n == 3 && room == 0x7ffffffffff) || (n == 4 && room == 0xfffffffff) || (n == 5 && room == 0x1fffffff) || (n == 6 && room == 0x3fffff) || (n == 7 && room == 0x7fff) || (n == 8 && room == 0xff) || (n == 9 && room == 0x1)));
  @ lemma llmp_monotonic: \forall integer a, b, c; a <= b && 0 <= c ==> a * c <= b * c;
  @*/

/*@ requires llmp_post_in_valid(in) && (max == UINT32_MAX || max == UINT64_MAX);
  @ terminates \true; exits \false; assigns in->at, in->left, in->error;
  @ ensures llmp_post_in_valid(in);
  @ ensures llmp_varint_taken{Pre, Post}(in, \result, max);
  @*/
static uint64_t take_varint(struct llmp_post_in *in, uint64_t max) {
    uint64_t value = 0;
    uint64_t weight = 1;
    /*@ loop invariant llmp_post_in_valid(in) && in->error == \at(in->error, Pre);
      @ loop invariant in->error < 0 ==> llmp_post_same{Pre, Here}(in);
      @ loop invariant \let n = \at(in->left, Pre) - in->left; 0 <= n && in->at == \at(in->at, Pre) + n;
      @ loop invariant llmp_varint_room(\at(in->left, Pre) - in->left, room, max);
      @ loop invariant llmp_varint_more(\at(in->at, Pre), \at(in->left, Pre) - in->left);
      @ loop invariant weight == llmp_varint_weight(\at(in->left, Pre) - in->left);
      @ loop invariant 0 < weight && (room + 1) * weight == max + 1;
      @ loop invariant value == llmp_varint_sum(\at(in->at, Pre), \at(in->left, Pre) - in->left);
      @ loop invariant value < weight;
      @ loop assigns value, weight, room, in->at, in->left, in->error;
      @ loop variant room;
      @*/
    for (uint64_t room = max;; room /= 0x80) {
        uint8_t byte = llmp_post_take_u8(in);
        if (byte > room) {
            /*@ assert (room + 1) * weight <= byte * weight; */
            /*@ assert llmp_varint_beyond(\at(in->at, Pre), \at(in->left, Pre) - in->left - 1, max); */
            fail(in, LLMP_E_POST_VARINT);
            /*@ assert llmp_varint_taken{Pre, Here}(in, 0, max); */
            return 0;
        }
        uint64_t digit = byte % 0x80;
        /*@ assert in->error == 0 ==> byte == \at(in->at, Pre)[\at(in->left, Pre) - in->left - 1]; */
        /*@ assert digit == byte % 0x80 && 0 <= digit < 0x80 && digit <= room; */
        /*@ assert 0 <= digit * weight <= room * weight; */
        value += digit * weight;
        if (byte < 0x80) {
            /*@ assert in->error == 0
              @     ==> llmp_varint_valid(\at(in->at, Pre), \at(in->left, Pre) - in->left - 1, max); */
            /*@ assert in->error == -LLMP_E_POST_TRUNCATED && \at(in->error, Pre) == 0
              @     ==> llmp_varint_cut(\at(in->at, Pre), \at(in->left, Pre) - in->left, max); */
            /*@ assert in->error == 0 ==> llmp_varint_taken{Pre, Here}(in, value, max); */
            /*@ assert in->error < 0 ==> llmp_varint_taken{Pre, Here}(in, 0, max); */
            return in->error < 0 ? 0 : value;
        }
        /*@ assert in->error == 0 && llmp_varint_more(\at(in->at, Pre), \at(in->left, Pre) - in->left); */
        /*@ assert 0x80 * weight <= room * weight && digit * weight <= 0x7f * weight; */
        /*@ assert (room / 0x80 + 1) * 0x80 == room + 1; */
        /*@ assert (room / 0x80 + 1) * (0x80 * weight) == (room + 1) * weight; */
        weight *= 0x80;
    }
}

uint32_t llmp_post_take_u32(struct llmp_post_in *in) {
    return (uint32_t)take_varint(in, UINT32_MAX);
}

uint64_t llmp_post_take_u64(struct llmp_post_in *in) {
    return take_varint(in, UINT64_MAX);
}

size_t llmp_post_take_size(struct llmp_post_in *in) {
    return (size_t)take_varint(in, SIZE_MAX);
}

int32_t llmp_post_take_i32(struct llmp_post_in *in) {
    uint32_t bits = llmp_post_take_u32(in);
    return bits % 2 == 1 ? -(int32_t)(bits / 2) - 1 : (int32_t)(bits / 2);
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
        fail(in, LLMP_E_POST_TOO_LONG);
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
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == llmp_utf8_length(first);
  @*/
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
/*@ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <==> llmp_utf8_second(first, second);
  @*/
static bool utf8_second_fits(uint8_t first, uint8_t second) {
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high;
}

/*@ requires 1 <= length <= 4 && \valid_read(bytes + (0 .. length - 1)) && length == llmp_utf8_length(bytes[0]);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <==> llmp_utf8_character(bytes, length);
  @*/
static bool utf8_character_fits(const uint8_t *bytes, size_t length) {
    if (length > 1 && !utf8_second_fits(bytes[0], bytes[1])) {
        return false;
    }
    /*@ loop invariant 2 <= i && (length >= 2 ==> i <= length);
      @ loop invariant \forall integer j; 2 <= j < i ==> llmp_utf8_tail(bytes[j]);
      @ loop assigns i;
      @ loop variant length - i;
      @*/
    for (size_t i = 2; i < length; i++) {
        if (bytes[i] < 0x80 || bytes[i] > 0xbf) {
            return false;
        }
    }
    return true;
}

bool llmp_post_is_utf8(struct llmp_span text) {
    /*@ loop invariant at <= text.length;
      @ loop invariant llmp_utf8(text.bytes, text.length) <==> llmp_utf8(text.bytes + at, text.length - at);
      @ loop assigns at;
      @ loop variant text.length - at;
      @*/
    for (size_t at = 0; at < text.length;) {
        size_t length = utf8_length(text.bytes[at]);
        if (length == 0 || length > text.length - at || !utf8_character_fits(text.bytes + at, length)) {
            return false;
        }
        /*@ assert llmp_utf8_character(text.bytes + at, text.length - at); */
        /*@ assert llmp_utf8(text.bytes + at, text.length - at)
          @     <==> llmp_utf8((text.bytes + at) + length, text.length - at - length); */
        /*@ assert (text.bytes + at) + length == text.bytes + (at + length); */
        at += length;
    }
    return true;
}
