/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a run says on stderr while it goes on: one live line on a terminal, a plain line a row elsewhere. */
#ifndef LLMP_BENCH_PROGRESS_H
#define LLMP_BENCH_PROGRESS_H

#include "runner/judge.h"
#include "runner/plan.h"

void progress_init(const struct plan *whole);

/* Row `index` of the plan begins, or is tried again (attempt 2, 3 …). */
void progress_benchmark(unsigned index, unsigned repetition);

/* The live line again, with the time left; for jobs_on_tick(). */
void progress_tick(void);

/* Row `index` is done. */
void progress_done(unsigned index, const struct repetition *repetition);

/* Something outside the rows, "drawing plots"; null clears the live line. */
void progress_say(const char *what);

/* Whether colours may be used on that stream: a terminal, and NO_COLOR not set. */
bool progress_colours(int descriptor);

#endif
