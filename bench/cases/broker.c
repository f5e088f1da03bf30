/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Through the broker: client A -> broker -> client B. Both clients live in one process, so that one clock reads when a
 * message is sent and when it arrives. The broker has the other core.
 *
 * Latency: one message at a time. Its baseline is a round trip of messages of LLMP's shape that side B copies from slot
 * to slot. Stream: A and B take turns, with a bounded number of messages in flight. Its baseline is the direct stream,
 * although the broker copies every message and the first core does the work of two clients.
 */
#include "baselines/slots.h"
#include "cases/cases.h"
#include "kit/clock.h"
#include "subjects/broker_loops.h"

enum { SAMPLES_MAX = 1000000, WARM_UP_ROUNDS = 10, WARM_UP_BYTES = 80 << 20 };

/*
 * Streams until the broker reuses pages: it creates new ones until it has as many as it may (64 of 1 MiB). That initial
 * phase is not what is measured.
 */
static bool warm_up(const struct benchmark *benchmark, struct rig *rig, struct broker_flow *flow, struct outcome *out) {
    const struct broker_loops *loops = benchmark->subject->broker->loops;
    const uint64_t wanted = WARM_UP_BYTES / slot_bytes(flow->payload.bytes);
    for (int round = 0; round == 0 || (round < WARM_UP_ROUNDS && flow->received < wanted); round++) {
        if (loops->stream(rig, flow, benchmark->settings->warm_ns, out) <= 0) {
            return false;
        }
    }
    return true;
}

static void sample_latency(const struct benchmark *benchmark, struct rig *rig, struct broker_flow *flow,
                           struct samples *samples, struct outcome *out) {
    const struct broker_loops *loops = benchmark->subject->broker->loops;
    const struct settings *settings = benchmark->settings;
    if (!warm_up(benchmark, rig, flow, out) || !loops->latency(rig, flow, settings->warm_ns / 4, samples, out)) {
        return;
    }
    usage_read(&out->usage[0]);
    bool passed = loops->latency(rig, flow, settings->timed_ns, samples, out);
    usage_since(&out->usage[0]);
    out->times.count = PERCENTILES;
    if (passed && samples_summarize(samples, clock_cost_ns(), 1, out->times.ns) != 0) {
        outcome_fail(out, "failed: no message arrived");
    }
}

static void measure_latency(const struct benchmark *benchmark, struct rig *rig, struct broker_flow *flow,
                            struct outcome *out) {
    struct samples samples;
    if (samples_init(&samples, SAMPLES_MAX) != 0) {
        outcome_fail(out, "failed: no memory for samples");
        return;
    }
    sample_latency(benchmark, rig, flow, &samples, out);
    samples_fini(&samples);
}

static void measure_stream(const struct benchmark *benchmark, struct rig *rig, struct broker_flow *flow,
                           struct outcome *out) {
    if (warm_up(benchmark, rig, flow, out)) {
        usage_read(&out->usage[0]);
        out->times.count = 1;
        out->times.ns[0] = benchmark->subject->broker->loops->stream(rig, flow, benchmark->settings->timed_ns, out);
        usage_since(&out->usage[0]);
    }
}

typedef void (*measure_fn)(const struct benchmark *benchmark, struct rig *rig, struct broker_flow *flow,
                           struct outcome *out);

static void run_rig(const struct benchmark *benchmark, struct broker_flow *flow, measure_fn measure,
                    struct outcome *out) {
    const struct broker_ops *ops = benchmark->subject->broker;
    struct rig *rig = ops->start(benchmark->subject, benchmark->payload, out);
    if (rig == NULL) {
        return;
    }
    if (outcome_ok(out)) {
        measure(benchmark, rig, flow, out);
    }
    ops->stop(rig, out);
}

static void run(const struct benchmark *benchmark, measure_fn measure, struct outcome *out) {
    struct broker_flow flow = {.copy = payload_buffer(benchmark->payload)};
    if (flow.copy == NULL || payload_init(&flow.payload, benchmark->payload, benchmark->settings->seed) != 0) {
        outcome_fail(out, "failed: no memory for payloads");
    } else {
        memset(flow.copy, 0, benchmark->payload);
        run_rig(benchmark, &flow, measure, out);
        payload_fini(&flow.payload);
    }
    free(flow.copy);
}

void broker_latency_measure(const struct benchmark *benchmark, struct outcome *out) {
    run(benchmark, measure_latency, out);
}

void broker_stream_measure(const struct benchmark *benchmark, struct outcome *out) {
    run(benchmark, measure_stream, out);
}
