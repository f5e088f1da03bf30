/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An implementation under test: a process that speaks JSON lines (ADAPTER.md). Jansson carries the JSON.
 */
#ifndef LC_SUITE_ADAPTER_ADAPTER_H
#define LC_SUITE_ADAPTER_ADAPTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { LC_HELLO_MS = 10 * 60 * 1000 }; /* a first start may build the adapter */

struct lc_adapter;

/* Where an implementation comes from: a folder with an executable `adapter`, or a command for the shell. */
struct lc_impl {
    char *command;
    char *folder;  /* null for a bare command */
    json_t *hello; /* its answer, null until asked */
};

/* How a call ended. The first three are ADAPTER.md's results. */
enum lc_outcome { LC_OK, LC_REFUSED, LC_UNSUPPORTED, LC_CRASHED, LC_HUNG, LC_BROKEN };

/* Every wait is so many times longer: 1 unless the machine is slow (--seconds). */
extern double lc_time_factor;

/* False: neither a folder with an executable `adapter`, nor a command; `error` says what was wrong. */
bool lc_impl_init(struct lc_impl *impl, const char *given, char error[300]);
void lc_impl_fini(struct lc_impl *impl);
/* Of its hello. */
const char *lc_impl_name(const struct lc_impl *impl);
bool lc_impl_offers(const struct lc_impl *impl, const char *field, const char *name); /* "roles", "sender" */

/* Starts a process. It dies with the suite (PR_SET_PDEATHSIG), in a process group of its own. Null and errno. */
struct lc_adapter *lc_adapter_start(const struct lc_impl *impl, const char *test);

/*
 * One request and its answer. `arguments` is taken over (a reference stolen) and may be null. The answer is borrowed
 * and lives until the next call. Waits as long as the arguments' timeout_ms and ten seconds.
 */
enum lc_outcome lc_adapter_call(struct lc_adapter *adapter, const char *verb, json_t *arguments, const json_t **reply);

/* The two halves of it, to ask several adapters at the same time or to do something while one works. */
int lc_adapter_send(struct lc_adapter *adapter, const char *verb, json_t *arguments);
/* For the answer that is due: another patience than that. */
void lc_adapter_set_timeout(struct lc_adapter *adapter, int64_t milliseconds);
enum lc_outcome lc_adapter_receive(struct lc_adapter *adapter, const json_t **reply);

pid_t lc_adapter_pid(const struct lc_adapter *adapter);
/* Whether the process is still there; reaps it otherwise. */
bool lc_adapter_alive(struct lc_adapter *adapter);
/* In words: "ended by signal 11 (SIGSEGV)", "exited with 101", "still running". Static storage. */
const char *lc_adapter_exit_text(struct lc_adapter *adapter);
/* What it wrote to standard error so far. */
const char *lc_adapter_stderr(struct lc_adapter *adapter);

/* What is wrong with its last answer, where that was LC_BROKEN. */
const char *lc_adapter_error(const struct lc_adapter *adapter);

/* SIGKILL, and waits for the end. */
void lc_adapter_kill(struct lc_adapter *adapter);
/* Closes its input, waits two seconds, then kills. False: it did not leave by itself, or by a signal. */
bool lc_adapter_stop(struct lc_adapter *adapter);
/* Kills whatever is left of its process group, and forgets it. */
void lc_adapter_free(struct lc_adapter *adapter);

#endif
