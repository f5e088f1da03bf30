/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Postcard (POST-1, POST-7): values to bytes and back, in bounds.
 *
 * Both sides keep the first error and go on doing nothing, so that a whole structure is written or read field by field
 * and the error is looked at once, at the end. A value taken after an error is 0 or empty.
 */
#ifndef LLMP_NET_POSTCARD_H
#define LLMP_NET_POSTCARD_H

#include <stdbool.h>

#include "net/span.h"

/* ------------------------------------------------------------------ values to bytes */

struct llmp_post_out {
    uint8_t *bytes;
    size_t capacity;
    size_t length; /* written so far */
    int error;     /* 0 or -ENOBUFS */
};

struct llmp_post_out llmp_post_out_over(uint8_t *bytes, size_t capacity);

void llmp_post_put_u8(struct llmp_post_out *out, uint8_t value);
void llmp_post_put_u32(struct llmp_post_out *out, uint32_t value);
void llmp_post_put_u64(struct llmp_post_out *out, uint64_t value);
void llmp_post_put_size(struct llmp_post_out *out, size_t value);
void llmp_post_put_i32(struct llmp_post_out *out, int32_t value);

/* A fixed number of bytes, as [u8; 20]: no length before them. */
void llmp_post_put_array(struct llmp_post_out *out, const void *bytes, size_t length);

/* A byte vector or a string: its length before it. */
void llmp_post_put_bytes(struct llmp_post_out *out, struct llmp_span bytes);

/* ------------------------------------------------------------------ bytes to values */

struct llmp_post_in {
    const uint8_t *at;
    size_t left;
    int error; /* 0, -LLMP_E_POST_SHORT, _VARINT, _VARIANT, _UTF8 or _LONG */
};

struct llmp_post_in llmp_post_in_over(struct llmp_span bytes);

uint8_t llmp_post_take_u8(struct llmp_post_in *in);
uint32_t llmp_post_take_u32(struct llmp_post_in *in);
uint64_t llmp_post_take_u64(struct llmp_post_in *in);
size_t llmp_post_take_size(struct llmp_post_in *in);
int32_t llmp_post_take_i32(struct llmp_post_in *in);
void llmp_post_take_array(struct llmp_post_in *in, void *bytes, size_t length);

/* The index of an enum that has `count` variants, 0 to count - 1. */
uint32_t llmp_post_take_variant(struct llmp_post_in *in, uint32_t count);

/* Views into the input. More than `bound` bytes is -LLMP_E_POST_LONG, though a cut-off input is _SHORT first. */
struct llmp_span llmp_post_take_bytes(struct llmp_post_in *in, size_t bound);
struct llmp_span llmp_post_take_string(struct llmp_post_in *in, size_t bound);

/* Whether bytes are UTF-8: no over-long forms, no surrogates, nothing above U+10FFFF. */
bool llmp_post_is_utf8(struct llmp_span text);

#endif
