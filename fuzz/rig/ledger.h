/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A record of the messages sent on a channel, in order, to compare received messages with. The tag of message n is
 * FUZZ_TAG_FIRST + n, and its payload follows from n.
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

/* Writes the payload of message `number`. */
void fuzz_payload_fill(void *bytes, size_t length, uint32_t number);

/* Fails unless `message` is message `number` of the ledger, complete and unchanged. */
void fuzz_ledger_expect(const struct fuzz_ledger *ledger, uint32_t number, const llmp_message *message);

#endif
