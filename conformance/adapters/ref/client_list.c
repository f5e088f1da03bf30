/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "client_list.h"

#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static json_t *ids; /* null until the first client joins */

static void add(uint32_t client) {
    if (ids == NULL) {
        ids = json_array();
    }
    (void)json_array_append_new(ids, json_integer(client));
}

static void remove_client(uint32_t client) {
    for (size_t i = 0; i < json_array_size(ids); i++) {
        if (json_integer_value(json_array_get(ids, i)) == client) {
            (void)json_array_remove(ids, i);
            return;
        }
    }
}

void client_list_update(void *context, const llmp_broker_event *event) {
    (void)context;
    (void)pthread_mutex_lock(&lock);
    switch (event->type) {
    case LLMP_EVENT_CLIENT_JOINED: add(event->client); break;
    case LLMP_EVENT_CLIENT_LEFT:
    case LLMP_EVENT_CLIENT_REMOVED: remove_client(event->client); break;
    default: break;
    }
    (void)pthread_mutex_unlock(&lock);
    if (event->code != 0) {
        (void)fprintf(stderr, "broker: event %u, client %u: %s\n", event->type, event->client,
                      llmp_strerror(event->code));
    }
}

json_t *client_list_to_json(void) {
    (void)pthread_mutex_lock(&lock);
    json_t *copy = ids != NULL ? json_deep_copy(ids) : json_array();
    (void)pthread_mutex_unlock(&lock);
    return copy;
}

void client_list_clear(void) {
    (void)pthread_mutex_lock(&lock);
    json_decref(ids);
    ids = NULL;
    (void)pthread_mutex_unlock(&lock);
}
