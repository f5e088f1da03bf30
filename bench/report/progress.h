/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The progress of a run on stderr: one live line on a terminal, otherwise one line per benchmark. */
#ifndef LLMP_BENCH_PROGRESS_H
#define LLMP_BENCH_PROGRESS_H

#include "runner/judge.h"
#include "runner/plan.h"

/* `whole` must live as long as the run. */
void progress_init(const struct plan *whole);

/* Shows that repetition `number` (from 1) of benchmark `index` of the plan begins. */
void progress_benchmark(unsigned index, unsigned number);

/* Redraws the live line with the time left; for jobs_on_tick(). */
void progress_tick(void);

/* Shows the result of benchmark `index`. */
void progress_done(unsigned index, const struct repetition *kept);

/* Shows an activity other than a benchmark ("drawing the plots") in the live line; null clears it. */
void progress_say(const char *what);

/* Returns true if a descriptor is a terminal that shows colours, and NO_COLOR is not set. */
bool progress_colours(int descriptor);

#endif
