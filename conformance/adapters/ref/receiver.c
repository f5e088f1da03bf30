/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The role `receiver`: the reading side of a channel. */
#include "messages.h"
#include "roles.h"

static llmp_receiver *channel;

static bool is_open(struct call *call) {
    if (channel == NULL) {
        call_refuse(call, "no receiver is open");
    }
    return channel != NULL;
}

static void open_receiver(struct call *call) {
    llmp_receiver_options options = {0};
    llmp_shmem_desc desc;
    if (channel != NULL) {
        call_refuse(call, "a receiver is already open");
        return;
    }
    if (call_provider(call, &options.provider) && call_desc(call, "description", &desc)) {
        call_finish(call, llmp_receiver_new(&desc, &options, &channel));
    }
}

static int receive(void *self, llmp_message *message, int64_t timeout_ns) {
    return llmp_recv(self, message, timeout_ns);
}

static void recv(struct call *call) {
    const struct message_source source = {receive, channel};
    if (is_open(call)) {
        messages_recv(call, &source);
    }
}

static void drain(struct call *call) {
    const struct message_source source = {receive, channel};
    if (is_open(call)) {
        messages_drain(call, &source);
    }
}

static void release(void) {
    llmp_receiver_free(channel);
    channel = NULL;
}

static void close_receiver(struct call *call) {
    if (is_open(call)) {
        release();
        call_ok(call);
    }
}

static const struct verb verbs[] = {
    {"receiver.open", "provider description", open_receiver},
    {"receiver.recv", RECV_ARGUMENTS, recv},
    {"receiver.drain", RECV_ARGUMENTS, drain},
    {"receiver.close", "", close_receiver},
    {0},
};

const struct role role_receiver = {"receiver", verbs, release};
