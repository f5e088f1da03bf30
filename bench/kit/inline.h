/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Attributes of functions in loops over messages. */
#ifndef LLMP_BENCH_INLINE_H
#define LLMP_BENCH_INLINE_H

/* Compiled into each caller, so that constant arguments (sizes, functions) are constants in it. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Rarely called: the compiler moves the calls out of the loops. */
#define COLD __attribute__((cold))

#endif
