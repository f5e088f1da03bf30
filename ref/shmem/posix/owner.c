/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shmem/posix/owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "llmp/shmem.h"

#define DIRECTORY "/dev/shm"

static int open_directory(void) {
    return open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static struct flock byte_of(pid_t pid, short type) {
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = pid, .l_len = 1};
}

static struct {
    pthread_mutex_t mutex;
    pthread_once_t once;
    pid_t pid; /* who holds the lock through fd; a forked child is somebody else */
    int fd;
    struct stat directory; /* what fd named when it was opened */
} self = {.mutex = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT, .fd = -1};

static bool is_same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Programs that become daemons close every descriptor, ours too; its number may name something of theirs by now. */
static bool is_still_ours(void) {
    struct stat st;
    return self.fd >= 0 && fstat(self.fd, &st) == 0 && is_same_file(&st, &self.directory);
}

/* The lock lives as long as any copy of its descriptor: a child that kept one would keep a dead parent alive. */
static void after_fork_in_child(void) {
    if (is_still_ours()) {
        (void)close(self.fd);
    }
    self.fd = -1;
    self.pid = 0;
    (void)pthread_mutex_unlock(&self.mutex);
}

static void before_fork(void) {
    (void)pthread_mutex_lock(&self.mutex);
}

static void after_fork_in_parent(void) {
    (void)pthread_mutex_unlock(&self.mutex);
}

static void watch_forks(void) {
    (void)pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

static int take_lock(void) {
    struct flock lock = byte_of(getpid(), F_RDLCK);
    int fd = open_directory();
    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, &self.directory) != 0 || fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        int rc = -errno;
        (void)close(fd);
        return rc;
    }
    self.fd = fd;
    self.pid = getpid();
    return 0;
}

/* Whether this process has the lock, and has it where names are made now: another /dev/shm may have been mounted. */
static bool has_lock(void) {
    struct stat now;
    return self.pid == getpid() && is_still_ours() && stat(DIRECTORY, &now) == 0 && is_same_file(&now, &self.directory);
}

int llmp_owner_declare(void) {
    (void)pthread_once(&self.once, watch_forks);
    (void)pthread_mutex_lock(&self.mutex);
    bool first = !has_lock();
    int rc = first ? take_lock() : 0;
    (void)pthread_mutex_unlock(&self.mutex);
    if (first && rc == 0) {
        llmp_owner_sweep(0);
    }
    return rc;
}

bool llmp_owner_alive(pid_t pid) {
    int fd = open_directory();
    if (fd < 0) {
        return true;
    }
    struct flock lock = byte_of(pid, F_WRLCK);
    bool alive = fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
    (void)close(fd);
    return alive;
}

/*
 * Strict: what passes for ours is removed once its owner seems dead, so a file that only looks alike must not. A number
 * that leaves room for the rest has 9 digits and fits.
 */
bool llmp_owner_parse(const char *name, pid_t *pid) {
    static const char prefix[] = "/libafl_", ours[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    if (strnlen(name, LLMP_SHMEM_ID_SIZE) == LLMP_SHMEM_ID_SIZE || strncmp(name, prefix, sizeof prefix - 1) != 0) {
        return false;
    }
    const char *number = name + sizeof prefix - 1;
    if (*number < '1' || *number > '9') {
        return false; /* nothing, a sign, a blank, or leading zeros */
    }
    char *rest;
    long value = strtol(number, &rest, 10);
    if (rest[0] != '_' || rest[1] < 'a' || rest[1] > 'z' || rest[1 + strspn(rest + 1, ours)] != '\0') {
        return false;
    }
    size_t random = strlen(rest + 1);
    if (random > LLMP_OWNER_RANDOM || (random < LLMP_OWNER_RANDOM && strlen(name) < LLMP_SHMEM_ID_SIZE - 1)) {
        return false;
    }
    *pid = (pid_t)value;
    return true;
}

void llmp_owner_sweep(pid_t pid) {
    DIR *directory = opendir(DIRECTORY);
    if (directory == NULL) {
        return;
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char name[sizeof entry->d_name + 1];
        pid_t owner;
        (void)snprintf(name, sizeof name, "/%s", entry->d_name);
        if (llmp_owner_parse(name, &owner) && (pid == 0 || pid == owner) && !llmp_owner_alive(owner)) {
            (void)shm_unlink(name);
        }
    }
    (void)closedir(directory);
}
