/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What stands for bytes in requests and answers: payloads by seed, digests, descriptions. */
#ifndef ADAPTER_VALUES_H
#define ADAPTER_VALUES_H

#include <jansson.h>
#include <llmp/shmem.h>
#include <stdbool.h>

/* The payload of that seed. */
void value_payload(uint64_t seed, void *bytes, size_t length);

/* The CRC-32 of what `digest` is of and `bytes` behind it; start with 0. */
uint32_t value_digest(uint32_t digest, const void *bytes, size_t length);

/* A description as the answers have it; a new reference. */
json_t *value_desc(const llmp_shmem_desc *desc);

/* A whole string of decimal digits. */
bool value_digits(const char *text, uint64_t *out);

/* Exactly 2 × length hexadecimal digits. */
bool value_unhex(const char *text, char *bytes, size_t length);

#endif
