/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef LLMP_WIRE_SPAN_H
#define LLMP_WIRE_SPAN_H

#include <stddef.h>
#include <stdint.h>

/* A view of bytes that another object owns. Not NUL-terminated; `bytes` may be null only if `length` is 0. */
struct llmp_span {
    const uint8_t *bytes;
    size_t length;
};

#endif
