/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shmem/owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

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
} self = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_ONCE_INIT, 0, -1};

/* The lock lives as long as any copy of its descriptor: a child that kept one would keep a dead parent alive. */
static void after_fork_in_child(void) {
    if (self.fd >= 0) {
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
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        int rc = -errno;
        (void)close(fd);
        return rc;
    }
    self.fd = fd;
    self.pid = getpid();
    return 0;
}

int llmp_owner_declare(void) {
    (void)pthread_once(&self.once, watch_forks);
    (void)pthread_mutex_lock(&self.mutex);
    bool first = self.pid != getpid();
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

bool llmp_owner_parse(const char *name, pid_t *pid) {
    int number;
    char letter;
    if (sscanf(name, "/libafl_%d_%c", &number, &letter) != 2 || number <= 0 || letter < 'a' || letter > 'z') {
        return false;
    }
    *pid = number;
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
