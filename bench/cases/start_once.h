/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The program that the start case times: from its own start until a second program has its first message.
 *
 *     llmp-bench start-once --provider posix --cpus 0,1     a channel, a message, and itself started as the receiver
 *     llmp-bench start-once --baseline --cpus 0,1              the same two processes, one byte over a pipe
 *
 * The receiver is forked and exec'ed, as users' programs are; it finds the channel by the description in its arguments.
 */
#ifndef LLMP_BENCH_START_ONCE_H
#define LLMP_BENCH_START_ONCE_H

/* argv[1] is "start-once" or "start-peer". Returns an exit status. */
int start_once_main(int argc, char **argv);
int start_peer_main(int argc, char **argv);

#endif
