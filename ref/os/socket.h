/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * TCP sockets for this protocol. No call on one blocks, except where a deadline or timeout is given; none raises a
 * signal; programs started by exec do not inherit them. Each platform has one implementation: posix/.
 */
#ifndef LLMP_OS_SOCKET_H
#define LLMP_OS_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#include "os/os.h"

typedef intptr_t llmp_socket;
#define LLMP_SOCKET_NONE ((llmp_socket)-1)

/* Events to wait for; combine with `|`. */
enum llmp_socket_events { LLMP_SOCKET_READ = 1, LLMP_SOCKET_WRITE = 2 };

/* One of the sockets that llmp_socket_poll() watches. */
struct llmp_socket_watch {
    llmp_socket socket; /* LLMP_SOCKET_NONE: ignored */
    unsigned want;
    unsigned ready; /* set by llmp_socket_poll(); after a hang-up or an error the socket is readable and writable */
};

/* The largest number of watches in one call. */
#define LLMP_SOCKET_WATCH_MAX 128

/* ------------------------------------------------------------------ opening and closing */

/*
 * Binds and listens. `host` is a numeric address or a name; port 0 selects a free one. Returns 0 or a negative code.
 * The caller closes *out; it is LLMP_SOCKET_NONE on failure.
 */
int llmp_socket_listen(const char *host, uint16_t port, llmp_socket *out);

/* Returns the port that a socket is bound to, or a negative code. */
int llmp_socket_port(llmp_socket socket);

/*
 * Accepts a waiting connection; the caller closes *out. Returns 0; -EAGAIN if no connection is waiting; -EMFILE,
 * -ENFILE, -ENOBUFS or -ENOMEM if one is waiting but no resources are left to accept it. Any other code concerns one
 * connection that no longer exists.
 */
int llmp_socket_accept(llmp_socket listener, llmp_socket *out);

/*
 * Connects; tries each address of a name in turn. Returns 0, and the caller closes *out; -ECONNREFUSED if no process
 * listens there now; -EAGAIN or -ETIMEDOUT after the deadline; or another negative code. The deadline does not limit
 * the lookup of a name: only numeric addresses never wait for a resolver.
 */
int llmp_socket_connect(const char *host, uint16_t port, struct llmp_deadline deadline, llmp_socket *out);

/* Shuts down the sending direction and keeps the socket open, so that queued bytes can still arrive. */
void llmp_socket_finish(llmp_socket socket);

/* Closes a socket. LLMP_SOCKET_NONE is ignored. */
void llmp_socket_close(llmp_socket socket);

/* ------------------------------------------------------------------ bytes */

/* Returns how many bytes were read, 0 at the end of the stream, -EAGAIN if none are there, or another negative code. */
int64_t llmp_socket_read(llmp_socket socket, void *bytes, size_t length);

/* Returns how many bytes were written, -EAGAIN if the socket's buffer is full, or another negative code. */
int64_t llmp_socket_write(llmp_socket socket, const void *bytes, size_t length);

/* ------------------------------------------------------------------ waiting */

/*
 * Waits until a watched socket is ready, at most `timeout_ns`. Returns how many are ready, 0 after the timeout or a
 * signal, or a negative code; -EINVAL if `count` is larger than LLMP_SOCKET_WATCH_MAX.
 */
int llmp_socket_poll(struct llmp_socket_watch *watches, size_t count, int64_t timeout_ns);

/* Waits until one socket is ready. Returns 0, -EAGAIN or -ETIMEDOUT after the deadline, or another negative code. */
int llmp_socket_wait(llmp_socket socket, unsigned want, struct llmp_deadline deadline);

/* Fills `name` with the name of this machine, or "localhost" if it is unknown. Always NUL-terminated. */
void llmp_socket_hostname(char *name, size_t capacity);

#endif
