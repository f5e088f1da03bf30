/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SIGINT and SIGTERM while a case runs: the runner removes what the case has created before it ends. */
#ifndef LC_SUITE_RUNNER_INTERRUPT_H
#define LC_SUITE_RUNNER_INTERRUPT_H

/* From now on SIGINT and SIGTERM are only recorded. */
void lc_interrupt_defer(void);
/* Returns the recorded signal, or 0. */
int lc_interrupted(void);
/* Restores the default actions, and raises the recorded signal. */
void lc_interrupt_deliver(void);
/* In a forked process: restores the default actions and forgets the recorded signal. */
void lc_interrupt_reset(void);

#endif
