/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An implementation of ref/os/os.h and ref/os/socket.h that replaces ref/os/posix: a clock that advances only when it
 * is read and in sleeps, and sockets in memory. An execution makes no system call, takes no real time however long the
 * library waits, and gives the same result each time.
 */
#ifndef LLMP_FUZZ_PLATFORM_H
#define LLMP_FUZZ_PLATFORM_H

#include "os/socket.h"
#include "platform/clock.h"

/* Begins an execution: sets the clock to its start, and removes all sockets. */
void fuzz_platform_begin(void);

/* Ends an execution: fails if the library left a socket open. */
void fuzz_platform_end(void);

/* A pair of connected sockets: the library's end and the target's. */
struct fuzz_pair {
    llmp_socket library;
    llmp_socket target;
};

struct fuzz_pair fuzz_socket_pair(void);

/* Queues a new connection for the library's next accept or connect call, and returns the target's end of it. */
llmp_socket fuzz_socket_enqueue(void);

/* Makes the next accept call fail with this code if a connection is pending, which then remains pending. */
void fuzz_socket_fail_accept(int code);

/*
 * Sets how many bytes the library's next reads and writes move: each step is the maximum of one call, 0 makes it return
 * -EAGAIN. After the last step a call moves as many bytes as possible. `steps` must stay valid during the execution.
 */
void fuzz_socket_pace(llmp_socket end, const uint8_t *steps, size_t count);

/* The capacity of one direction, in bytes; further writes return -EAGAIN. */
#define FUZZ_SOCKET_ROOM ((size_t)128 << 10)

/* The target's calls on its own end. fuzz_socket_received() returns the length of all that the library has sent. */
void fuzz_socket_send(llmp_socket end, const void *bytes, size_t length);
size_t fuzz_socket_received(llmp_socket end, const uint8_t **bytes);
void fuzz_socket_hang_up(llmp_socket end);
void fuzz_socket_reset(llmp_socket end);

#endif
