/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The verbs that a sender, a receiver and a client have in common: messages out, messages in. */
#ifndef ADAPTER_MESSAGES_H
#define ADAPTER_MESSAGES_H

#include "call.h"

/* Where messages go. */
struct outlet {
    int (*send)(void *self, uint32_t tag, uint32_t flags, const void *payload, size_t length, int64_t timeout_ns);
    void *self;
    llmp_sender *channel; /* below it: payloads that are too large for a copy of their own are made in place */
};

/* Where messages come from. */
struct inlet {
    int (*recv)(void *self, llmp_message *message, int64_t timeout_ns);
    void *self;
};

#define SEND_ARGUMENTS "tag length seed flags count timeout_ms"
#define RECV_ARGUMENTS "count timeout_ms"

void messages_send(struct call *call, const struct outlet *outlet);
void messages_recv(struct call *call, const struct inlet *inlet);
void messages_drain(struct call *call, const struct inlet *inlet);

#endif
