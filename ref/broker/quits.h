/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * ClientQuit (TCP-3). Any peer can name any id, and ids are small numbers, so a request alone must not end a client.
 *
 * It takes effect when the client shows that it has ended: its page is attached to no other process; or it has sent
 * nothing more for a while since the broker has read all its messages. A client that sends another message meanwhile is
 * alive, and the request is void. A client that sent CLIENT_EXIT or EXITING is removed for that.
 */
#ifndef LLMP_BROKER_QUITS_H
#define LLMP_BROKER_QUITS_H

#include "llmp/llmp.h"

/* Notes a request to remove the client. Returns 0, or -LLMP_E_NO_CLIENT. For parts. */
int llmp_broker_ask_to_quit(llmp_broker *broker, uint32_t client);

/* Marks clients as leaving whose request has taken effect. `now` is llmp_os_now(). */
void llmp_quits_poll(llmp_broker *broker, int64_t now);

#endif
