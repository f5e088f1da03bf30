/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the runner asks of the operating system: networks, children, and what dead processes left. */
#ifndef LC_SUITE_RUNNER_SYSTEM_H
#define LC_SUITE_RUNNER_SYSTEM_H

/* Puts this process into a network namespace of its own, with the loopback up. Null, or why that cannot be done. */
const char *lc_enter_network_namespace(void);

/* Kills the children of this process, which may make it inherit their children. */
void lc_kill_children(void);

#include <sys/types.h>

/* The end of the file that a process has as its standard error, if it is one: new memory, or null. */
char *lc_process_stderr(pid_t pid);

#endif
