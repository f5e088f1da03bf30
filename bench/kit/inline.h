/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Functions that are compiled into each caller, so that constant arguments (sizes, functions) are constants in it. */
#ifndef LLMP_BENCH_INLINE_H
#define LLMP_BENCH_INLINE_H

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#endif
