/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * `llmp-bench micro`: the in-process cases as a Google Benchmark program, with all its flags.
 *
 *     memcpy/<bytes>                    the baseline of everything that copies
 *     send_recv/<provider>/<bytes>      a message sent and received by one thread: what the protocol costs without
 *                                       the way from core to core
 *     map/<op>/<provider>/<bytes>       create, open, close
 *     map/<op>/<provider>-raw/<bytes>   the bare system calls
 */
#ifndef LLMP_BENCH_MICRO_H
#define LLMP_BENCH_MICRO_H

/* argv as a Google Benchmark program gets it. Returns an exit status. */
int micro_main(int argc, char **argv);

#endif
