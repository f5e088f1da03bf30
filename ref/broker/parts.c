/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "broker/parts.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/state.h"

int llmp_broker_attach(llmp_broker *broker, struct llmp_broker_part part) {
    struct llmp_broker_part *parts = realloc(broker->parts, (broker->part_count + 1) * sizeof *parts);
    if (parts == NULL) {
        return -ENOMEM;
    }
    broker->parts = parts;
    broker->parts[broker->part_count++] = part;
    broker->observers += part.on_message != NULL;
    return 0;
}

/* A tick may attach a part, which can move the array: each turn of the loop reads the pointer anew. */
bool llmp_parts_tick(llmp_broker *broker) {
    bool busy = false;
    for (size_t i = 0; i < broker->part_count; i++) {
        busy = broker->parts[i].tick(broker->parts[i].self) || busy;
    }
    return busy;
}

void llmp_parts_notify(const llmp_broker *broker, const void *from, const llmp_broker_message *message) {
    for (size_t i = 0; i < broker->part_count; i++) {
        const struct llmp_broker_part *part = &broker->parts[i];
        if (part->on_message != NULL && part->self != from) {
            part->on_message(part->self, message);
        }
    }
}

void llmp_parts_free(llmp_broker *broker) {
    for (size_t i = 0; i < broker->part_count; i++) {
        broker->parts[i].free(broker->parts[i].self);
    }
    free(broker->parts);
    broker->parts = NULL;
    broker->part_count = 0;
    broker->observers = 0;
}
