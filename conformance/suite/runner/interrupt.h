/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ctrl-C while a case runs: what it made is removed before the suite goes. */
#ifndef LC_SUITE_RUNNER_INTERRUPT_H
#define LC_SUITE_RUNNER_INTERRUPT_H

/* From here on SIGINT and SIGTERM are only noted. */
void lc_interrupt_defer(void);
/* The signal that came, or 0. */
int lc_interrupted(void);
/* Back to what a signal usually does; one that came ends the process now. */
void lc_interrupt_deliver(void);
/* In a new process: what a signal usually does, and none that came. */
void lc_interrupt_reset(void);

#endif
