/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Takes an input apart. Numbers behind its end are zero, so a target need not check how much is left. */
#ifndef LLMP_FUZZ_INPUT_H
#define LLMP_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

/* The entry point of every target; libFuzzer, AFL++ and replay.c call it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline struct fuzz_input fuzz_input_over(const uint8_t *data, size_t size) {
    return (struct fuzz_input){data, size};
}

/* Returns a view of the next `*length` bytes, or of as many as are left; may be null if `*length` becomes 0. */
static inline const uint8_t *fuzz_take(struct fuzz_input *input, size_t *length) {
    const uint8_t *bytes = input->at;
    *length = *length < input->left ? *length : input->left;
    if (*length > 0) {
        input->at += *length;
        input->left -= *length;
    }
    return bytes;
}

static inline uint64_t fuzz_number(struct fuzz_input *input, size_t bytes) {
    uint64_t number = 0;
    const uint8_t *from = fuzz_take(input, &bytes);
    for (size_t i = 0; i < bytes; i++) {
        number |= (uint64_t)from[i] << (8 * i);
    }
    return number;
}

static inline uint8_t fuzz_u8(struct fuzz_input *input) {
    return (uint8_t)fuzz_number(input, 1);
}

static inline uint16_t fuzz_u16(struct fuzz_input *input) {
    return (uint16_t)fuzz_number(input, 2);
}

static inline uint32_t fuzz_u32(struct fuzz_input *input) {
    return (uint32_t)fuzz_number(input, 4);
}

/* Returns true if an option byte has any of these bits. */
static inline bool fuzz_has(unsigned options, unsigned bits) {
    return (options & bits) != 0;
}

#endif
