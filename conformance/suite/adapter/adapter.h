/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An adapter: a process that plays one role of an implementation and speaks JSON lines (ADAPTER.md). */
#ifndef LC_SUITE_ADAPTER_ADAPTER_H
#define LC_SUITE_ADAPTER_ADAPTER_H

#include <stdint.h>
#include <sys/types.h>

#include "suite/adapter/impl.h"

struct lc_adapter;

/* The outcome of a call. The first three are the results of ADAPTER.md. */
enum lc_outcome { LC_OK, LC_REFUSED, LC_UNSUPPORTED, LC_CRASHED, LC_HUNG, LC_BROKEN };

/*
 * Starts an adapter in a process group of its own. The kernel kills it when this process dies (PR_SET_PDEATHSIG).
 *
 * test: the id of the case, which each request repeats
 * Returns null and sets errno on an error.
 */
struct lc_adapter *lc_adapter_start(const struct lc_impl *impl, const char *test);

/*
 * Sends a request. Its reply is received with lc_adapter_receive() before the next request is sent.
 *
 * arguments: may be null; the reference is stolen
 * Returns 0 or a negative code. The caller may ignore it: lc_adapter_receive() reports a dead adapter.
 */
int lc_adapter_send(struct lc_adapter *adapter, const char *verb, json_t *arguments);

/*
 * Waits for the reply: for the timeout_ms of the request's arguments and ten seconds more. An adapter that does not
 * reply in time is killed (LC_HUNG).
 *
 * reply: receives the reply, which is valid until the next call, or null if there is none; may be null
 */
enum lc_outcome lc_adapter_receive(struct lc_adapter *adapter, const json_t **reply);

/* Sends hello and waits for its reply; allows ten minutes, because a first start may build the adapter. */
enum lc_outcome lc_adapter_hello(struct lc_adapter *adapter, const json_t **reply);

pid_t lc_adapter_pid(const struct lc_adapter *adapter);
/* Returns true if the process runs; reaps it otherwise. */
bool lc_adapter_alive(struct lc_adapter *adapter);
/* Returns "ended by signal 11 (SIGSEGV)", "exited with 101" or "still running"; a static string. */
const char *lc_adapter_exit_text(struct lc_adapter *adapter);
/* Returns the last 64 KiB that it wrote to standard error; valid until the next call. */
const char *lc_adapter_stderr(struct lc_adapter *adapter);
/* Returns what was wrong with the last reply if the outcome was LC_BROKEN. */
const char *lc_adapter_error(const struct lc_adapter *adapter);

/* Sends SIGKILL and waits until the process has ended. */
void lc_adapter_kill(struct lc_adapter *adapter);
/*
 * Closes its standard input, waits two seconds for its end, and then kills it. Returns false if it was killed or ended
 * by a signal.
 */
bool lc_adapter_stop(struct lc_adapter *adapter);
/* Kills its process group and frees the adapter. */
void lc_adapter_free(struct lc_adapter *adapter);

#endif
