/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The payload of message number i, and the check that it arrived intact.
 *
 *     word 0: i      words 1 … n-1: random, the same in every message of a run
 *
 * The sender changes one word per message. The receiver reads every byte: word 0 must be the expected number (order, no
 * loss, no duplicates), and the sum of all words must be the expected one (content). Subjects and baselines use the
 * same functions, so that both do the same work.
 */
#ifndef LLMP_BENCH_PAYLOAD_H
#define LLMP_BENCH_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct payload {
    uint64_t *words;
    size_t bytes;      /* a multiple of 8, at least 8 */
    uint64_t rest_sum; /* of all words except the first */
};

/* xorshift64*; any generator that fills all bytes is good enough. */
static inline uint64_t payload_random(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1Du;
}

/* Allocates a buffer of `bytes` bytes, aligned to 64, as payload buffers are. Returns null without memory. */
static inline void *payload_buffer(size_t bytes) {
    return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

/* Returns 0, or -1 without memory. */
static inline int payload_init(struct payload *payload, size_t bytes, uint64_t seed) {
    uint64_t state = seed | 1; /* a state of 0 would stay 0 */
    payload->bytes = bytes;
    payload->rest_sum = 0;
    payload->words = payload_buffer(bytes);
    if (payload->words == NULL) {
        return -1;
    }
    payload->words[0] = 0;
    for (size_t i = 1; i < bytes / 8; i++) {
        payload->words[i] = payload_random(&state);
        payload->rest_sum += payload->words[i];
    }
    return 0;
}

static inline void payload_fini(struct payload *payload) {
    free(payload->words);
    payload->words = NULL;
}

/* Turns it into the payload of message number `number`. */
static inline void payload_stamp(struct payload *payload, uint64_t number) {
    payload->words[0] = number;
}

/*
 * Returns the sum of all words. Four independent sums, because one would make each addition wait for the previous one.
 */
static inline uint64_t payload_sum(const uint64_t *words, size_t count) {
    uint64_t a = 0, b = 0, c = 0, d = 0;
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        a += words[i];
        b += words[i + 1];
        c += words[i + 2];
        d += words[i + 3];
    }
    for (; i < count; i++) {
        a += words[i];
    }
    return a + b + c + d;
}

/*
 * Returns true if `data` is the payload of message number `number`.
 *
 * @param data  8-byte aligned; may be shared memory, because each byte is read once
 * @param bytes payload->bytes; a parameter, so that callers can pass a constant
 */
static inline bool payload_is(const struct payload *payload, const void *data, size_t bytes, uint64_t number) {
    const uint64_t *words = data;
    uint64_t first = words[0];
    return first == number && first + payload_sum(words + 1, bytes / 8 - 1) == number + payload->rest_sum;
}

#endif
