/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Watches what the library loads from shared pages: no byte of a slot may be read twice on one visit of it, as a
 * hostile peer could change it in between (RECV-5).
 *
 * Needs a build in which every load is reported (-fsanitize-coverage=trace-loads); in others it sees nothing.
 */
#ifndef LLMP_FUZZ_WATCH_H
#define LLMP_FUZZ_WATCH_H

/* Around one call of the library. */
void fuzz_watch_begin(void);
void fuzz_watch_end(void);

#endif
