/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The programs that the case `start` times: from the start of the first until the second has received its first
 * message.
 *
 *     llmp-bench start-once --subject ref/posix --cpus 0,1   creates a channel, sends a message, starts the receiver
 *     llmp-bench start-once --baseline --cpus 0,1            the same two processes with one byte over a pipe
 *
 * The receiver is a new program (fork and exec), as those of users are; it opens the channel by an address in its
 * arguments.
 */
#ifndef LLMP_BENCH_START_ONCE_H
#define LLMP_BENCH_START_ONCE_H

/* `llmp-bench start-once …`. Returns an exit status. */
int start_once_main(int argc, char **argv);

/* `llmp-bench start-peer …`, the receiver that start-once starts. Returns an exit status. */
int start_peer_main(int argc, char **argv);

#endif
