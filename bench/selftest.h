/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* `llmp-bench selftest`: that this program's own arithmetic, judgement and checks are right. */
#ifndef LLMP_BENCH_SELFTEST_H
#define LLMP_BENCH_SELFTEST_H

/* Prints TAP. Returns 0 or 1. */
int selftest_main(void);

#endif
