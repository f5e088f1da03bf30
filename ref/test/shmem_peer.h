/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Helpers of the shared-memory tests: other processes, socket pairs, and namespaces with a /dev/shm of their own. */
#ifndef LLMP_TEST_SHMEM_PEER_H
#define LLMP_TEST_SHMEM_PEER_H

#include "shmem_support.h"

/* ---------------------------------------------------------------- other processes */

/* A child with a socket to the test. The kernel kills it with the test; its exit status is its result. */
struct shmem_peer {
    pid_t pid;
    int socket;
};

/* Runs `body` in a child, with the other end of the socket. Its return value is the exit status. */
struct shmem_peer shmem_peer_start(int (*body)(int socket, void *argument), void *argument);
/* Ends the connection, so that the child's shmem_wait() and shmem_recv() return false. */
void shmem_peer_hang_up(struct shmem_peer *peer);
/* Hangs up and waits for the child. Returns its exit status, or 1000 + the signal that ended it. */
int shmem_peer_end(struct shmem_peer *peer);
/* Kills the child with SIGKILL and waits for it. */
void shmem_peer_kill(struct shmem_peer *peer);
/* Runs `body` in a child until it returns. Returns its exit status; 0 is success. */
int shmem_run_in_child(int (*body)(int socket, void *argument), void *argument);

/* Send or receive an object over that socket. Return false if the other side has hung up. */
bool shmem_send(int socket, const void *object, size_t size);
bool shmem_recv(int socket, void *object, size_t size);
/* Wake the other side, or wait until it does. Return false if it has hung up. */
bool shmem_signal(int socket);
bool shmem_wait(int socket);

/* Replaces assertions in a child: those of cmocka would continue with the parent's tests. */
#define CHILD_REQUIRE(condition)                                                                                       \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            return shmem_child_failed(__FILE__, __LINE__, #condition);                                                 \
        }                                                                                                              \
    } while (0)
int shmem_child_failed(const char *file, int line, const char *condition);

/* The exit status of a child that the system does not permit to run its test; 77 as in other test tools. */
#define CHILD_SKIP 77
/* Ends the test: passes if `status` is 0, skips with `reason` if it is CHILD_SKIP, and fails otherwise. */
void shmem_check_child(int status, const char *reason);

/* ---------------------------------------------------------------- bodies of children */

/*
 * Creates a map of the provider `argument` (a struct shmem_case), fills it with seed 1, sends its description, and
 * exits without closing it when the test hangs up.
 */
int shmem_own_until_hang_up(int socket, void *argument);
/* Starts a child with that body and receives the description. */
struct shmem_peer shmem_start_owner(const struct shmem_case *c, llmp_shmem_desc *desc);

/* Starts a child that creates as many posix maps and exits without closing them when the test hangs up. */
#define SHMEM_OWNER_NAMES 3
struct shmem_peer shmem_start_owner_of_names(llmp_shmem_desc *first);

/* Creates and closes a map of the provider `argument`. */
int shmem_create_and_close(int socket, void *argument);
/* Runs that in a child. Its first posix map removes the names of dead owners. */
void shmem_create_in_child(const struct shmem_case *c);

/* ---------------------------------------------------------------- socket pairs */

struct shmem_sockets {
    int here, there;
};
/* `type` is SOCK_STREAM or SOCK_SEQPACKET, with flags. */
struct shmem_sockets shmem_sockets_open(int type);
void shmem_sockets_close(struct shmem_sockets sockets);

/* ---------------------------------------------------------------- namespaces */

/* Moves this process (better: a child) to new namespaces; `flags` are CLONE_NEW…. Returns 0 or -errno. */
int shmem_unshare(int flags);
/* Mounts an empty file system on /dev/shm, after shmem_unshare(CLONE_NEWNS). Returns 0 or -errno. */
int shmem_mount(const char *type, const char *options);
int shmem_unmount(void);
/* Gives this program a /dev/shm of its own; for main(). Returns false if the system does not permit it. */
bool shmem_isolate(void);
/* Writes a text to a file in /proc. */
bool shmem_write_file(const char *path, const char *text);

#define SHMEM_NEEDS_MOUNT "needs root, or user namespaces, to mount a /dev/shm of its own"

#endif
