/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "broker/events.h"

#include "broker/state.h"
#include "os/os.h"

#define INTERVAL_NS LLMP_SECONDS(1)

/* A shortage is over when no attempt failed for this time. */
#define SHORTAGE_OVER_NS LLMP_SECONDS(1)

static void deliver(const llmp_broker *broker, const llmp_broker_event *kind, uint64_t count) {
    llmp_broker_event event = *kind;
    event.count = count;
    if (broker->options.on_event != NULL) {
        broker->options.on_event(broker->options.event_context, &event);
    }
}

static bool is_counted(llmp_broker_event_type type) {
    return type == LLMP_EVENT_PEER_REFUSED || type == LLMP_EVENT_OVERRUN;
}

static bool is_due(const struct llmp_event_counter *counter, int64_t now) {
    return now - counter->reported_at >= INTERVAL_NS;
}

static bool is_free(const struct llmp_event_counter *counter, int64_t now) {
    return counter->reported_at == 0 || (counter->pending == 0 && is_due(counter, now));
}

static bool is_equal(const llmp_broker_event *a, const llmp_broker_event *b) {
    return a->type == b->type && a->client == b->client && a->code == b->code;
}

/* ---------------------------------------------------------------- counters */

static struct llmp_event_counter *find_equal(struct llmp_event_log *log, const llmp_broker_event *kind) {
    for (size_t i = 0; i < LLMP_EVENT_KINDS_MAX; i++) {
        struct llmp_event_counter *counter = &log->counters[i];
        if (counter->reported_at != 0 && is_equal(&counter->kind, kind)) {
            return counter;
        }
    }
    return NULL;
}

static struct llmp_event_counter *find_free(struct llmp_event_log *log, int64_t now) {
    for (size_t i = 0; i < LLMP_EVENT_KINDS_MAX; i++) {
        if (is_free(&log->counters[i], now)) {
            return &log->counters[i];
        }
    }
    return NULL;
}

/* A peer can cause more kinds of refusals than there are counters: these are counted with another kind. */
static struct llmp_event_counter *find_similar(struct llmp_event_log *log, const llmp_broker_event *kind) {
    for (size_t i = 0; i < LLMP_EVENT_KINDS_MAX - 1; i++) {
        if (log->counters[i].kind.type == kind->type) {
            return &log->counters[i];
        }
    }
    return &log->counters[LLMP_EVENT_KINDS_MAX - 1];
}

static struct llmp_event_counter *find_counter(struct llmp_event_log *log, const llmp_broker_event *kind, int64_t now) {
    struct llmp_event_counter *counter = find_equal(log, kind);
    if (counter == NULL) {
        counter = find_free(log, now);
        if (counter != NULL) {
            *counter = (struct llmp_event_counter){.kind = *kind};
        }
    }
    return counter != NULL ? counter : find_similar(log, kind);
}

/* ---------------------------------------------------------------- reporting */

static void report_pending(llmp_broker *broker, struct llmp_event_counter *counter, int64_t now) {
    uint64_t count = counter->pending;
    counter->pending = 0;
    counter->reported_at = now;
    broker->events.pending--;
    deliver(broker, &counter->kind, count);
}

static void count_event(llmp_broker *broker, const llmp_broker_event *kind) {
    const int64_t now = llmp_os_now();
    struct llmp_event_counter *counter = find_counter(&broker->events, kind, now);
    broker->events.pending += counter->pending == 0;
    counter->pending++;
    if (counter->reported_at == 0 || is_due(counter, now)) {
        report_pending(broker, counter, now);
    }
}

void llmp_broker_report(llmp_broker *broker, llmp_broker_event_type type, uint32_t client, int code) {
    const llmp_broker_event kind = {.type = type, .client = client, .code = code};
    if (is_counted(type)) {
        count_event(broker, &kind);
    } else {
        deliver(broker, &kind, 1);
    }
}

void llmp_broker_report_shortage(llmp_broker *broker, uint32_t client, int code) {
    int64_t now = llmp_os_now();
    bool begins = broker->short_at == 0 || now - broker->short_at >= SHORTAGE_OVER_NS;
    broker->short_at = now;
    if (begins) {
        llmp_broker_report(broker, LLMP_EVENT_SHORTAGE, client, code);
    }
}

static void report_due(llmp_broker *broker, int64_t now, bool all) {
    for (size_t i = 0; i < LLMP_EVENT_KINDS_MAX && broker->events.pending > 0; i++) {
        struct llmp_event_counter *counter = &broker->events.counters[i];
        if (counter->pending > 0 && (all || is_due(counter, now))) {
            report_pending(broker, counter, now);
        }
    }
}

void llmp_events_poll(llmp_broker *broker, int64_t now) {
    report_due(broker, now, false);
}

void llmp_events_flush(llmp_broker *broker) {
    report_due(broker, llmp_os_now(), true);
}
