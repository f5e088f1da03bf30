/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The verbs that a sender, a receiver and a client have in common: they send and receive messages. */
#ifndef ADAPTER_MESSAGES_H
#define ADAPTER_MESSAGES_H

#include "call.h"

/* The object that sends messages. */
struct message_sink {
    int (*send)(void *self, uint32_t tag, uint32_t flags, const void *payload, size_t length, int64_t timeout_ns);
    void *self;
    llmp_sender *channel; /* its channel, in which payloads that are too large to copy are allocated */
};

/* The object that receives messages. */
struct message_source {
    int (*recv)(void *self, llmp_message *message, int64_t timeout_ns);
    void *self;
};

#define SEND_ARGUMENTS "tag length seed flags count timeout_ms"
#define RECV_ARGUMENTS "count timeout_ms"

void messages_send(struct call *call, const struct message_sink *sink);
void messages_recv(struct call *call, const struct message_source *source);
void messages_drain(struct call *call, const struct message_source *source);

#endif
