/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* `llmp-bench selftest`: tests of this program's own statistics, judgement, output and checks. */
#ifndef LLMP_BENCH_SELFTEST_H
#define LLMP_BENCH_SELFTEST_H

/* Prints TAP. Returns 0, or 1 if a test failed. */
int selftest_main(void);

#endif
