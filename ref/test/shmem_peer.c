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
    int ends[2];
    (void)fflush(stdout);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    pid_t pid = test_fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(ends[0]);
        _exit(body(ends[1], argument));
    }
    (void)close(ends[1]);
    return (struct shmem_peer){pid, ends[0]};
}

/* Other children may have inherited this end: closing it would not be noticed. */
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

int shmem_in_child(int (*body)(int socket, void *argument), void *argument) {
    struct shmem_peer peer = shmem_peer_start(body, argument);
    int status = test_wait(peer.pid);
    (void)close(peer.socket);
    return status;
}

bool shmem_say(int socket, const void *object, size_t size) {
    return send(socket, object, size, MSG_NOSIGNAL) == (ssize_t)size;
}

bool shmem_hear(int socket, void *object, size_t size) {
    return recv(socket, object, size, MSG_WAITALL) == (ssize_t)size;
}

bool shmem_step(int socket) {
    return shmem_say(socket, "", 1);
}

bool shmem_await(int socket) {
    char byte;
    return shmem_hear(socket, &byte, 1);
}

int shmem_child_failed(const char *file, int line, const char *condition) {
    (void)fprintf(stderr, "# child: %s:%d: %s (errno %s)\n", file, line, condition, strerrorname_np(errno));
    return 1;
}

void shmem_child_passed(int status, const char *reason) {
    if (status == CHILD_SKIP) {
        shmem_skip(reason);
    }
    assert_int_equal(status, 0);
}

/* ---------------------------------------------------------------- a system of one's own */

bool shmem_write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    return close(fd) == 0 && written;
}

/* Whoever is not root becomes root of a user name space, where the system lets him. */
static int unshare_as_user(int what) {
    char uids[32], gids[32];
    (void)snprintf(uids, sizeof uids, "0 %d 1", (int)geteuid());
    (void)snprintf(gids, sizeof gids, "0 %d 1", (int)getegid());
    if (unshare(what | CLONE_NEWUSER) != 0) {
        return -errno;
    }
    return shmem_write_file("/proc/self/setgroups", "deny") && shmem_write_file("/proc/self/uid_map", uids) &&
                   shmem_write_file("/proc/self/gid_map", gids)
               ? 0
               : -EPERM;
}

int shmem_unshare(int what) {
    int rc = unshare(what) == 0 ? 0 : -errno;
    if (rc == -EPERM) {
        rc = unshare_as_user(what);
    }
    if (rc == 0 && (what & CLONE_NEWNS) && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
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

/* A child tries first: half of it would be worse than nothing. */
bool shmem_isolate(void) {
    return shmem_in_child(isolate, NULL) == 0 && isolate(-1, NULL) == 0;
}
