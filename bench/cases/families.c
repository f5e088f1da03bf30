/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The table of what can be measured. A new case is a row_fn (channel.h) and an entry here and in plan.c. */
#include "cases/families.h"

#include "cases/channel.h"

const char *const case_names[CASES] = {"stream", "pingpong", "broker", "map", "start"};
const size_t payload_sizes[PAYLOADS] = {8, 64, 256, 1024, 4096, 65536, 1048576};
const size_t map_sizes[MAP_SIZES] = {4096, 1048576, 67108864};

static const struct metric rates[] = {
    {"ns_per_msg", "ns", METRIC_TIME, 0},
    {"msg_per_s", "msg/s", METRIC_PER_SECOND, 0},
    {"bytes_per_s", "B/s", METRIC_BYTES_PER_SECOND, 0},
};

/* In the order of `percentiles` (stats.h). */
static const struct metric latencies[] = {
    {"p50", "ns", METRIC_TIME, 0},   {"p90", "ns", METRIC_TIME, 1}, {"p99", "ns", METRIC_TIME, 2},
    {"p99.9", "ns", METRIC_TIME, 3}, {"max", "ns", METRIC_TIME, 4},
};

/* In the order of `map_op_names` (map_ops.h). */
static const struct metric map_costs[] = {
    {"create", "ns", METRIC_TIME, 0},
    {"open", "ns", METRIC_TIME, 1},
    {"close", "ns", METRIC_TIME, 2},
};

/* In the order of case_start.c. */
static const struct metric starts[] = {
    {"p50", "ns", METRIC_TIME, 0},
    {"p90", "ns", METRIC_TIME, 1},
    {"max", "ns", METRIC_TIME, 2},
};

const struct family family_stream = {"stream", "default", stream_measure, BASELINE_STREAM, 1, 3, rates};
const struct family family_stream_batch = {"stream", "batch", stream_batch_measure, BASELINE_STREAM, 1, 3, rates};
const struct family family_stream_noadapt = {"stream", "noadapt", stream_noadapt_measure, BASELINE_STREAM, 1, 3, rates};
const struct family family_pingpong = {"pingpong", "default", pingpong_measure, BASELINE_PINGPONG, 1, 5, latencies};
const struct family family_broker_latency = {"broker", "latency", broker_latency_measure, BASELINE_RELAY, 1,
                                             5,        latencies};
const struct family family_broker_stream = {"broker", "stream", broker_stream_measure, BASELINE_STREAM, 1, 3, rates};
const struct family family_map = {"map", "default", map_measure, BASELINE_OWN, 3, 3, map_costs};
const struct family family_start = {"start", "default", start_measure, BASELINE_OWN, 1, 3, starts};

unsigned providers_known(const llmp_shmem_provider *list[PROVIDERS_MAX]) {
    unsigned count = 0;
    const llmp_shmem_provider *provider;
    for (size_t i = 0; (provider = llmp_shmem_provider_at(i)) != NULL && count < PROVIDERS_MAX; i++) {
        if (llmp_shmem_provider_scope(provider) != LLMP_SCOPE_PROCESS) {
            list[count++] = provider;
        }
    }
    return count;
}
