/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Baselines: what the same two cores do in the same second with the same data movement and no protocol.
 *
 *   line       a cache line goes back and forth: placement_ns, half a round trip
 *   memcpy     copying a payload within the caches of one core
 *   stream     messages of LLMP's shape, one way: header (40 bytes) and payload are written to a slot that starts at a
 *              multiple of 64, then a number is published. The other side reads every byte and checks the payload
 *              as the receiver of a benchmark does. There is no end of a page, no lookup and no error to handle.
 *   ping-pong  the same there and back, each payload copied out of its slot and checked; half a round trip
 *   relay      there, copied from slot to slot as a broker does, and back; the whole way
 *
 * The speed of these depends on the caches: on the *window* (the bytes of slots that are used over and over), on how
 * often a number is published or read, and on how bytes are copied. Therefore many settings are tried for a short time
 * each, the fastest two or three are measured again for longer, and the fastest of these second readings is the
 * baseline.
 */
#ifndef LLMP_BENCH_BASELINE_H
#define LLMP_BENCH_BASELINE_H

#include <stddef.h>

#include "kit/outcome.h"
#include "kit/settings.h"

enum baseline_kind {
    BASELINE_STREAM,
    BASELINE_PINGPONG,
    BASELINE_RELAY,
    BASELINE_OWN /* the benchmark measures its baseline itself (outcome.own_baseline) */
};

/* One reading of a baseline, as a job (runner/job.h). */
struct baseline_job {
    enum baseline_kind kind; /* BASELINE_OWN: only `line` is read */
    size_t payload;
    const struct settings *settings;
};

/* Allocates the memory that all baselines use, so that its page faults occur once. Call it once, before any job. */
void baselines_init(void);

/* Measures a baseline (a job_fn). `context` is a struct baseline_job. Sets out->times and out->baseline. */
void baseline_measure(const void *context, struct outcome *out);

#endif
