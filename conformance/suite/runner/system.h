/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Network namespaces, child processes, and the shared memory of processes that have ended. */
#ifndef LC_SUITE_RUNNER_SYSTEM_H
#define LC_SUITE_RUNNER_SYSTEM_H

#include <stddef.h>
#include <sys/types.h>

/* Moves this process to a network namespace of its own, with a loopback device. Returns null, or why it failed. */
const char *lc_enter_network_namespace(void);

/* Kills the children of this process. It may inherit their children, so the caller repeats the call. */
void lc_kill_children(void);

/* Returns the end of the file that is the process's standard error, or null if it is no file. The caller frees it. */
char *lc_process_stderr(pid_t pid);

/* Removes the shared memory that these processes created. They must have ended. */
void lc_remove_leftovers(const pid_t *pids, size_t count);

#endif
