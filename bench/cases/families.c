/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The table of all families. A new case is a function in cases.h, an entry here, and its benchmarks in runner/plan.c.
 */
#include "cases/families.h"

#include "cases/cases.h"

const char *const case_names[CASES] = {"stream", "pingpong", "broker", "map", "start"};
const size_t payload_sizes[PAYLOADS] = {8, 64, 256, 1024, 4096, 65536, 1048576};
const size_t map_sizes[MAP_SIZES] = {4096, 1048576, 67108864};

static const struct metric rates[] = {
    {"ns_per_msg", "ns", METRIC_TIME, 0},
    {"msg_per_s", "msg/s", METRIC_PER_SECOND, 0},
    {"bytes_per_s", "B/s", METRIC_BYTES_PER_SECOND, 0},
};

/* In the order of `percentiles` (kit/stats.h). */
static const struct metric latencies[] = {
    {"p50", "ns", METRIC_TIME, 0},   {"p90", "ns", METRIC_TIME, 1}, {"p99", "ns", METRIC_TIME, 2},
    {"p99.9", "ns", METRIC_TIME, 3}, {"max", "ns", METRIC_TIME, 4},
};

/* In the order of `map_op_names` (map_bench.h). */
static const struct metric map_costs[] = {
    {"create", "ns", METRIC_TIME, 0},
    {"open", "ns", METRIC_TIME, 1},
    {"close", "ns", METRIC_TIME, 2},
};

/* In the order of `start_percentiles` (start.c). */
static const struct metric starts[] = {
    {"p50", "ns", METRIC_TIME, 0},
    {"p90", "ns", METRIC_TIME, 1},
    {"max", "ns", METRIC_TIME, 2},
};

static bool has_channel(const struct subject *subject) {
    return subject->channel != NULL;
}

static bool has_batch(const struct subject *subject) {
    return subject->channel != NULL && subject->channel->has_batch;
}

static bool has_poll_always(const struct subject *subject) {
    return subject->channel != NULL && subject->channel->has_poll_always;
}

static bool has_broker(const struct subject *subject) {
    return subject->broker != NULL;
}

static bool has_map(const struct subject *subject) {
    return subject->map != NULL;
}

static bool has_address(const struct subject *subject) {
    return subject->channel != NULL && subject->channel->address != NULL && subject->channel->open_address != NULL;
}

/* clang-format off */
const struct family family_stream =
    {"stream", "default", stream_measure, has_channel, BASELINE_STREAM, 1, 3, rates};
const struct family family_stream_batch =
    {"stream", "batch", stream_batch_measure, has_batch, BASELINE_STREAM, 1, 3, rates};
const struct family family_stream_noadapt =
    {"stream", "noadapt", stream_noadapt_measure, has_poll_always, BASELINE_STREAM, 1, 3, rates};
const struct family family_pingpong =
    {"pingpong", "default", pingpong_measure, has_channel, BASELINE_PINGPONG, 1, 5, latencies};
const struct family family_broker_latency =
    {"broker", "latency", broker_latency_measure, has_broker, BASELINE_RELAY, 1, 5, latencies};
const struct family family_broker_stream =
    {"broker", "stream", broker_stream_measure, has_broker, BASELINE_STREAM, 1, 3, rates};
const struct family family_map =
    {"map", "default", map_measure, has_map, BASELINE_OWN, 3, 3, map_costs};
const struct family family_start =
    {"start", "default", start_measure, has_address, BASELINE_OWN, 1, 3, starts};
/* clang-format on */
