/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Memory that both sides of a benchmark share: when side B is ready, when it is done, and its report. */
#ifndef LLMP_BENCH_PEER_LINK_H
#define LLMP_BENCH_PEER_LINK_H

#include <stdbool.h>
#include <sys/types.h>

#include "kit/outcome.h"
#include "kit/sync.h"

struct peer_link {
    struct shared_word ready; /* set by B: its end of the channel is open */
    struct shared_word over;  /* set by B: `report` is complete, or B failed */
    struct outcome report;    /* written by B before `over` */
    bool finished;            /* used by A: peer_link_finish() was called */
};

/* Waits until B is ready. Returns false if it failed; `out` then has the error of its report. */
bool peer_link_await_ready(struct peer_link *link, pid_t peer, struct outcome *out);

/* Waits for B's report and its end, and merges the report and the exit status into `out`. Later calls do nothing. */
void peer_link_finish(struct peer_link *link, pid_t peer, struct outcome *out);

#endif
