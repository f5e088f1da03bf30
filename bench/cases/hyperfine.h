/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The version of hyperfine that is installed. */
#ifndef LLMP_BENCH_HYPERFINE_H
#define LLMP_BENCH_HYPERFINE_H

#include <stdbool.h>

/*
 * Returns "1.15.0", or "" if there is none. Runs it once per process: call this before jobs start, which inherit the
 * result.
 */
const char *hyperfine_version(void);

/* Returns true if it can run commands without a shell (-N, since 1.13). Older ones subtract the start of the shell. */
bool hyperfine_has_no_shell(void);

#endif
