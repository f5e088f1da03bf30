/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Decides when a receiver polls for new messages.
 *
 * A receiver that polls for every message of a busy sender takes the cache line of current_msg_id away from it every
 * time, and each message costs several transfers between cores. A receiver that polls rarely finds hundreds of messages
 * at once and reads them as a stream, but adds latency if messages are few. So a receiver polls without delay while the
 * channel is quiet. While every poll finds several messages it polls less and less often, as network cards do with
 * interrupts.
 */
#ifndef LLMP_CHANNEL_COALESCE_H
#define LLMP_CHANNEL_COALESCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Either adapts, or has a fixed batch size and time limit. Times are in nanoseconds. */
struct llmp_coalesce {
    bool adapts;
    uint32_t min;   /* fixed: messages that make a batch */
    int64_t max_ns; /* fixed: how long to wait for a batch */
    int64_t delay;  /* between two polls; 0: none */
    int64_t next_poll;
    int64_t since;   /* fixed: when the last batch was taken */
    uint32_t streak; /* adaptive: polls in a row that found several messages */
};

/* Takes the options coalesce_messages and coalesce_us. */
void llmp_coalesce_init(struct llmp_coalesce *coalesce, uint32_t messages, uint32_t microseconds);

/* Returns true if the delay since the last poll is over. */
bool llmp_coalesce_due(const struct llmp_coalesce *coalesce);

/*
 * Reports a poll that found `unread` messages; the batch before it had `bytes` bytes. Returns false if the receiver
 * should leave the messages for a later poll.
 */
bool llmp_coalesce_take(struct llmp_coalesce *coalesce, uint64_t unread, size_t bytes);

#endif
