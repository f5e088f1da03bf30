/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The record of a run: the plan, and the repetition of each benchmark that is reported. */
#ifndef LLMP_BENCH_RECORD_H
#define LLMP_BENCH_RECORD_H

#include "runner/judge.h"
#include "runner/plan.h"

struct record {
    struct plan plan;
    struct repetition *kept; /* one per benchmark, in the order of the plan; the first `done` are set */
    unsigned done;
    unsigned ok;
    unsigned failed; /* a benchmark that is neither ok nor failed has figures, but is in doubt */
    bool interrupted;
};

#endif
