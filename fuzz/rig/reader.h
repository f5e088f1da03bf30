/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A second reader of pages, made from the protocol's facts and of nothing in ref/. It says what a receiver has to do
 * next on pages that nobody changes meanwhile: which message, or which of the rules the bytes break. A page can break
 * several at once; a receiver names any one of them.
 */
#ifndef LLMP_FUZZ_READER_H
#define LLMP_FUZZ_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rig/arena.h"

enum fuzz_next_kind {
    FUZZ_NEXT_MESSAGE,
    FUZZ_NEXT_NONE,   /* nothing is published behind the last one */
    FUZZ_NEXT_CLOSED, /* EXITING */
    FUZZ_NEXT_WRONG,  /* `broken` has the codes that may be given, as fuzz_code_bit() */
    FUZZ_NEXT_RING /* pages without a message lead to each other: a receiver gives up for now, and may do so forever */
};

struct fuzz_next {
    enum fuzz_next_kind kind;
    uint64_t broken;
    uint32_t tag, sender, broker, flags;
    uint64_t id;
    size_t length;
    int segment;   /* where the message lies */
    size_t offset; /* of its slot */
};

struct fuzz_reader {
    size_t most_page; /* the largest page that it accepts */
    int segment;      /* the page it stands on; -1 before it begins */
    size_t size;      /* of the map, as described */
    size_t offset;
    uint64_t last_id;
    unsigned joined[FUZZ_SEGMENTS]; /* what it added to each page's counts */
    unsigned left[FUZZ_SEGMENTS];
};

/* The bit of a negative code of this library, of those that a page can cause; 0 for others. */
uint64_t fuzz_code_bit(int code);

/* Opens the page described: 0, or the codes that may be given. */
uint64_t fuzz_reader_begin(struct fuzz_reader *reader, uint64_t size, const char id[20], bool joined);

struct fuzz_next fuzz_reader_next(struct fuzz_reader *reader);

#endif
