/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "values.h"

#include <string.h>

/* ---------------------------------------------------------------- payloads */

static uint64_t mix(uint64_t z) {
    z ^= z >> 30;
    z *= 0xBF58476D1CE4E5B9u;
    z ^= z >> 27;
    z *= 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void value_store_little_endian(uint64_t value, unsigned char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (unsigned char)(value >> (8 * i));
    }
}

void value_fill_payload(uint64_t seed, void *bytes, size_t length) {
    unsigned char *at = bytes;
    for (size_t left = length; left > 0;) {
        size_t part = left < sizeof(uint64_t) ? left : sizeof(uint64_t);
        seed += 0x9E3779B97F4A7C15u;
        value_store_little_endian(mix(seed), at, part);
        at += part;
        left -= part;
    }
}

/* ---------------------------------------------------------------- digests */

#define POLYNOMIAL 0xEDB88320u

static void fill_table(uint32_t table[256]) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
        }
        table[i] = crc;
    }
}

uint32_t value_update_digest(uint32_t digest, const void *bytes, size_t length) {
    static uint32_t table[256];
    if (table[1] == 0) {
        fill_table(table);
    }
    const unsigned char *at = bytes;
    uint32_t crc = ~digest;
    for (size_t i = 0; i < length; i++) {
        crc = (crc >> 8) ^ table[(crc ^ at[i]) & 0xFF];
    }
    return ~crc;
}

/* ---------------------------------------------------------------- descriptions and digits */

static json_t *hex_to_json(const char *bytes, size_t length) {
    char text[2 * LLMP_SHMEM_ID_SIZE];
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        text[2 * i] = "0123456789abcdef"[byte >> 4];
        text[2 * i + 1] = "0123456789abcdef"[byte & 15];
    }
    return json_stringn(text, 2 * length);
}

json_t *value_desc_to_json(const llmp_shmem_desc *desc) {
    json_t *out = json_object();
    const char *id = desc->id.bytes;
    bool terminated = memchr(id, '\0', sizeof desc->id.bytes) != NULL;
    (void)json_object_set_new(out, "size", json_integer((json_int_t)desc->size));
    /* json_string() returns null for an id that is not UTF-8; setting it then fails, and raw is used. */
    if (!terminated || json_object_set_new(out, "id", json_string(id)) != 0) {
        (void)json_object_set_new(out, "raw", hex_to_json(id, sizeof desc->id.bytes));
    }
    return out;
}

bool value_parse_digits(const char *text, uint64_t *out) {
    uint64_t number = 0;
    for (const char *at = text; *at != '\0'; at++) {
        unsigned digit = (unsigned)(*at - '0');
        if (digit > 9 || number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *out = number;
    return *text != '\0';
}

static int hex_digit(char digit) {
    const char *digits = "0123456789abcdefABCDEF";
    const char *found = digit != '\0' ? strchr(digits, digit) : NULL;
    if (found == NULL) {
        return -1;
    }
    int value = (int)(found - digits);
    return value < 16 ? value : value - 6;
}

bool value_parse_hex(const char *text, char *bytes, size_t length) {
    if (strlen(text) != 2 * length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (char)(16 * high + low);
    }
    return true;
}
