/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Sockets: TCP and its frames (TCP-1), and the service's UNIX socket with its descriptors (SERVED-1). Functions return
 * 0 or a socket, or a negative code: -errno, or -ETIMEDOUT when `timeout_ms` has elapsed.
 */
#ifndef LC_ORACLE_WIRE_H
#define LC_ORACLE_WIRE_H

#include "oracle/post.h"

int lc_tcp_connect(uint16_t port); /* to 127.0.0.1 */
int lc_tcp_listen(uint16_t *port); /* on 127.0.0.1, at a port that the kernel chooses */
int lc_accept(int listener, int timeout_ms);
int lc_service_connect(void); /* to the abstract name of the service (SERVED-1) */

/* Writes all bytes; never raises SIGPIPE. */
int lc_write(int fd, const void *bytes, size_t length, int timeout_ms);
/* Reads exactly `length` bytes. Returns -EPIPE if the peer closed the connection before. */
int lc_read(int fd, void *bytes, size_t length, int timeout_ms);
/* Waits until there are bytes to read or the peer has closed the connection. */
int lc_wait_readable(int fd, int timeout_ms);
/* Waits until the peer closes the connection. Returns -EPROTO if it sends bytes instead. */
int lc_wait_hangup(int fd, int timeout_ms);
/* Closes the socket with a TCP reset. */
void lc_close_with_reset(int fd);

int lc_frame_write(int fd, const void *body, size_t length, int timeout_ms);
/* Returns the length of the body, or -EMSGSIZE if it is larger than `capacity`. */
long lc_frame_read(int fd, void *body, size_t capacity, int timeout_ms);

/*
 * Reads a reply of the service (SERVED-1): a decimal number, and perhaps a descriptor. A reply has no frame: the bytes
 * that one read returns are taken for the whole reply, so have only one request pending at a time.
 *
 * descriptor: receives the descriptor, which the caller closes, or -1 if there is none; may be null
 * Returns -EPIPE if the service closed the connection, -EPROTO if the reply is not a number or has several descriptors.
 */
int lc_service_reply(int fd, long *number, int *descriptor, int timeout_ms);

#endif
