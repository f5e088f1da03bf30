/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Payloads that follow from a seed, and their digests, as ADAPTER.md defines them. */
#ifndef LC_ORACLE_PAYLOAD_H
#define LC_ORACLE_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

void lc_payload_fill(void *bytes, size_t length, uint64_t seed);
uint32_t lc_payload_digest(size_t length, uint64_t seed);

/* Continues a CRC-32 as zlib's crc32() does; start with 0. */
uint32_t lc_crc(uint32_t crc, const void *bytes, size_t length);

/* Adds a message to the digest of a drain: tag, flags, length, payload (ADAPTER.md, receiver.drain). */
uint32_t lc_drain_digest(uint32_t crc, uint32_t tag, uint32_t flags, const void *payload, size_t length);
/* The same for `count` messages with the payloads of `seed`, `seed` + 1 … */
uint32_t lc_drain_digest_seeds(uint32_t crc, uint32_t tag, uint32_t flags, size_t length, uint64_t seed,
                               uint64_t count);

#endif
