/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which hyperfine is installed. */
#ifndef LLMP_BENCH_HYPERFINE_H
#define LLMP_BENCH_HYPERFINE_H

#include <stdbool.h>

/* "1.15.0"; empty when there is none. Asked once; call it before jobs start, so that each inherits the answer. */
const char *hyperfine_version(void);

/* Whether it can run commands without a shell (-N, from 1.13 on). Older ones subtract the shell's own start. */
bool hyperfine_has_no_shell(void);

#endif
