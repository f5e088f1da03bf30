/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The thread that runs a broker. From start to stop, only this thread uses the broker. */
#ifndef ADAPTER_BROKER_THREAD_H
#define ADAPTER_BROKER_THREAD_H

#include <llmp/llmp.h>

/*
 * With `run_only` the thread calls nothing but llmp_broker_run(), which then decides itself when exit_after is
 * fulfilled; broker_thread_attach() must not be called. Otherwise the thread runs single rounds, attaches channels
 * between them, and calls llmp_broker_run() at the end only.
 */
struct broker_thread_options {
    llmp_broker *broker;
    uint32_t exit_after; /* as in the broker's options */
    bool run_only;
};

/* Returns 0 or a negative error code. */
int broker_thread_start(const struct broker_thread_options *chosen);

/* Registers a channel, on the broker's thread. Returns the client id, or a negative code; -ESRCH if the broker ended. */
int64_t broker_thread_attach(const llmp_shmem_desc *channel);

/* Waits until the broker has ended. Returns true if it ended by exit_after within the timeout. */
bool broker_thread_wait(int64_t timeout_ns);

/* Ends the broker with EXITING and waits for the thread. Returns false if the broker had already ended. */
bool broker_thread_stop(void);

/* Ends the broker without EXITING and waits for the thread. Does nothing if no thread runs. */
void broker_thread_abort(void);

#endif
