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

/* This process's lock. `mutex` guards the fields below it. */
static struct {
    pthread_once_t once;
    pthread_mutex_t mutex;
    pid_t pid;             /* the process that took the lock */
    int fd;                /* the directory, -1 without a lock */
    struct stat directory; /* the file that `fd` named when it was opened */
} held = {.once = PTHREAD_ONCE_INIT, .mutex = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

static bool is_same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* A program that becomes a daemon closes all descriptors, also this one, and may have reused its number. */
static bool is_fd_valid(void) {
    struct stat st;
    return held.fd >= 0 && fstat(held.fd, &st) == 0 && is_same_file(&st, &held.directory);
}

/* The kernel keeps the lock until all copies of its descriptor are closed, so a child must not keep one. */
static void after_fork_in_child(void) {
    if (is_fd_valid()) {
        (void)close(held.fd);
    }
    held.fd = -1;
    held.pid = 0;
    (void)pthread_mutex_unlock(&held.mutex);
}

static void before_fork(void) {
    (void)pthread_mutex_lock(&held.mutex);
}

static void after_fork_in_parent(void) {
    (void)pthread_mutex_unlock(&held.mutex);
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
    if (fstat(fd, &held.directory) != 0 || fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        int rc = -errno;
        (void)close(fd);
        return rc;
    }
    held.fd = fd;
    held.pid = getpid();
    return 0;
}

/* Returns true if this process has the lock on the current /dev/shm: another one may have been mounted since. */
static bool has_lock(void) {
    struct stat now;
    return held.pid == getpid() && is_fd_valid() && stat(DIRECTORY, &now) == 0 && is_same_file(&now, &held.directory);
}

int llmp_owner_register(void) {
    (void)pthread_once(&held.once, watch_forks);
    (void)pthread_mutex_lock(&held.mutex);
    bool first = !has_lock();
    int rc = first ? take_lock() : 0;
    (void)pthread_mutex_unlock(&held.mutex);
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

static bool is_random_part(const char *text) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    return text[0] >= 'a' && text[0] <= 'z' && text[strspn(text, allowed)] == '\0';
}

/*
 * Strict, because llmp_owner_sweep() removes files by their names. The number needs no range check: a name with room
 * for the rest has at most 9 digits.
 */
bool llmp_owner_parse(const char *name, pid_t *pid) {
    static const char prefix[] = "/libafl_";
    size_t length = strnlen(name, LLMP_SHMEM_ID_SIZE);
    if (length == LLMP_SHMEM_ID_SIZE || strncmp(name, prefix, sizeof prefix - 1) != 0) {
        return false;
    }
    const char *number = name + sizeof prefix - 1;
    if (*number < '1' || *number > '9') {
        return false; /* strtol() would skip blanks, a sign and leading zeros */
    }
    char *rest;
    long value = strtol(number, &rest, 10);
    if (rest[0] != '_' || !is_random_part(rest + 1)) {
        return false;
    }
    size_t random = strlen(rest + 1);
    if (random > LLMP_OWNER_RANDOM || (random < LLMP_OWNER_RANDOM && length < LLMP_SHMEM_ID_SIZE - 1)) {
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
