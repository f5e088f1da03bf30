/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The clock of the platform (platform.h). */
#ifndef LLMP_FUZZ_CLOCK_H
#define LLMP_FUZZ_CLOCK_H

#include <stdint.h>

/* Sets the clock to the start of an execution. */
void fuzz_clock_begin(void);
void fuzz_clock_advance(int64_t ns);

#endif
