/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shmem_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---------------------------------------------------------------- other processes */

struct shmem_peer shmem_peer_start(int (*body)(int socket, void *argument), void *argument) {
    (void)fflush(stdout);
    struct shmem_sockets sockets = shmem_sockets_open(SOCK_STREAM);
    pid_t pid = test_fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(sockets.here);
        _exit(body(sockets.there, argument));
    }
    (void)close(sockets.there);
    return (struct shmem_peer){pid, sockets.here};
}

/* Closing is not enough: other children may have inherited this end. */
void shmem_peer_hang_up(struct shmem_peer *peer) {
    (void)shutdown(peer->socket, SHUT_RDWR);
    (void)close(peer->socket);
}

int shmem_peer_end(struct shmem_peer *peer) {
    shmem_peer_hang_up(peer);
    return test_wait(peer->pid);
}

void shmem_peer_kill(struct shmem_peer *peer) {
    assert_int_equal(kill(peer->pid, SIGKILL), 0);
    assert_int_equal(shmem_peer_end(peer), 1000 + SIGKILL);
}

int shmem_run_in_child(int (*body)(int socket, void *argument), void *argument) {
    struct shmem_peer peer = shmem_peer_start(body, argument);
    int status = test_wait(peer.pid);
    (void)close(peer.socket);
    return status;
}

bool shmem_send(int socket, const void *object, size_t size) {
    return send(socket, object, size, MSG_NOSIGNAL) == (ssize_t)size;
}

bool shmem_recv(int socket, void *object, size_t size) {
    return recv(socket, object, size, MSG_WAITALL) == (ssize_t)size;
}

bool shmem_signal(int socket) {
    return shmem_send(socket, "", 1);
}

bool shmem_wait(int socket) {
    char byte;
    return shmem_recv(socket, &byte, 1);
}

int shmem_child_failed(const char *file, int line, const char *condition) {
    (void)fprintf(stderr, "# child: %s:%d: %s (errno %s)\n", file, line, condition, strerrorname_np(errno));
    return 1;
}

void shmem_check_child(int status, const char *reason) {
    if (status == CHILD_SKIP) {
        shmem_skip(reason);
    }
    assert_int_equal(status, 0);
}

/* ---------------------------------------------------------------- bodies of children */

int shmem_own_until_hang_up(int socket, void *argument) {
    llmp_shmem *map;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(argument), 5000, NULL, &map) == 0);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    shmem_fill(map, 1);
    CHILD_REQUIRE(shmem_send(socket, &desc, sizeof desc));
    (void)shmem_wait(socket);
    return 0;
}

struct shmem_peer shmem_start_owner(const struct shmem_case *c, llmp_shmem_desc *desc) {
    struct shmem_peer peer = shmem_peer_start(shmem_own_until_hang_up, (void *)(uintptr_t)c);
    assert_true(shmem_recv(peer.socket, desc, sizeof *desc));
    return peer;
}

static int own_names(int socket, void *argument) {
    for (int i = 0; i < SHMEM_OWNER_NAMES; i++) {
        llmp_shmem *map;
        CHILD_REQUIRE(llmp_shmem_create(shmem_provider(argument), 5000, NULL, &map) == 0);
        llmp_shmem_desc desc = llmp_shmem_describe(map);
        CHILD_REQUIRE(shmem_send(socket, &desc, sizeof desc));
    }
    (void)shmem_wait(socket);
    return 0;
}

struct shmem_peer shmem_start_owner_of_names(llmp_shmem_desc *first) {
    struct shmem_peer peer = shmem_peer_start(own_names, (void *)(uintptr_t)shmem_case_of("posix"));
    for (int i = 0; i < SHMEM_OWNER_NAMES; i++) {
        llmp_shmem_desc desc;
        assert_true(shmem_recv(peer.socket, &desc, sizeof desc));
        *first = i == 0 ? desc : *first;
    }
    assert_int_equal(shmem_count_names(peer.pid), SHMEM_OWNER_NAMES);
    return peer;
}

int shmem_create_and_close(int socket, void *argument) {
    llmp_shmem *map;
    (void)socket;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(argument), 5000, NULL, &map) == 0);
    llmp_shmem_close(map);
    return 0;
}

void shmem_create_in_child(const struct shmem_case *c) {
    assert_int_equal(shmem_run_in_child(shmem_create_and_close, (void *)(uintptr_t)c), 0);
}

/* ---------------------------------------------------------------- socket pairs */

struct shmem_sockets shmem_sockets_open(int type) {
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
    return (struct shmem_sockets){fds[0], fds[1]};
}

void shmem_sockets_close(struct shmem_sockets sockets) {
    (void)close(sockets.here);
    (void)close(sockets.there);
}

/* ---------------------------------------------------------------- namespaces */

bool shmem_write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    return close(fd) == 0 && written;
}

/* A user other than root becomes root of a new user namespace, if the system permits it. */
static int unshare_as_user(int flags) {
    char uids[32], gids[32];
    (void)snprintf(uids, sizeof uids, "0 %d 1", (int)geteuid());
    (void)snprintf(gids, sizeof gids, "0 %d 1", (int)getegid());
    if (unshare(flags | CLONE_NEWUSER) != 0) {
        return -errno;
    }
    return shmem_write_file("/proc/self/setgroups", "deny") && shmem_write_file("/proc/self/uid_map", uids) &&
                   shmem_write_file("/proc/self/gid_map", gids)
               ? 0
               : -EPERM;
}

int shmem_unshare(int flags) {
    int rc = unshare(flags) == 0 ? 0 : -errno;
    if (rc == -EPERM) {
        rc = unshare_as_user(flags);
    }
    if (rc == 0 && (flags & CLONE_NEWNS) != 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        rc = -errno;
    }
    return rc;
}

int shmem_unmount(void) {
    return umount2("/dev/shm", MNT_DETACH) == 0 ? 0 : -errno;
}

int shmem_mount(const char *type, const char *options) {
    return mount("none", "/dev/shm", type, MS_NOSUID | MS_NODEV, options) == 0 ? 0 : -errno;
}

static int isolate(int socket, void *argument) {
    (void)socket;
    (void)argument;
    return shmem_unshare(CLONE_NEWNS) == 0 ? -shmem_mount("tmpfs", "size=64m") : 1;
}

/* A child tries first: this process must not be left with the first step only. */
bool shmem_isolate(void) {
    return shmem_run_in_child(isolate, NULL) == 0 && isolate(-1, NULL) == 0;
}
