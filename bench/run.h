/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A whole run: every benchmark of the plan, with results that are written as they come. */
#ifndef LLMP_BENCH_RUN_H
#define LLMP_BENCH_RUN_H

/* `llmp-bench` without a subcommand. Returns an exit status. */
int run_main(int argc, char **argv);

#endif
