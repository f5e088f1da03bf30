/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The events that a broker has yet to report. Only events.c uses them. */
#ifndef LLMP_BROKER_EVENT_LOG_H
#define LLMP_BROKER_EVENT_LOG_H

#include "llmp/llmp.h"

/* Kinds of events (type, client, code) that are counted separately at the same time. */
#define LLMP_EVENT_KINDS_MAX 32

struct llmp_event_counter {
    llmp_broker_event kind; /* its count is not used */
    uint64_t pending;       /* not reported yet */
    int64_t reported_at;    /* the last time; 0: the counter is free */
};

struct llmp_event_log {
    struct llmp_event_counter counters[LLMP_EVENT_KINDS_MAX];
    uint32_t pending; /* counters with pending events */
};

#endif
