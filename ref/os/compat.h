/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Structs that cross the library's boundary: option structs reserve bytes, statistics are copied by the caller's size. */
#ifndef LLMP_OS_COMPAT_H
#define LLMP_OS_COMPAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Returns true if all bytes are 0. A set byte is an option of a newer version, which must not be ignored. */
static inline bool llmp_is_zero(const void *bytes, size_t size) {
    const unsigned char *at = (const unsigned char *)bytes;
    size_t zeros = 0;
    while (zeros < size && at[zeros] == 0) {
        zeros++;
    }
    return zeros == size;
}

/* Copies the fields that both versions know to a struct of `size` bytes and zeroes the rest of it. */
static inline void llmp_copy_known(void *to, size_t size, const void *from, size_t known) {
    size_t copied = size < known ? size : known;
    memcpy(to, from, copied);
    memset((unsigned char *)to + copied, 0, size - copied);
}

#endif
