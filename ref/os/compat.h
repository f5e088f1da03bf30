/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Structs of the public headers that grow: option structs reserve bytes, statistics are copied by the caller's size. */
#ifndef LLMP_OS_COMPAT_H
#define LLMP_OS_COMPAT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Returns true if all bytes are 0. A set reserved byte is an option of a newer version and must be refused. */
static inline bool llmp_is_zero(const void *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (((const unsigned char *)bytes)[i] != 0) {
            return false;
        }
    }
    return true;
}

/*
 * Fills the `to_size` bytes of a struct whose caller may have another version of the header: copies the bytes that both
 * versions have and zeroes the rest.
 */
static inline void llmp_copy_known(void *to, size_t to_size, const void *from, size_t from_size) {
    size_t copied = to_size < from_size ? to_size : from_size;
    memcpy(to, from, copied);
    memset((unsigned char *)to + copied, 0, to_size - copied);
}

#endif
