/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Watches what the library loads from shared pages: it must not read a byte of a slot twice on one visit, because a
 * hostile peer can change the byte in between (RECV-5).
 *
 * Needs a build in which the compiler reports every load (-fsanitize-coverage=trace-loads); other builds report none.
 */
#ifndef LLMP_FUZZ_WATCH_H
#define LLMP_FUZZ_WATCH_H

/* Call these around one call of the library. */
void fuzz_watch_begin(void);
void fuzz_watch_end(void);

#endif
