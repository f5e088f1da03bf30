/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "oracle/payload.h"

#include <string.h>

static uint64_t mix(uint64_t z) {
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* Writes word `k` of the payload. */
static void put_word(uint8_t bytes[8], uint64_t seed, uint64_t k) {
    uint64_t value = mix(seed + (k + 1) * UINT64_C(0x9E3779B97F4A7C15));
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

void lc_payload_fill(void *bytes, size_t length, uint64_t seed) {
    uint8_t *at = bytes;
    for (uint64_t k = 0; length > 0; k++) {
        uint8_t next[8];
        size_t count = length < sizeof next ? length : sizeof next;
        put_word(next, seed, k);
        memcpy(at, next, count);
        at += count;
        length -= count;
    }
}

static uint32_t add_payload(uint32_t crc, size_t length, uint64_t seed) {
    for (uint64_t k = 0; length > 0; k++) {
        uint8_t next[8];
        size_t count = length < sizeof next ? length : sizeof next;
        put_word(next, seed, k);
        crc = lc_crc(crc, next, count);
        length -= count;
    }
    return crc;
}

uint32_t lc_payload_digest(size_t length, uint64_t seed) {
    return add_payload(0, length, seed);
}

/* Entry i is the result of four steps of the bitwise division of i by 0xEDB88320. */
static const uint32_t quarter[16] = {
    0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
    0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
};

uint32_t lc_crc(uint32_t crc, const void *bytes, size_t length) {
    const uint8_t *at = bytes;
    crc = ~crc;
    for (size_t i = 0; i < length; i++) {
        crc ^= at[i];
        crc = crc >> 4 ^ quarter[crc & 15];
        crc = crc >> 4 ^ quarter[crc & 15];
    }
    return ~crc;
}

static void put_little_endian(uint8_t *bytes, unsigned count, uint64_t value) {
    for (unsigned i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

static uint32_t add_head(uint32_t crc, uint32_t tag, uint32_t flags, size_t length) {
    uint8_t head[16];
    put_little_endian(head, 4, tag);
    put_little_endian(head + 4, 4, flags);
    put_little_endian(head + 8, 8, length);
    return lc_crc(crc, head, sizeof head);
}

uint32_t lc_drain_digest(uint32_t crc, uint32_t tag, uint32_t flags, const void *payload, size_t length) {
    return lc_crc(add_head(crc, tag, flags, length), payload, length);
}

uint32_t lc_drain_digest_seeds(uint32_t crc, uint32_t tag, uint32_t flags, size_t length, uint64_t seed,
                               uint64_t count) {
    for (uint64_t i = 0; i < count; i++) {
        crc = add_payload(add_head(crc, tag, flags, length), length, seed + i);
    }
    return crc;
}
