/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Helpers of the oracle's tests about processes and descriptors. */
#ifndef LC_TEST_ORACLE_PROCESS_H
#define LC_TEST_ORACLE_PROCESS_H

/* Returns how many of the descriptors 0 to 255 are open in this process. */
int open_descriptors(void);

/* Runs `body` in a forked child and waits for it. Returns its status as waitpid() does. */
int run_in_child(void (*body)(void *argument), void *argument);

#endif
