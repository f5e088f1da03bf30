/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sockets: TCP frames (TCP-1) in whole and in pieces, and the service's UNIX socket with its descriptors (SERVED-1).
 * Everything here waits at most the given time and answers -ETIMEDOUT then.
 */
#ifndef LC_ORACLE_WIRE_H
#define LC_ORACLE_WIRE_H

#include "oracle/post.h"

int lc_tcp_connect(uint16_t port); /* to 127.0.0.1: a socket or -errno */
int lc_tcp_listen(uint16_t *port); /* at a port that the system picks */
int lc_accept(int listener, int timeout_ms);
int lc_service_connect(void); /* to the abstract name of SERVED-1 */

/* All of it, or -errno; never raises SIGPIPE. */
int lc_write(int fd, const void *bytes, size_t length, int timeout_ms);
/* Exactly that many: -EPIPE when the peer hung up before. */
int lc_read(int fd, void *bytes, size_t length, int timeout_ms);
/* Until there is something to read, or the peer has hung up. */
int lc_wait_readable(int fd, int timeout_ms);
/* Whether the peer hangs up within the time: 0, -ETIMEDOUT, or -EPROTO when it sends instead. */
int lc_wait_hangup(int fd, int timeout_ms);
/* Closes with a reset instead of a goodbye. */
void lc_close_with_reset(int fd);

int lc_frame_write(int fd, const void *body, size_t length, int timeout_ms);
/* The body's length; -EMSGSIZE where it is longer than the capacity. */
long lc_frame_read(int fd, void *body, size_t capacity, int timeout_ms);

/*
 * The service's answer (SERVED-1): a decimal number, and a descriptor (-1: none came; the caller closes it). 0, -EPIPE
 * when the service hung up, -EPROTO when it is no number or brings several descriptors, or -errno. It has no frame: what
 * arrives at once is taken for all of it, so ask one thing at a time.
 */
int lc_service_reply(int fd, long *number, int *descriptor, int timeout_ms);

#endif
