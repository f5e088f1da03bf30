/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The thread that a broker serves in. From start to stop the broker is that thread's. */
#ifndef ADAPTER_SERVE_H
#define ADAPTER_SERVE_H

#include <llmp/llmp.h>

/*
 * Two ways to serve. `own_loop`: llmp_broker_run() from the first moment, so that it decides itself when exit_after is
 * fulfilled; nobody can be attached then. Otherwise round by round, with attaching between rounds; llmp_broker_run()
 * then does the end.
 */
struct serve_plan {
    llmp_broker *broker;
    uint32_t exit_after;
    bool own_loop;
};

/* Returns 0 or a negative code. */
int serve_start(const struct serve_plan *chosen);

/* Has the broker's thread register a channel. Returns the client id, or a negative code; -ESRCH: it has ended. */
int64_t serve_attach(const llmp_shmem_desc *channel);

/* Whether the broker ended by itself within that time. */
bool serve_wait(int64_t timeout_ns);

/* Ends it in good order, EXITING included. False: it had ended by itself. */
bool serve_stop(void);

/* Ends it at once. Nothing happens where none serves. */
void serve_drop(void);

#endif
