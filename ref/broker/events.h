/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Reports events to the broker's owner.
 *
 * Peers can cause refusals, and slow clients evictions, as fast as the broker runs. So of these, events with the same
 * type, client and code are reported at most once a second: the first at once, the others together, with their number.
 * Other events are reported each.
 */
#ifndef LLMP_BROKER_EVENTS_H
#define LLMP_BROKER_EVENTS_H

#include "llmp/llmp.h"

/* Calls the owner's on_event, if there is one, now or later. `code`: 0 or a negative error code. For parts, too. */
void llmp_broker_report(llmp_broker *broker, llmp_broker_event_type type, uint32_t client, int code);

/* Reports LLMP_EVENT_SHORTAGE, unless the last call was less than 1 s ago: call it at each attempt that fails. */
void llmp_broker_report_shortage(llmp_broker *broker, uint32_t client, int code);

/* Reports pending events that are due. `now` is llmp_os_now(). */
void llmp_events_poll(llmp_broker *broker, int64_t now);

/* Reports all pending events. */
void llmp_events_flush(llmp_broker *broker);

#endif
