/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The benchmarks of a run, their order, and their durations. */
#include "runner/plan.h"

#include <stdlib.h>

#include "cases/families.h"

enum { STREAM, PINGPONG, BROKER, MAP, START }; /* in the order of `case_names` */

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
    if (benchmark->family == &family_map) {
        return 12 * s->map_seconds + (benchmark->payload > 1048576 ? 2 : 0.5);
    }
    if (benchmark->family == &family_start) {
        return 0.015 * s->starts + 0.3;
    }
    return (double)(s->warm_ns + s->timed_ns + 30 * s->baseline_scan_ns + 3 * s->baseline_ns) / 1e9 + 0.2;
}

/* A plan under construction. */
struct planner {
    struct plan *plan;
    const struct options *options;
    const struct settings *settings;
};

/* Adds a family at one payload for all subjects that support it. */
static void add(const struct planner *planner, const struct family *family, size_t payload) {
    for (unsigned i = 0; i < planner->options->subject_count; i++) {
        const struct subject *subject = planner->options->subjects[i];
        if (family->supports(subject)) {
            planner->plan->benchmarks[planner->plan->count++] =
                (struct benchmark){family, subject, payload, planner->settings};
        }
    }
}

static void add_streams(const struct planner *planner, size_t payload) {
    add(planner, &family_stream, payload);
    if (payload == 64 && !planner->options->quick) {
        add(planner, &family_stream_batch, payload);
        add(planner, &family_stream_noadapt, payload);
    }
}

/* By default only three payloads, which show how the cost depends on the size. */
static void add_brokers(const struct planner *planner, size_t payload) {
    if (planner->options->payloads_given || payload == 64 || payload == 1024 || payload == 65536) {
        add(planner, &family_broker_latency, payload);
        add(planner, &family_broker_stream, payload);
    }
}

static void add_pingpongs(const struct planner *planner, size_t payload) {
    add(planner, &family_pingpong, payload);
}

static void add_payloads(const struct planner *planner, int case_index,
                         void (*add_payload)(const struct planner *, size_t)) {
    for (unsigned i = 0; planner->options->cases[case_index] && i < planner->options->payload_count; i++) {
        add_payload(planner, planner->options->payloads[i]);
    }
}

int plan_init(struct plan *plan, const struct options *options, const struct settings *settings) {
    enum { FAMILIES_PER_PAYLOAD = 6, OTHER_FAMILIES = MAP_SIZES + 1 };
    const struct planner planner = {plan, options, settings};
    size_t max =
        ((size_t)options->payload_count * FAMILIES_PER_PAYLOAD + OTHER_FAMILIES) * (options->subject_count + 1);
    plan->count = 0;
    plan->benchmarks = calloc(max, sizeof *plan->benchmarks);
    if (plan->benchmarks == NULL) {
        return -1;
    }
    add_payloads(&planner, STREAM, add_streams);
    add_payloads(&planner, PINGPONG, add_pingpongs);
    add_payloads(&planner, BROKER, add_brokers);
    for (unsigned i = 0; options->cases[MAP] && i < MAP_SIZES - (options->quick ? 1u : 0u); i++) {
        add(&planner, &family_map, map_sizes[i]);
    }
    if (options->cases[START]) {
        add(&planner, &family_start, 8);
    }
    return 0;
}

void plan_fini(struct plan *plan) {
    free(plan->benchmarks);
    plan->benchmarks = NULL;
}
