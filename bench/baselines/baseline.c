/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The job that takes one reading of a baseline. */
#include "baselines/baseline.h"

#include "baselines/line.h"
#include "baselines/pingpong.h"
#include "baselines/slots.h"
#include "baselines/stream.h"
#include "kit/pair.h"

static unsigned char *arena;

void baselines_init(void) {
    arena = pair_alloc(ARENA_BYTES);
}

void baseline_measure(const void *context, struct outcome *out) {
    const struct baseline_job *job = context;
    out->baseline.line_ns = baseline_line();
    if (out->baseline.line_ns <= 0) {
        outcome_fail(out, "failed: no cache line came back");
    }
    switch (job->kind) {
    case BASELINE_STREAM: baseline_stream(job->payload, job->settings, arena, out); break;
    case BASELINE_PINGPONG: baseline_pingpong(job->payload, false, job->settings, arena, out); break;
    case BASELINE_RELAY: baseline_pingpong(job->payload, true, job->settings, arena, out); break;
    case BASELINE_OWN:
    default: return;
    }
    out->baseline.memcpy_ns = baseline_memcpy(arena, job->payload);
}
