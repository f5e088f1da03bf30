/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The broker's hooks as a request describes them, and the roster of clients as the broker reports it. */
#ifndef ADAPTER_HOOKS_H
#define ADAPTER_HOOKS_H

#include "call.h"

struct hooks;

/* Reads the argument `hooks`; null, and true, where there is none. Freed with free(). */
bool hooks_read(struct call *call, struct hooks **out);

/* An llmp_broker_hook; its context is a struct hooks, which does not change. */
llmp_hook_result hooks_run(void *context, llmp_broker *broker, llmp_broker_message *message);

/* An llmp_broker_event_fn: keeps the roster. */
void roster_note(void *context, const llmp_broker_event *event);

/* The ids of the clients now, as a JSON array. From any thread. */
json_t *roster_list(void);

void roster_clear(void);

#endif
