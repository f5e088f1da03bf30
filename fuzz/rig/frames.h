/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A second implementation of frames (TCP-1), for what a target sends and receives. */
#ifndef LLMP_FUZZ_FRAMES_H
#define LLMP_FUZZ_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_FRAME_HEAD 4u

struct fuzz_body {
    const uint8_t *bytes;
    size_t length;
};

/* Returns the length of the body that a frame's head announces. */
static inline size_t fuzz_frame_length(const uint8_t head[FUZZ_FRAME_HEAD]) {
    return ((size_t)head[0] * 256 + head[1]) * 65536 + (size_t)head[2] * 256 + head[3];
}

/* Parses the frame at `*at` and moves `*at` behind it. Returns false if the frame is not complete. */
static inline bool fuzz_frame_next(const uint8_t *stream, size_t length, size_t *at, struct fuzz_body *body) {
    size_t left = length - *at;
    if (left < FUZZ_FRAME_HEAD) {
        return false;
    }
    const uint8_t *head = stream + *at;
    size_t announced = fuzz_frame_length(head);
    if (announced > left - FUZZ_FRAME_HEAD) {
        return false;
    }
    *body = (struct fuzz_body){head + FUZZ_FRAME_HEAD, announced};
    *at += FUZZ_FRAME_HEAD + announced;
    return true;
}

/* Writes the head of a frame whose body has `length` bytes. */
static inline void fuzz_frame_head(uint8_t head[FUZZ_FRAME_HEAD], size_t length) {
    for (unsigned i = 0; i < FUZZ_FRAME_HEAD; i++) {
        head[i] = (uint8_t)(length >> (24 - 8 * i));
    }
}

#endif
