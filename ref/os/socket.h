/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * TCP sockets as this protocol needs them: none ever blocks, none raises a signal, none is passed on to exec'ed
 * programs. One implementation a platform: posix/.
 */
#ifndef LLMP_OS_SOCKET_H
#define LLMP_OS_SOCKET_H

#include <stddef.h>
#include <stdint.h>

#include "os/os.h"

typedef intptr_t llmp_socket;
#define LLMP_SOCKET_NONE ((llmp_socket)-1)

/* What to wait for, or-ed together. */
enum llmp_socket_events { LLMP_SOCKET_READ = 1, LLMP_SOCKET_WRITE = 2 };

/* One socket among several that are watched. */
struct llmp_socket_watch {
    llmp_socket socket; /* LLMP_SOCKET_NONE: passed over */
    unsigned want;
    unsigned ready; /* set by llmp_socket_poll(); a hang-up or an error counts as readable and writable */
};

/* The most watches in one call. */
#define LLMP_SOCKET_WATCH_MAX 128

/* Binds and listens. `host` is a numeric address or a name; port 0 picks a free one. */
int llmp_socket_listen(const char *host, uint16_t port, llmp_socket *out);

/* The port that a socket is bound to, or a negative code. */
int llmp_socket_port(llmp_socket socket);

/*
 * Takes a waiting connection. -EAGAIN: nobody waits. -EMFILE, -ENFILE, -ENOBUFS, -ENOMEM: somebody does, but there is
 * nothing to take him with. Any other code concerns one connection that is gone already.
 */
int llmp_socket_accept(llmp_socket listener, llmp_socket *out);

/*
 * Connects; tries each address of a name in turn. -ECONNREFUSED: nobody listens there (now). -EAGAIN or -ETIMEDOUT
 * after the deadline. Looking a name up is not under the deadline: only numeric addresses never wait for a resolver.
 */
int llmp_socket_connect(const char *host, uint16_t port, struct llmp_deadline deadline, llmp_socket *out);

/* Bytes read or written; 0: the peer sends no more (read only); -EAGAIN: not now; or what is wrong. */
int64_t llmp_socket_read(llmp_socket socket, void *bytes, size_t length);
int64_t llmp_socket_write(llmp_socket socket, const void *bytes, size_t length);

/* Says that nothing more will be sent, and keeps the socket open: what was sent can still arrive. */
void llmp_socket_finish(llmp_socket socket);

/* LLMP_SOCKET_NONE is fine. */
void llmp_socket_close(llmp_socket socket);

/* How many of the watched are ready; 0 when none was within `timeout_ns` or a signal came; or a negative code. */
int llmp_socket_poll(struct llmp_socket_watch *watches, size_t count, int64_t timeout_ns);

/* Waits for one socket. 0, -EAGAIN or -ETIMEDOUT, or a negative code. */
int llmp_socket_wait(llmp_socket socket, unsigned want, struct llmp_deadline deadline);

/* The name of this machine, always terminated; "localhost" where the system does not tell. */
void llmp_socket_hostname(char *name, size_t capacity);

#endif
