/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A second reader of pages, written from the specification and sharing no code with ref/. For pages that do not change
 * meanwhile it computes what a receiver must return next: a message, or an error. A page can break several rules at
 * once; a receiver may return the error of any of them.
 */
#ifndef LLMP_FUZZ_READER_H
#define LLMP_FUZZ_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rig/arena.h"

enum fuzz_next_kind {
    FUZZ_NEXT_MESSAGE,
    FUZZ_NEXT_NONE,   /* no further message is published */
    FUZZ_NEXT_CLOSED, /* EXITING */
    FUZZ_NEXT_ERROR,  /* `errors` has the codes that may be returned, as fuzz_error_bit() */
    FUZZ_NEXT_RING    /* pages without messages name each other: the receiver returns -EAGAIN, perhaps for ever */
};

struct fuzz_next {
    enum fuzz_next_kind kind;
    uint64_t errors;
    uint32_t tag, sender, broker, flags;
    uint64_t id;
    size_t length;
    int segment;   /* that has the message */
    size_t offset; /* of its slot */
};

struct fuzz_reader {
    size_t max_page_size; /* of pages that END_OF_PAGE names */
    int segment;          /* the page being read; -1 before fuzz_reader_begin() succeeded */
    size_t size;          /* of the map, as described */
    size_t offset;        /* of the next slot */
    uint64_t last_id;
    unsigned joined[FUZZ_SEGMENTS]; /* how often the reader joined each page */
    unsigned left[FUZZ_SEGMENTS];   /* … and left it */
};

/* Returns the bit of a negative error code that a page can cause; 0 for other codes. */
uint64_t fuzz_error_bit(int code);

/* Opens the page described. Returns 0, or the bits of the errors that may be returned. */
uint64_t fuzz_reader_begin(struct fuzz_reader *reader, uint64_t size, const char id[20], bool joined);

/* Reads the next message. Follows END_OF_PAGE and does not return it. */
struct fuzz_next fuzz_reader_next(struct fuzz_reader *reader);

#endif
