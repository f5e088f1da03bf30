/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shmem/posix/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/os.h"

_Static_assert(sizeof(off_t) == 8, "places need 64 bits: compile with -D_FILE_OFFSET_BITS=64");

struct lock {
    uint64_t place;
    uint32_t count; /* users; 0 if the lock is kept without */
};

/* `mutex` guards all fields below it. */
static struct {
    pthread_once_t once;
    pthread_mutex_t mutex;
    struct llmp_process_id process; /* the process that opened `fd` */
    int fd;                         /* the directory, -1 without a lock */
    struct stat directory;          /* the file that `fd` named when it was opened */
    struct lock *locks;
    size_t count, capacity;
} table = {.once = PTHREAD_ONCE_INIT, .mutex = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

/* ------------------------------------------------------------------ the mutex, and forks while a thread holds it */

static void lock_mutex(void) {
    (void)pthread_mutex_lock(&table.mutex);
}

static void unlock_mutex(void) {
    (void)pthread_mutex_unlock(&table.mutex);
}

static void watch_forks(void) {
    (void)pthread_atfork(lock_mutex, unlock_mutex, unlock_mutex);
}

void llmp_lock_enter(void) {
    (void)pthread_once(&table.once, watch_forks);
    lock_mutex();
}

/* ------------------------------------------------------------------ the directory */

static struct flock range(uint64_t place, int length, short type) {
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)place, .l_len = length};
}

static int set_lock(int fd, uint64_t place, short type) {
    struct flock lock = range(place, 1, type);
    return fcntl(fd, F_OFD_SETLK, &lock) != 0 ? -errno : 0;
}

int llmp_lock_open_directory(void) {
    int fd = open(LLMP_LOCK_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* A lock of the description that asks never conflicts with the question. */
bool llmp_lock_is_taken(int directory, uint64_t place, int length) {
    struct flock lock = range(place, length, F_WRLCK);
    return fcntl(directory, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

bool llmp_lock_is_shared(uint64_t place, int length) {
    return llmp_lock_is_taken(table.fd, place, length);
}

static bool is_same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The program may have closed the descriptor and reused its number. */
static bool is_fd_valid(void) {
    struct stat st;
    return table.fd >= 0 && fstat(table.fd, &st) == 0 && is_same_file(&st, &table.directory);
}

static bool is_fd_inherited(void) {
    return !llmp_process_id_equal(table.process, llmp_os_process_id());
}

uint64_t llmp_lock_mount(void) {
    return (uint64_t)table.directory.st_dev << 32 ^ (uint64_t)table.directory.st_ino;
}

/* Takes all locks of the table with another description. */
static int lock_all(int fd) {
    int rc = 0;
    for (size_t i = 0; i < table.count && rc == 0; i++) {
        rc = set_lock(fd, table.locks[i].place, F_RDLCK);
    }
    return rc;
}

static int reopen(struct stat *directory) {
    int fd = llmp_lock_open_directory();
    if (fd < 0) {
        return fd;
    }
    int rc = fstat(fd, directory) != 0 ? -errno : lock_all(fd);
    if (rc != 0) {
        (void)close(fd);
        return rc;
    }
    return fd;
}

/* They are locks of the parent that no map of this child needs. */
static void forget_kept(void) {
    size_t count = 0;
    for (size_t i = 0; i < table.count; i++) {
        if (table.locks[i].count > 0) {
            table.locks[count++] = table.locks[i];
        }
    }
    table.count = count;
}

/* The descriptor of a /dev/shm that is no longer mounted here stays open: this process's names there need its locks. */
int llmp_lock_settle(void) {
    struct stat now;
    if (stat(LLMP_LOCK_DIRECTORY, &now) != 0) {
        return -errno;
    }
    bool valid = is_fd_valid(), mounted = is_same_file(&now, &table.directory);
    if (is_fd_inherited()) {
        forget_kept();
    } else if (valid && mounted) {
        return 0;
    }
    int fd = reopen(&now);
    if (fd < 0) {
        return fd;
    }
    if (valid && mounted) {
        (void)close(table.fd);
    }
    table.fd = fd;
    table.directory = now;
    table.process = llmp_os_process_id();
    return 0;
}

/* ------------------------------------------------------------------ the table */

static struct lock *find(uint64_t place) {
    for (size_t i = 0; i < table.count; i++) {
        if (table.locks[i].place == place) {
            return &table.locks[i];
        }
    }
    return NULL;
}

uint32_t llmp_lock_count(uint64_t place) {
    const struct lock *lock = find(place);
    return lock != NULL ? lock->count : 0;
}

static int make_room(void) {
    if (table.count < table.capacity) {
        return 0;
    }
    size_t capacity = table.capacity > 0 ? 2 * table.capacity : 8;
    struct lock *locks = realloc(table.locks, capacity * sizeof *locks);
    if (locks == NULL) {
        return -ENOMEM;
    }
    table.locks = locks;
    table.capacity = capacity;
    return 0;
}

int llmp_lock_take(uint64_t place) {
    struct lock *known = find(place);
    if (known != NULL) {
        known->count++;
        return 0;
    }
    int rc = make_room();
    if (rc == 0) {
        rc = set_lock(table.fd, place, F_RDLCK);
    }
    if (rc == 0) {
        table.locks[table.count++] = (struct lock){.place = place, .count = 1};
    }
    return rc;
}

void llmp_lock_drop(uint64_t place, bool keep) {
    struct lock *lock = find(place);
    if (lock == NULL) {
        return;
    }
    lock->count -= lock->count > 0;
    if (lock->count > 0 || keep) {
        return;
    }
    *lock = table.locks[--table.count];
    if (is_fd_valid() && !is_fd_inherited()) {
        (void)set_lock(table.fd, place, F_UNLCK);
    }
}

static void close_if_empty(void) {
    if (table.count > 0) {
        return;
    }
    if (is_fd_valid()) {
        (void)close(table.fd);
    }
    table.fd = -1;
    free(table.locks);
    table.locks = NULL;
    table.capacity = 0;
}

void llmp_lock_leave(void) {
    close_if_empty();
    unlock_mutex();
}
