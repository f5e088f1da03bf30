/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef LLMP_FUZZ_CLOCK_H
#define LLMP_FUZZ_CLOCK_H

#include <stdint.h>

/* The clock of an execution that begins. */
void fuzz_clock_begin(void);
void fuzz_clock_advance(int64_t ns);

#endif
