/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Postcard (POST-1, POST-7): encodes values to bytes and decodes them, with checked bounds.
 *
 * Both directions record the first error. All calls after it do nothing, so that a caller encodes or decodes a whole
 * structure field by field and checks the error once at the end. A value decoded after an error is 0 or empty.
 *
 * The comments that begin with an at sign are contracts in ACSL, which hold for all inputs. `make prove` proves them;
 * fuzz/prove/README.md explains how to read them.
 */
#ifndef LLMP_WIRE_POSTCARD_H
#define LLMP_WIRE_POSTCARD_H

#include <stdbool.h>

#include "llmp/shmem.h"
#include "wire/span.h"

/* ------------------------------------------------------------------ the meaning of a varint */

/*@ predicate llmp_varint_more(uint8_t *b, integer n) = \forall integer i; 0 <= i < n ==> 0x80 <= b[i];
  @ logic integer llmp_varint_weight(integer n) = n <= 0 ? 1 : 0x80 * llmp_varint_weight(n - 1);
  @ logic integer llmp_varint_sum(uint8_t *b, integer n) =
  @     n <= 0 ? 0 : llmp_varint_sum(b, n - 1) + b[n - 1] % 0x80 * llmp_varint_weight(n - 1);
  @ logic integer llmp_zigzag(integer n) = n >= 0 ? 2 * n : -2 * n - 1;
  @ logic integer llmp_varint_last(integer max) = max <= UINT32_MAX ? 4 : 9;
  @ predicate llmp_varint_valid(uint8_t *b, integer last, integer max) =
  @     last <= llmp_varint_last(max) && llmp_varint_more(b, last) && b[last] < 0x80 &&
  @     llmp_varint_sum(b, last + 1) <= max;
  @ predicate llmp_varint_beyond(uint8_t *b, integer last, integer max) =
  @     last == llmp_varint_last(max) && llmp_varint_more(b, last) &&
  @     (b[last] >= 0x80 || llmp_varint_sum(b, last + 1) > max);
  @ predicate llmp_varint_cut(uint8_t *b, integer left, integer max) =
  @     left <= llmp_varint_last(max) && llmp_varint_more(b, left);
  @*/

/* ------------------------------------------------------------------ values to bytes */

struct llmp_post_out {
    uint8_t *bytes; /* the caller's buffer */
    size_t capacity;
    size_t length; /* bytes written so far */
    int error;     /* 0, or -ENOBUFS if a value did not fit */
};

/*@ predicate llmp_post_out_valid(struct llmp_post_out *out) =
  @     \valid(out) && out->error <= 0 && out->length <= out->capacity &&
  @     \valid(out->bytes + (0 .. out->capacity - 1)) && \separated(out, out->bytes + (0 .. out->capacity - 1));
  @*/

struct llmp_post_out llmp_post_out_over(uint8_t *bytes, size_t capacity);

/* llmp_varint_rest: `value` without its n lowest groups of seven bits. */
/*@ logic integer llmp_varint_rest(integer value, integer n) = n <= 0 ? value : llmp_varint_rest(value, n - 1) / 0x80;
  @ predicate llmp_varint_groups(uint8_t *b, integer n, integer value) = \forall integer i; 0 <= i < n
  @     ==> b[i] == 0x80 + llmp_varint_rest(value, i) % 0x80;
  @*/

/*
 * The effect of writing a varint (from A to B). After an error: none. Otherwise it writes the groups of the value, no
 * more than needed, or as many of them as fit.
 */
/*@ predicate llmp_varint_written{A, B}(struct llmp_post_out *out, integer value) =
  @     \let b = \at(out->bytes, A) + \at(out->length, A);
  @     \let n = \at(out->length, B) - \at(out->length, A);
  @     \at(out->bytes, A) == \at(out->bytes, B) && \at(out->capacity, A) == \at(out->capacity, B) &&
  @     (\at(out->error, A) < 0 ==> n == 0 && \at(out->error, B) == \at(out->error, A)) &&
  @     (\at(out->error, A) == 0 ==>
  @         (\at(out->error, B) == 0 && n >= 1 && llmp_varint_groups{B}(b, n - 1, value) &&
  @          \at(b[n - 1], B) == llmp_varint_rest(value, n - 1) < 0x80 && (n == 1 || \at(b[n - 1], B) > 0)) ||
  @         (\at(out->error, B) < 0 && \at(out->length, B) == \at(out->capacity, A) &&
  @          llmp_varint_groups{B}(b, n, value) && (n == 0 || llmp_varint_rest(value, n) > 0)));
  @*/

/*@ requires llmp_post_out_valid(out);
  @ terminates \true; exits \false; assigns out->length, out->error, out->bytes[out->length .. out->capacity - 1];
  @ ensures llmp_post_out_valid(out);
  @ behavior after_an_error:
  @   assumes out->error < 0;
  @   ensures out->error == \old(out->error) && out->length == \old(out->length);
  @ behavior enough:
  @   assumes out->error == 0 && out->length < out->capacity;
  @   ensures out->bytes[\old(out->length)] == value && out->length == \old(out->length) + 1 && out->error == 0;
  @ behavior full:
  @   assumes out->error == 0 && out->length == out->capacity;
  @   ensures out->error < 0 && out->length == \old(out->length);
  @ complete behaviors; disjoint behaviors;
  @*/
void llmp_post_put_u8(struct llmp_post_out *out, uint8_t value);

/*@ requires llmp_post_out_valid(out);
  @ terminates \true; exits \false; assigns out->length, out->error, out->bytes[out->length .. out->capacity - 1];
  @ ensures llmp_post_out_valid(out);
  @ ensures llmp_varint_written{Pre, Post}(out, value);
  @*/
void llmp_post_put_u32(struct llmp_post_out *out, uint32_t value);

/*@ requires llmp_post_out_valid(out);
  @ terminates \true; exits \false; assigns out->length, out->error, out->bytes[out->length .. out->capacity - 1];
  @ ensures llmp_post_out_valid(out);
  @ ensures llmp_varint_written{Pre, Post}(out, value);
  @*/
void llmp_post_put_u64(struct llmp_post_out *out, uint64_t value);

/*@ requires llmp_post_out_valid(out);
  @ terminates \true; exits \false; assigns out->length, out->error, out->bytes[out->length .. out->capacity - 1];
  @ ensures llmp_post_out_valid(out);
  @ ensures llmp_varint_written{Pre, Post}(out, value);
  @*/
void llmp_post_put_size(struct llmp_post_out *out, size_t value);

/*@ requires llmp_post_out_valid(out);
  @ terminates \true; exits \false; assigns out->length, out->error, out->bytes[out->length .. out->capacity - 1];
  @ ensures llmp_post_out_valid(out);
  @ ensures llmp_varint_written{Pre, Post}(out, llmp_zigzag(value));
  @*/
void llmp_post_put_i32(struct llmp_post_out *out, int32_t value);

/* Writes an array of fixed length, as [u8; 20]: the bytes without a length. */
void llmp_post_put_array(struct llmp_post_out *out, const void *bytes, size_t length);

/* Writes a byte vector or a string: its length, then its bytes. */
void llmp_post_put_bytes(struct llmp_post_out *out, struct llmp_span bytes);

/* ------------------------------------------------------------------ bytes to values */

struct llmp_post_in {
    const uint8_t *at; /* the next byte of the caller's input */
    size_t left;
    int error; /* 0, -LLMP_E_POST_TRUNCATED, _VARINT, _VARIANT, _UTF8 or _TOO_LONG */
};

/*@ predicate llmp_post_in_valid(struct llmp_post_in *in) =
  @     \valid(in) && in->error <= 0 && \valid_read(in->at + (0 .. in->left - 1)) &&
  @     \separated(in, in->at + (0 .. in->left - 1));
  @ predicate llmp_post_same{A, B}(struct llmp_post_in *in) =
  @     \at(in->at, A) == \at(in->at, B) && \at(in->left, A) == \at(in->left, B);
  @ predicate llmp_post_took{A, B}(struct llmp_post_in *in, integer n) = \at(n, A) <= \at(in->left, A) &&
  @     \at(in->at, B) == \at(in->at, A) + \at(n, A) && \at(in->left, B) == \at(in->left, A) - \at(n, A);
  @*/

/*
 * The effect of reading a varint from `in` (from A to B), and the value returned. The first error stays. Otherwise the
 * varint is valid, beyond its type, or cut off by the end of the input; the value is its sum, or 0. No input is two of
 * these.
 */
/*@ predicate llmp_varint_taken{A, B}(struct llmp_post_in *in, integer value, integer max) =
  @     \let b = \at(in->at, A);
  @     \let used = \at(in->left, A) - \at(in->left, B);
  @     (\at(in->error, A) < 0
  @         ==> value == 0 && \at(in->error, B) == \at(in->error, A) && llmp_post_same{A, B}(in)) &&
  @     (\at(in->error, A) == 0 ==> 0 <= used && \at(in->at, B) == b + used &&
  @         ((\at(in->error, B) == 0 && used >= 1 && llmp_varint_valid{B}(b, used - 1, max) &&
  @           value == llmp_varint_sum{B}(b, used)) ||
  @          (\at(in->error, B) == -LLMP_E_POST_VARINT && used >= 1 && llmp_varint_beyond{B}(b, used - 1, max) &&
  @           value == 0) ||
  @          (\at(in->error, B) == -LLMP_E_POST_TRUNCATED && used == \at(in->left, A) &&
  @           llmp_varint_cut{B}(b, used, max) && value == 0)));
  @*/

struct llmp_post_in llmp_post_in_over(struct llmp_span bytes);

/*@ requires llmp_post_in_valid(in);
  @ terminates \true; exits \false; assigns in->at, in->left, in->error;
  @ ensures llmp_post_in_valid(in);
  @ behavior after_an_error:
  @   assumes in->error < 0;
  @   ensures \result == 0 && llmp_post_same{Pre, Post}(in) && in->error == \old(in->error);
  @ behavior enough:
  @   assumes in->error == 0 && in->left >= 1;
  @   ensures \result == *\old(in->at) && llmp_post_took{Pre, Post}(in, 1) && in->error == 0;
  @ behavior short:
  @   assumes in->error == 0 && in->left == 0;
  @   ensures \result == 0 && llmp_post_same{Pre, Post}(in) && in->error == -LLMP_E_POST_TRUNCATED;
  @ complete behaviors; disjoint behaviors;
  @*/
uint8_t llmp_post_take_u8(struct llmp_post_in *in);

/*@ requires llmp_post_in_valid(in);
  @ terminates \true; exits \false; assigns in->at, in->left, in->error;
  @ ensures llmp_post_in_valid(in);
  @ ensures llmp_varint_taken{Pre, Post}(in, \result, UINT32_MAX);
  @*/
uint32_t llmp_post_take_u32(struct llmp_post_in *in);

/*@ requires llmp_post_in_valid(in);
  @ terminates \true; exits \false; assigns in->at, in->left, in->error;
  @ ensures llmp_post_in_valid(in);
  @ ensures llmp_varint_taken{Pre, Post}(in, \result, UINT64_MAX);
  @*/
uint64_t llmp_post_take_u64(struct llmp_post_in *in);

/*@ requires llmp_post_in_valid(in);
  @ terminates \true; exits \false; assigns in->at, in->left, in->error;
  @ ensures llmp_post_in_valid(in);
  @ ensures llmp_varint_taken{Pre, Post}(in, \result, SIZE_MAX);
  @*/
size_t llmp_post_take_size(struct llmp_post_in *in);

/* Decodes zigzag: 0, 1, 2, 3 … become 0, -1, 1, -2 …. */
/*@ requires llmp_post_in_valid(in);
  @ terminates \true; exits \false; assigns in->at, in->left, in->error;
  @ ensures llmp_post_in_valid(in);
  @ ensures llmp_varint_taken{Pre, Post}(in, llmp_zigzag(\result), UINT32_MAX);
  @*/
int32_t llmp_post_take_i32(struct llmp_post_in *in);

/* Copies an array of fixed length; fills it with zeros after an error. */
void llmp_post_take_array(struct llmp_post_in *in, void *bytes, size_t length);

/* Returns the index of an enum that has `count` variants, 0 to count - 1. */
/*@ requires llmp_post_in_valid(in);
  @ terminates \true; exits \false; assigns in->at, in->left, in->error;
  @ ensures llmp_post_in_valid(in);
  @ ensures in->error == 0 ==> llmp_varint_taken{Pre, Post}(in, \result, UINT32_MAX) && \result < count;
  @ ensures in->error < 0 ==> \result == 0;
  @ ensures \old(in->error) < 0 ==> in->error == \old(in->error) && llmp_post_same{Pre, Post}(in);
  @ ensures \old(in->error) == 0 && in->error < 0 && in->error != -LLMP_E_POST_VARIANT
  @         ==> llmp_varint_taken{Pre, Post}(in, 0, UINT32_MAX);
  @ ensures \old(in->error) == 0 && in->error == -LLMP_E_POST_VARIANT
  @         ==> llmp_varint_valid(\old(in->at), \old(in->left) - in->left - 1, UINT32_MAX) &&
  @             llmp_varint_sum(\old(in->at), \old(in->left) - in->left) >= count;
  @*/
uint32_t llmp_post_take_variant(struct llmp_post_in *in, uint32_t count);

/*@ predicate llmp_utf8_tail(integer byte) = 0x80 <= byte <= 0xbf;
  @ predicate llmp_utf8_second(integer first, integer second) =
  @     (first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80) <= second <=
  @     (first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf);
  @ logic integer llmp_utf8_length(integer first) = first < 0x80 ? 1 : 0xc2 <= first <= 0xdf ? 2 :
  @     0xe0 <= first <= 0xef ? 3 : 0xf0 <= first <= 0xf4 ? 4 : 0;
  @ predicate llmp_utf8_character(uint8_t *b, integer left) =
  @     0 < llmp_utf8_length(b[0]) <= left &&
  @     (llmp_utf8_length(b[0]) > 1 ==> llmp_utf8_second(b[0], b[1])) &&
  @     (llmp_utf8_length(b[0]) > 2 ==> llmp_utf8_tail(b[2])) &&
  @     (llmp_utf8_length(b[0]) > 3 ==> llmp_utf8_tail(b[3]));
  @ predicate llmp_utf8(uint8_t *b, integer left) = left == 0 ||
  @     (llmp_utf8_character(b, left) && llmp_utf8(b + llmp_utf8_length(b[0]), left - llmp_utf8_length(b[0])));
  @*/

/*
 * Return a view into the input. The error is -LLMP_E_POST_TOO_LONG if it has more than `bound` bytes, but
 * -LLMP_E_POST_TRUNCATED if the input ends before.
 */
/*@ requires llmp_post_in_valid(in);
  @ terminates \true; exits \false; assigns in->at, in->left, in->error;
  @ ensures llmp_post_in_valid(in);
  @ ensures \old(in->error) < 0 ==> in->error == \old(in->error) && llmp_post_same{Pre, Post}(in);
  @ ensures in->error < 0 ==> \result.bytes == \null && \result.length == 0;
  @ ensures \old(in->error) == 0 && in->error == -LLMP_E_POST_TOO_LONG ==> \old(in->left) - in->left > bound;
  @ ensures in->error == 0 ==> \result.length <= bound && \valid_read(\result.bytes + (0 .. \result.length - 1));
  @ ensures in->error == 0 ==> \let head = \old(in->left) - in->left - \result.length;
  @     1 <= head && llmp_varint_valid(\old(in->at), head - 1, SIZE_MAX) &&
  @     \result.length == llmp_varint_sum(\old(in->at), head) && \result.bytes == \old(in->at) + head &&
  @     in->at == \result.bytes + \result.length;
  @*/
struct llmp_span llmp_post_take_bytes(struct llmp_post_in *in, size_t bound);

/*@ requires llmp_post_in_valid(in);
  @ terminates \true; exits \false; assigns in->at, in->left, in->error;
  @ ensures llmp_post_in_valid(in);
  @ ensures \old(in->error) < 0 ==> in->error == \old(in->error) && llmp_post_same{Pre, Post}(in);
  @ ensures in->error < 0 ==> \result.bytes == \null && \result.length == 0;
  @ ensures in->error == 0 ==> \result.length <= bound && \valid_read(\result.bytes + (0 .. \result.length - 1)) &&
  @     llmp_utf8(\result.bytes, \result.length);
  @*/
struct llmp_span llmp_post_take_string(struct llmp_post_in *in, size_t bound);

/* Returns true if the bytes are UTF-8: no over-long forms, no surrogates, nothing above U+10FFFF. */
/*@ requires \valid_read(text.bytes + (0 .. text.length - 1));
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result <==> llmp_utf8(text.bytes, text.length);
  @*/
bool llmp_post_is_utf8(struct llmp_span text);

#endif
