/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef LLMP_CHANNEL_COPY_H
#define LLMP_CHANNEL_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Small payloads are copied by words. On the way in, their caller has mostly just written them, word by word, and the
 * wide loads of a library's memcpy would have to wait until those stores have left the store buffer: 3 of 12 ns for 64
 * bytes. On the way out it is the faster way too: 0.82 of the ping-pong's floor instead of 0.74 for 256 bytes.
 */
#define LLMP_COPY_BY_WORDS 256u

static inline void llmp_copy(void *to, const void *from, size_t length) {
    if (length > LLMP_COPY_BY_WORDS) {
        memcpy(to, from, length);
        return;
    }
    unsigned char *target = to;
    const unsigned char *source = from;
    size_t i = 0;
    for (; i + 2 * sizeof(uint64_t) <= length; i += 2 * sizeof(uint64_t)) {
        uint64_t words[2];
        memcpy(&words[0], source + i, sizeof words[0]);
        memcpy(&words[1], source + i + sizeof words[0], sizeof words[1]);
        memcpy(target + i, &words[0], sizeof words[0]);
        memcpy(target + i + sizeof words[0], &words[1], sizeof words[1]);
    }
    if (i + sizeof(uint64_t) <= length) {
        uint64_t word;
        memcpy(&word, source + i, sizeof word);
        memcpy(target + i, &word, sizeof word);
        i += sizeof word;
    }
    for (; i < length; i++) {
        target[i] = source[i];
    }
}

#endif
