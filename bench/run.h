/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A whole run: every row of the plan between its baselines, results written as they come. */
#ifndef LLMP_BENCH_RUN_H
#define LLMP_BENCH_RUN_H

#include "runner/judge.h"
#include "runner/plan.h"

/* The kept attempt of each row, in the order of the plan, as far as the run came. */
struct run {
    struct plan plan;
    struct repetition *kept;
    unsigned done;
    unsigned ok;
    unsigned failed; /* neither these nor ok: measured, but in doubt */
    bool interrupted;
};

/* `llmp-bench` without a subcommand. Returns an exit status. */
int run_main(int argc, char **argv);

#endif
