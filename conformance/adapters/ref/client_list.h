/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The ids of the broker's current clients, collected from its events. All functions may be called from any thread. */
#ifndef ADAPTER_CLIENT_LIST_H
#define ADAPTER_CLIENT_LIST_H

#include <jansson.h>
#include <llmp/llmp.h>

/* An llmp_broker_event_fn: updates the list. The context is not used. */
void client_list_update(void *context, const llmp_broker_event *event);

/* Returns the ids as a JSON array, a new reference. */
json_t *client_list_to_json(void);

void client_list_clear(void);

#endif
