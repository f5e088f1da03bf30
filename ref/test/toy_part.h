/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A part of a broker that is a client itself: records messages, forwards messages. */
#ifndef LLMP_TEST_TOY_PART_H
#define LLMP_TEST_TOY_PART_H

#include "broker_rig.h"

#define TOY_TEXTS 64

/* Added to the tag of a message that is echoed. */
#define TOY_ECHO_TAG 1000u

struct toy_text {
    uint32_t client, tag;
    char bytes[32];
};

/* Records the beginnings of the first messages that it receives; forwards its queue, in order, one message a tick. */
struct toy {
    llmp_broker *broker;
    uint32_t id;
    bool echoes; /* queues each message that it receives, with another tag */
    struct toy_text received[TOY_TEXTS];
    size_t count;
    struct toy_text queue[TOY_TEXTS];
    size_t queued, forwarded;
    int last_rc; /* of llmp_broker_forward() */
    int ticks;
    bool freed;
};

/* Initialises the part, but for `echoes`, takes an id, and attaches it. */
void toy_attach(llmp_broker *broker, struct toy *toy);

void toy_queue(struct toy *toy, uint32_t tag, const char *bytes);
void toy_expect_received(const struct toy *toy, size_t at, uint32_t client, uint32_t tag, const char *bytes);

#endif
