/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Other processes for the shared-memory tests, and a corner of the system of their own. */
#ifndef LLMP_TEST_SHMEM_PEER_H
#define LLMP_TEST_SHMEM_PEER_H

#include "shmem_support.h"

/* ---------------------------------------------------------------- other processes */

/* A child with a socket to talk over. It dies with the test, and says what went wrong by its exit status. */
struct shmem_peer {
    pid_t pid;
    int socket;
};

/* `body` runs in the child with the other end of the socket; what it returns is the exit status. */
struct shmem_peer shmem_peer_start(int (*body)(int socket, void *argument), void *argument);
void shmem_peer_hang_up(struct shmem_peer *peer);
/* Hangs up and waits: the exit status, or 1000 + the signal. */
int shmem_peer_end(struct shmem_peer *peer);
void shmem_peer_kill(struct shmem_peer *peer);
/* Runs a body to its end in a child of its own; 0 is success. */
int shmem_in_child(int (*body)(int socket, void *argument), void *argument);

/* Whole objects over that socket; false when the other side is gone. */
bool shmem_say(int socket, const void *object, size_t size);
bool shmem_hear(int socket, void *object, size_t size);
/* A step of the one is done; the other waits for it. */
bool shmem_step(int socket);
bool shmem_await(int socket);

/* In a child, where an assertion of cmocka would go on with the parent's tests. */
#define CHILD_REQUIRE(condition)                                                                                       \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            return shmem_child_failed(__FILE__, __LINE__, #condition);                                                 \
        }                                                                                                              \
    } while (0)
int shmem_child_failed(const char *file, int line, const char *condition);

/* What a child says when the machine does not let it try; 77 as everywhere. */
#define CHILD_SKIP 77
/* Ends the test: passes with 0, skips with CHILD_SKIP and the reason, fails with anything else. */
void shmem_child_passed(int status, const char *reason);

/* ---------------------------------------------------------------- a system of one's own */

/* Puts this process (a child, better) into name spaces of its own: `what` are CLONE_NEW flags. 0 or -errno. */
int shmem_unshare(int what);
/* Mounts an empty file system on /dev/shm, after shmem_unshare(CLONE_NEWNS). 0 or -errno. */
int shmem_mount(const char *type, const char *options);
int shmem_unmount(void);
/* Gives this program a /dev/shm of its own from now on, for main() to try; false where it may not. */
bool shmem_isolate(void);
/* Writes a number to a file under /proc. */
bool shmem_write_file(const char *path, const char *text);

#define SHMEM_NEEDS_MOUNT "needs root, or user name spaces, to mount a /dev/shm of its own"

#endif
