/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * `llmp-bench micro`: the benchmarks within one process as a Google Benchmark program, with all its flags.
 *
 *     memcpy/<bytes>                         the baseline of everything that copies
 *     send_recv/<subject>/<bytes>            a message sent and received by one thread: the cost of the protocol
 *                                            without the way from core to core
 *     map/<op>/<subject>/<bytes>             create, open, close
 *     map/<op>/baseline/<transport>/<bytes>  the bare system calls
 */
#ifndef LLMP_BENCH_MICRO_H
#define LLMP_BENCH_MICRO_H

/* Takes the arguments of a Google Benchmark program. Returns an exit status. */
int micro_main(int argc, char **argv);

#endif
