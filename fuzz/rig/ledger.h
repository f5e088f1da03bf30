/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What was sent on a channel, in order, so that what arrives can be held against it. A message carries its number as
 * its tag, counted from FUZZ_TAG_FIRST, and its bytes follow from that number.
 */
#ifndef LLMP_FUZZ_LEDGER_H
#define LLMP_FUZZ_LEDGER_H

#include "llmp/llmp.h"

#define FUZZ_LEDGER_MAX 1024u
#define FUZZ_TAG_FIRST 0x1000u

struct fuzz_entry {
    size_t length;
    uint32_t sender;
    uint32_t flags;
};

struct fuzz_ledger {
    uint32_t count;
    struct fuzz_entry entries[FUZZ_LEDGER_MAX];
};

/* The payload of the message with that number. */
void fuzz_payload_fill(void *bytes, size_t length, uint32_t number);

/* Fails unless the message is number `number` of the ledger, whole. */
void fuzz_ledger_expect(const struct fuzz_ledger *ledger, uint32_t number, const llmp_message *message);

#endif
