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
    return 0;
}

bool llmp_parts_tick(llmp_broker *broker) {
    bool busy = false;
    for (size_t i = 0; i < broker->part_count; i++) {
        busy = broker->parts[i].tick(broker->parts[i].self) || busy;
    }
    return busy;
}

void llmp_parts_free(llmp_broker *broker) {
    for (size_t i = 0; i < broker->part_count; i++) {
        broker->parts[i].free(broker->parts[i].self);
    }
    free(broker->parts);
}
