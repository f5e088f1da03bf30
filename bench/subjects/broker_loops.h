/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The loops over messages of the case broker, compiled around the functions of an implementation by
 * DEFINE_BROKER_LOOPS(), as DEFINE_CHANNEL_LOOPS() does for channels.
 */
#ifndef LLMP_BENCH_BROKER_LOOPS_H
#define LLMP_BENCH_BROKER_LOOPS_H

#include <errno.h>

#include "subjects/channel_loops.h"

/* Upper bounds of the messages, and of their bytes, that the stream keeps in flight. */
enum { IN_FLIGHT_MAX = 4096, IN_FLIGHT_BYTES = 4 << 20 };
/* Messages that the latency loop sends before client A reads the broadcast. */
enum { MESSAGES_PER_DRAIN = 64 };
/* Upper bound for the time of one message through the broker, in nanoseconds. */
#define BROKER_WAIT_NS ((int64_t)5000000000)

/* The functions of an implementation that the loops call for each message. They return 0 or an error code. */
struct broker_transfer {
    /* Client A sends. With timeout_ns 0: -EAGAIN if the message cannot be sent now. */
    int (*send)(struct rig *rig, uint32_t tag, const struct payload *payload, int64_t timeout_ns);
    /* Client B receives a view. With timeout_ns 0: -EAGAIN if there is no message. */
    int (*receive)(struct rig *rig, struct message *message, int64_t timeout_ns);
    /* Client A reads what the broker sends to it, which is nothing but its own messages. False on an error. */
    bool (*drain)(struct rig *rig, struct outcome *out);
    const char *(*error_name)(int rc);
};

/* The messages of a benchmark through a broker. */
struct broker_flow {
    struct payload payload;
    void *copy;        /* payloads are copied to here */
    uint64_t sent;     /* by A */
    uint64_t received; /* by B */
};

ALWAYS_INLINE int flow_send(const struct broker_transfer *transfer, struct rig *rig, struct broker_flow *flow,
                            int64_t timeout_ns) {
    payload_stamp(&flow->payload, flow->sent + 1);
    int rc = transfer->send(rig, PHASE_TIMED, &flow->payload, timeout_ns);
    if (rc == 0) {
        flow->sent++;
    }
    return rc;
}

/* Writes the error of a call and returns false. */
bool flow_failed(const struct broker_transfer *transfer, int rc, const char *what, struct outcome *out);

/* Sends one message through the broker, copies it out and checks it. */
ALWAYS_INLINE bool flow_pass_one(const struct broker_transfer *transfer, struct rig *rig, struct broker_flow *flow,
                                 struct outcome *out) {
    struct message message;
    int rc = flow_send(transfer, rig, flow, BROKER_WAIT_NS);
    if (rc != 0) {
        return flow_failed(transfer, rc, "client_send", out);
    }
    rc = transfer->receive(rig, &message, BROKER_WAIT_NS);
    if (rc != 0) {
        return flow_failed(transfer, rc, "client_recv", out);
    }
    size_t length = message.length < flow->payload.bytes ? message.length : flow->payload.bytes;
    memcpy(flow->copy, message.payload, length);
    message.payload = flow->copy;
    return message_check(&message, &flow->payload, ++flow->received, out);
}

/*
 * Passes one message at a time for `duration_ns` or until the samples are full. A sample is the time from before A
 * sends until B has copied the message out. Returns false on failure.
 */
ALWAYS_INLINE bool broker_latency_loop(const struct broker_transfer *transfer, struct rig *rig,
                                       struct broker_flow *flow, uint64_t duration_ns, struct samples *samples,
                                       struct outcome *out) {
    uint64_t until = clock_now() + duration_ns;
    samples->count = 0;
    while (clock_now() < until && !samples_full(samples) && !pair_stopping()) {
        for (int i = 0; i < MESSAGES_PER_DRAIN && !samples_full(samples); i++) {
            uint64_t before = clock_now();
            if (!flow_pass_one(transfer, rig, flow, out)) {
                return false;
            }
            samples_add(samples, clock_now() - before);
        }
        if (!transfer->drain(rig, out)) {
            return false;
        }
    }
    return true;
}

/* A's turn: sends until `in_flight` messages are in flight or the channel is full. */
ALWAYS_INLINE bool flow_send_turn(const struct broker_transfer *transfer, struct rig *rig, struct broker_flow *flow,
                                  uint64_t in_flight, struct outcome *out) {
    while (flow->sent - flow->received < in_flight) {
        int rc = flow_send(transfer, rig, flow, 0);
        if (rc == -EAGAIN) {
            return true;
        }
        if (rc != 0) {
            return flow_failed(transfer, rc, "client_send", out);
        }
    }
    return true;
}

/* B's turn: receives the messages that have arrived. */
ALWAYS_INLINE bool flow_receive_turn(const struct broker_transfer *transfer, struct rig *rig, struct broker_flow *flow,
                                     struct outcome *out) {
    struct message message;
    while (flow->received < flow->sent) {
        int rc = transfer->receive(rig, &message, 0);
        if (rc == -EAGAIN) {
            return true;
        }
        if (rc != 0) {
            return flow_failed(transfer, rc, "client_recv", out);
        }
        if (!message_check(&message, &flow->payload, ++flow->received, out)) {
            return false;
        }
    }
    return true;
}

/* Returns true if the stream may go on at time `now`; otherwise writes the error, if there is one. */
bool flow_continues(const struct broker_flow *flow, uint64_t now, uint64_t until, struct outcome *out);

/* Streams for `duration_ns`, and until everything has arrived. Returns nanoseconds per message, or 0 on failure. */
ALWAYS_INLINE double broker_stream_loop(const struct broker_transfer *transfer, struct rig *rig,
                                        struct broker_flow *flow, uint64_t duration_ns, struct outcome *out) {
    uint64_t in_flight = IN_FLIGHT_BYTES / flow->payload.bytes;
    uint64_t first = flow->received, start = clock_now(), now = start;
    const uint64_t until = start + duration_ns;
    in_flight = in_flight > IN_FLIGHT_MAX ? IN_FLIGHT_MAX : in_flight;
    while (now < until || flow->received < flow->sent) {
        if (!flow_continues(flow, now, until, out) ||
            (now < until && !flow_send_turn(transfer, rig, flow, in_flight, out)) ||
            !flow_receive_turn(transfer, rig, flow, out) || !transfer->drain(rig, out)) {
            return 0;
        }
        now = clock_now();
    }
    uint64_t messages = flow->received - first;
    return (double)(now - start) / (double)(messages > 0 ? messages : 1);
}

/* Defines the loops of an implementation. `transfer` is the name of a `static const struct broker_transfer`. */
#define DEFINE_BROKER_LOOPS(name, transfer)                                                                            \
    static bool name##_latency(struct rig *rig, struct broker_flow *flow, uint64_t duration_ns,                        \
                               struct samples *samples, struct outcome *out) {                                         \
        return broker_latency_loop(&(transfer), rig, flow, duration_ns, samples, out);                                 \
    }                                                                                                                  \
    static double name##_stream(struct rig *rig, struct broker_flow *flow, uint64_t duration_ns,                       \
                                struct outcome *out) {                                                                 \
        return broker_stream_loop(&(transfer), rig, flow, duration_ns, out);                                           \
    }                                                                                                                  \
    static const struct broker_loops name = {name##_latency, name##_stream};

#endif
