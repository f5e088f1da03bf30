/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * When a receiver looks for new messages.
 *
 * A receiver that follows a busy sender at its heels takes the line with current_msg_id away from it for every message,
 * and each message costs several transfers between cores. One that looks only now and then finds hundreds of messages
 * at once, which stream. But looking rarely costs latency where messages are few. So: look at once while the channel is
 * quiet, and, as network cards do with interrupts, more and more rarely while every look finds more than it can be
 * waiting for.
 */
#ifndef LLMP_CHANNEL_COALESCE_H
#define LLMP_CHANNEL_COALESCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct llmp_coalesce {
    bool adapts;
    uint32_t min;   /* fixed: messages that make a batch */
    int64_t max_ns; /* fixed: how long to wait for them */
    int64_t delay;  /* between two looks; 0: look at once */
    int64_t next_look;
    int64_t since;   /* fixed: when the last batch was taken */
    uint32_t streak; /* looks in a row that found several messages */
};

void llmp_coalesce_init(struct llmp_coalesce *coalesce, uint32_t messages, uint32_t microseconds);

/* Whether it is time to look. */
bool llmp_coalesce_due(const struct llmp_coalesce *coalesce);

/* A look found `fresh` messages behind a batch of `bytes`. False: leave them for now. */
bool llmp_coalesce_take(struct llmp_coalesce *coalesce, uint64_t fresh, size_t bytes);

#endif
