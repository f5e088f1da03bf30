/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A platform of its own (ref/os/os.h, ref/os/socket.h), in place of ref/os/posix: a clock that only moves when somebody
 * looks or sleeps, and sockets that are memory. So an execution makes no system call, takes no real time however long
 * the library would wait, and comes out the same each time.
 */
#ifndef LLMP_FUZZ_PLATFORM_H
#define LLMP_FUZZ_PLATFORM_H

#include "os/socket.h"
#include "platform/clock.h"

/* Begins an execution: the clock stands at its start, and there is no socket. */
void fuzz_platform_begin(void);

/* Ends it: fails where a socket of the library is still open. */
void fuzz_platform_end(void);

/* A pair of connected sockets: the library's end, and the target's. */
struct fuzz_pair {
    llmp_socket library;
    llmp_socket target;
};

struct fuzz_pair fuzz_socket_pair(void);

/* The same, from the outside: one that llmp_socket_accept() or llmp_socket_connect() will give to the library. */
llmp_socket fuzz_socket_knock(void);

/* The next time somebody is accepted, that fails with this code; somebody still waits then. */
void fuzz_socket_fail_accept(int code);

/*
 * How the library's reads and writes go from now on: each step is the most bytes that the next call moves, 0 lets it
 * fail with -EAGAIN; behind the last step all is moved that can be. `steps` has to live on.
 */
void fuzz_socket_pace(llmp_socket end, const uint8_t *steps, size_t count);

/* The most bytes that one direction holds; what is sent beyond that is refused. */
#define FUZZ_SOCKET_ROOM ((size_t)128 << 10)

/* The target's side. What came in is a view, all of it since the beginning. */
void fuzz_socket_send(llmp_socket end, const void *bytes, size_t length);
size_t fuzz_socket_seen(llmp_socket end, const uint8_t **bytes);
void fuzz_socket_hang_up(llmp_socket end);
void fuzz_socket_reset(llmp_socket end);

/* Whether the library said that it sends no more, or closed its end. */
bool fuzz_socket_ended(llmp_socket end);

#endif
