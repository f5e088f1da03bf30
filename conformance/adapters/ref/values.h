/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The values of ADAPTER.md: payloads given by a seed, digests, descriptions, digits. */
#ifndef ADAPTER_VALUES_H
#define ADAPTER_VALUES_H

#include <jansson.h>
#include <llmp/shmem.h>
#include <stdbool.h>

/* Fills `bytes` with the payload of a seed. */
void value_fill_payload(uint64_t seed, void *bytes, size_t length);

/* Writes the lowest `length` bytes of a number, the lowest one first. */
void value_store_little_endian(uint64_t value, unsigned char *bytes, size_t length);

/* Extends a CRC-32 by `length` bytes and returns the new one; the CRC-32 of no bytes is 0. */
uint32_t value_update_digest(uint32_t digest, const void *bytes, size_t length);

/* Returns a description in the format of answers, a new reference. */
json_t *value_desc_to_json(const llmp_shmem_desc *desc);

/* Parses a string that consists of decimal digits only. Returns false if it does not, is empty, or is out of range. */
bool value_parse_digits(const char *text, uint64_t *out);

/* Parses exactly 2 × length hexadecimal digits. */
bool value_parse_hex(const char *text, char *bytes, size_t length);

#endif
