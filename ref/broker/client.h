/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The state of a client, for client.c (sending and receiving) and client_leave.c (leaving the broker). */
#ifndef LLMP_BROKER_CLIENT_H
#define LLMP_BROKER_CLIENT_H

#include "llmp/llmp.h"

struct llmp_client {
    llmp_sender *sender;
    llmp_receiver *receiver; /* of the broadcast */
    uint32_t id;
    bool receive_own;
    uint64_t returned; /* own messages that were received on the broadcast */
    uint32_t received; /* calls that received, to check after some of them whether the broker removed this client */
};

/* Returns 0, or -EINVAL if a reserved byte of the client's own options is set. Does not check the options of sender and
 * receiver. */
int llmp_client_check_options(const llmp_client_options *options);

/* Receives the next message of the broadcast. Own messages are received, too, and counted in `returned`.
 * @return as llmp_recv() */
int llmp_client_recv_any(llmp_client *client, llmp_message *message, int64_t timeout_ns);

#endif
