/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which rows, in which order, and for how long. */
#include "runner/plan.h"

#include <stdlib.h>

enum { STREAM, PINGPONG, BROKER, MAP, START };

#define MS(n) ((uint64_t)(n)*1000000)

void settings_init(struct settings *settings, const struct options *options) {
    *settings = (struct settings){
        .warm_ns = MS(200),
        .timed_ns = MS(600),
        .baseline_scan_ns = MS(6),
        .baseline_ns = MS(40),
        .map_seconds = 0.05,
        .starts = 60,
        .max_tries = 5,
        .retry_budget_s = 120,
    };
    if (options->quick) {
        *settings = (struct settings){
            .warm_ns = MS(100),
            .timed_ns = MS(150),
            .baseline_scan_ns = MS(3),
            .baseline_ns = MS(20),
            .map_seconds = 0.02,
            .starts = 20,
            .max_tries = 3,
            .retry_budget_s = 15,
        };
    }
    settings->seed = options->seed;
    settings->repeat = options->repeat;
}

double benchmark_seconds(const struct benchmark *benchmark) {
    const struct settings *s = benchmark->settings;
    double channel = (double)(s->warm_ns + s->timed_ns + 30 * s->baseline_scan_ns + 3 * s->baseline_ns) / 1e9 + 0.2;
    if (benchmark->family == &family_map) {
        return 12 * s->map_seconds + (benchmark->payload > 1048576 ? 2 : 0.5);
    }
    if (benchmark->family == &family_start) {
        return 0.015 * s->starts + 0.3;
    }
    return channel;
}

static void add(struct plan *plan, const struct options *options, const struct settings *settings,
                const struct family *family, size_t payload) {
    for (unsigned i = 0; i < options->provider_count; i++) {
        plan->benchmarks[plan->count++] = (struct benchmark){family, options->providers[i], payload, settings};
    }
}

static void add_streams(struct plan *plan, const struct options *options, const struct settings *settings) {
    for (unsigned i = 0; i < options->payload_count; i++) {
        add(plan, options, settings, &family_stream, options->payloads[i]);
        if (options->payloads[i] == 64 && !options->quick) {
            add(plan, options, settings, &family_stream_batch, 64);
            add(plan, options, settings, &family_stream_noadapt, 64);
        }
    }
}

/* Three sizes say what there is to say, unless others were asked for. */
static void add_broker(struct plan *plan, const struct options *options, const struct settings *settings) {
    for (unsigned i = 0; i < options->payload_count; i++) {
        size_t payload = options->payloads[i];
        if (options->payloads_given || payload == 64 || payload == 1024 || payload == 65536) {
            add(plan, options, settings, &family_broker_latency, payload);
            add(plan, options, settings, &family_broker_stream, payload);
        }
    }
}

static void add_maps(struct plan *plan, const struct options *options, const struct settings *settings) {
    for (unsigned i = 0; i < MAP_SIZES - (options->quick ? 1u : 0u); i++) {
        add(plan, options, settings, &family_map, map_sizes[i]);
    }
}

int plan_init(struct plan *plan, const struct options *options, const struct settings *settings) {
    enum { FAMILIES_A_PAYLOAD = 6, OTHER_FAMILIES = MAP_SIZES + 1 };
    size_t max = ((size_t)options->payload_count * FAMILIES_A_PAYLOAD + OTHER_FAMILIES) * (options->provider_count + 1);
    plan->count = 0;
    plan->benchmarks = calloc(max, sizeof *plan->benchmarks);
    if (plan->benchmarks == NULL) {
        return -1;
    }
    if (options->cases[STREAM]) {
        add_streams(plan, options, settings);
    }
    for (unsigned i = 0; options->cases[PINGPONG] && i < options->payload_count; i++) {
        add(plan, options, settings, &family_pingpong, options->payloads[i]);
    }
    if (options->cases[BROKER]) {
        add_broker(plan, options, settings);
    }
    if (options->cases[MAP]) {
        add_maps(plan, options, settings);
    }
    if (options->cases[START]) {
        add(plan, options, settings, &family_start, 8);
    }
    return 0;
}

void plan_fini(struct plan *plan) {
    free(plan->benchmarks);
    plan->benchmarks = NULL;
}
