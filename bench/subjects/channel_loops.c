/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The rare paths of the loops: retries, errors, and the self-test's flipped bit. */
#include "subjects/channel_loops.h"

#include <errno.h>

/* Returns true if the loop must wait again after `rc`; otherwise writes the error. */
static bool wait_again(const struct transfer *transfer, int rc, int retries, const char *what, struct outcome *out) {
    if (rc != -ETIMEDOUT) {
        outcome_fail(out, "failed: %s returned %s", what, transfer->error_name(rc));
    } else if (pair_stopping()) {
        outcome_fail(out, "failed: %s: interrupted", what);
    } else if (retries >= TRANSFER_RETRIES) {
        outcome_fail(out, "failed: %s: the other side makes no progress", what);
    } else {
        return true;
    }
    return false;
}

bool transfer_send_again(const struct transfer *transfer, struct sender *sender, uint32_t tag,
                         const struct payload *payload, int rc, struct outcome *out) {
    for (int retries = 0; rc != 0 && wait_again(transfer, rc, retries, "send", out); retries++) {
        rc = transfer->send(sender, tag, payload);
    }
    return rc == 0;
}

bool transfer_receive_again(const struct transfer *transfer, struct receiver *receiver, struct message *message,
                            void *copy, size_t capacity, int rc, struct outcome *out) {
    for (int retries = 0; rc != 0 && wait_again(transfer, rc, retries, "receive", out); retries++) {
        rc = copy == NULL ? transfer->receive(receiver, message)
                          : transfer->receive_copy(receiver, message, copy, capacity);
    }
    return rc == 0;
}

bool message_corrupt(struct message message, const struct payload *payload, uint64_t number, struct outcome *out) {
    if (message.length != payload->bytes) {
        outcome_fail(out, "corrupt: message %llu has %zu bytes instead of %zu", (unsigned long long)number,
                     message.length, payload->bytes);
    } else {
        outcome_fail(out, "corrupt: wrong content or order at message %llu", (unsigned long long)number);
    }
    return false;
}

void stream_flip_bit(struct payload *payload, uint64_t number, uint64_t flip_at) {
    size_t last_word = payload->bytes / 8 - 1;
    if (number == flip_at || number == flip_at + 1) {
        payload->words[last_word] ^= (uint64_t)1 << 17;
    }
}
