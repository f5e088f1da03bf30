/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Who is there, from what the broker reports on its thread; asked on the thread of the requests. */
#include <pthread.h>
#include <stdio.h>

#include "hooks.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static json_t *ids; /* null: nobody came yet */

static void join(uint32_t client) {
    if (ids == NULL) {
        ids = json_array();
    }
    (void)json_array_append_new(ids, json_integer(client));
}

static void leave(uint32_t client) {
    for (size_t i = 0; i < json_array_size(ids); i++) {
        if (json_integer_value(json_array_get(ids, i)) == client) {
            (void)json_array_remove(ids, i);
            return;
        }
    }
}

void roster_note(void *context, llmp_broker_event event, uint32_t client, int code) {
    (void)context;
    (void)pthread_mutex_lock(&lock);
    switch (event) {
    case LLMP_EVENT_CLIENT_JOINED: join(client); break;
    case LLMP_EVENT_CLIENT_LEFT:
    case LLMP_EVENT_CLIENT_REMOVED: leave(client); break;
    case LLMP_EVENT_PEER_REFUSED:
    case LLMP_EVENT_OVERRUN:
    case LLMP_EVENT_MESSAGE_LOST: break;
    }
    (void)pthread_mutex_unlock(&lock);
    if (code != 0) {
        (void)fprintf(stderr, "broker: event %d, client %u: %s\n", (int)event, (unsigned)client, llmp_strerror(code));
    }
}

json_t *roster_list(void) {
    (void)pthread_mutex_lock(&lock);
    json_t *copy = ids != NULL ? json_deep_copy(ids) : json_array();
    (void)pthread_mutex_unlock(&lock);
    return copy;
}

void roster_clear(void) {
    (void)pthread_mutex_lock(&lock);
    json_decref(ids);
    ids = NULL;
    (void)pthread_mutex_unlock(&lock);
}
