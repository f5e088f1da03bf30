/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef LLMP_WIRE_SPAN_H
#define LLMP_WIRE_SPAN_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that belong to somebody else. Not terminated; null only with a length of 0. */
struct llmp_span {
    const uint8_t *bytes;
    size_t length;
};

#endif
