/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shmem/posix/attachments.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* One item for each attachment. `mutex` guards the fields below it. */
static struct {
    pthread_once_t once;
    pthread_mutex_t mutex;
    int *segments;
    size_t count, capacity;
} opened = {.once = PTHREAD_ONCE_INIT, .mutex = PTHREAD_MUTEX_INITIALIZER};

static void lock(void) {
    (void)pthread_mutex_lock(&opened.mutex);
}

static void unlock(void) {
    (void)pthread_mutex_unlock(&opened.mutex);
}

/* A child must not inherit the mutex from a thread that it does not have. */
static void watch_forks(void) {
    (void)pthread_atfork(lock, unlock, unlock);
}

static void enter(void) {
    (void)pthread_once(&opened.once, watch_forks);
    lock();
}

static int make_room(void) {
    if (opened.count < opened.capacity) {
        return 0;
    }
    size_t capacity = opened.capacity > 0 ? 2 * opened.capacity : 16;
    int *segments = realloc(opened.segments, capacity * sizeof *segments);
    if (segments == NULL) {
        return -ENOMEM;
    }
    opened.segments = segments;
    opened.capacity = capacity;
    return 0;
}

int llmp_attachments_add(int segment) {
    enter();
    int rc = make_room();
    if (rc == 0) {
        opened.segments[opened.count++] = segment;
    }
    unlock();
    return rc;
}

static void release_if_empty(void) {
    if (opened.count == 0) {
        free(opened.segments);
        opened.segments = NULL;
        opened.capacity = 0;
    }
}

void llmp_attachments_remove(int segment) {
    enter();
    for (size_t i = 0; i < opened.count; i++) {
        if (opened.segments[i] == segment) {
            opened.segments[i] = opened.segments[--opened.count];
            break;
        }
    }
    release_if_empty();
    unlock();
}

size_t llmp_attachments_count(int segment) {
    size_t count = 0;
    enter();
    for (size_t i = 0; i < opened.count; i++) {
        count += opened.segments[i] == segment;
    }
    unlock();
    return count;
}
