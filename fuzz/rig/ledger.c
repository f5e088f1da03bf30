/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/ledger.h"

#include <string.h>

#include "rig/check.h"

#define PATTERN 16384u

/* Returns a message's payload: a view of a pattern that is the same in every execution. */
static const unsigned char *payload_of(uint32_t number, size_t length) {
    static unsigned char pattern[PATTERN];
    if (pattern[1] == 0) {
        for (uint32_t i = 0; i < PATTERN; i++) {
            pattern[i] = (unsigned char)((i * 2654435761u >> 24) | 1u);
        }
    }
    FUZZ_CHECK(length <= PATTERN / 2, "a target sent %zu bytes", length);
    return pattern + number * 37u % (PATTERN / 2);
}

void fuzz_payload_fill(void *bytes, size_t length, uint32_t number) {
    if (length > 0) {
        memcpy(bytes, payload_of(number, length), length);
    }
}

void fuzz_ledger_expect(const struct fuzz_ledger *ledger, uint32_t number, const llmp_message *message) {
    FUZZ_CHECK(number < ledger->count, "message %u was received, but only %u were sent", number, ledger->count);
    const struct fuzz_entry *sent = &ledger->entries[number];
    FUZZ_CHECK(message->tag == FUZZ_TAG_FIRST + number, "message %u instead of %u", message->tag - FUZZ_TAG_FIRST,
               number);
    FUZZ_CHECK(message->length == sent->length, "message %u: %zu bytes instead of %zu", number, message->length,
               sent->length);
    FUZZ_CHECK(message->sender == sent->sender && message->flags == sent->flags && message->broker == 0,
               "message %u: sender %u flags %u broker %u", number, message->sender, message->flags, message->broker);
    FUZZ_CHECK(sent->length == 0 || memcmp(message->payload, payload_of(number, sent->length), sent->length) == 0,
               "message %u: wrong payload", number);
}
