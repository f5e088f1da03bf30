/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What maps take from the system, singly and many at once, from several threads and across forks. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/atomic.h"
#include "sanitizer.h"
#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)70000)

/* ---------------------------------------------------------------- descriptor, mode */

static void a_map_has_a_descriptor_or_says_so(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, SIZE);
    int fd = llmp_shmem_fd(map);
    struct stat st;
    if (c->fd) {
        assert_true(fd >= 0);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_size, SIZE);
    } else {
        assert_rc(fd, -LLMP_E_NO_FD);
    }
    llmp_shmem_close(map);
    assert_true(fd < 0 || fcntl(fd, F_GETFD) < 0); /* it stayed the map's */
}

static unsigned mode_of(const struct shmem_case *c, const llmp_shmem *map) {
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    struct shmid_ds segment = {0};
    struct stat st = {0};
    if (c->fd) {
        assert_int_equal(fstat(llmp_shmem_fd(map), &st), 0);
    } else if (c->number) {
        assert_int_equal(shmctl((int)strtol(desc.id.bytes, NULL, 10), IPC_STAT, &segment), 0);
        return segment.shm_perm.mode & 0777;
    } else {
        int fd = shm_open(desc.id.bytes, O_RDONLY, 0);
        assert_int_equal(fstat(fd, &st), 0);
        (void)close(fd);
    }
    return st.st_mode & 07777;
}

static void mode_is_0600_whatever_the_umask(const struct shmem_case *c) {
    static const mode_t masks[] = {0, 022, 0177, 0277};
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        mode_t mask = umask(masks[i]);
        llmp_shmem *map = shmem_create(c, SIZE);
        (void)umask(mask);
        assert_int_equal(mode_of(c, map), 0600);
        llmp_shmem_close(map);
    }
}

/* ---------------------------------------------------------------- names that are taken */

/* Stands between library and system: takes the next names just before the library does, and sees what it asks for. */
static struct {
    bool watches; /* while there is only one thread */
    int count;    /* names still to be taken */
    int taken;
    char paths[3][64];
    mode_t mode;
} thief;

int shm_open(const char *name, int flags, mode_t mode) {
    char path[64];
    (void)snprintf(path, sizeof path, "/dev/shm%s", name);
    if ((flags & O_CREAT) && thief.count > 0) {
        int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        thief.taken += fd >= 0 && write(fd, "taken", 5) == 5 && close(fd) == 0;
        thief.count--;
        (void)snprintf(thief.paths[thief.count], sizeof path, "%s", path);
    }
    if ((flags & O_CREAT) && thief.watches) {
        thief.mode = mode;
    }
    return open(path, flags | O_NOFOLLOW | O_CLOEXEC, mode);
}

static void ID_4_a_name_that_is_taken_is_left_alone(const struct shmem_case *c) {
    thief.taken = 0;
    thief.count = 3;
    llmp_shmem *map = shmem_create(c, SIZE);
    assert_int_equal(thief.taken, 3);
    assert_int_equal(shmem_nonzero_bytes(map), 0);
    llmp_shmem_close(map);
    for (int i = 0; i < 3; i++) {
        struct stat st;
        assert_int_equal(stat(thief.paths[i], &st), 0);
        assert_int_equal(st.st_size, 5);
        assert_int_equal(unlink(thief.paths[i]), 0);
    }
}

/* Not afterwards: there is a moment between. */
static void mode_is_0600_from_the_start(const struct shmem_case *c) {
    thief.mode = 0777;
    thief.watches = true;
    llmp_shmem_close(shmem_create(c, SIZE));
    thief.watches = false;
    assert_int_equal(thief.mode, 0600);
}

/* ---------------------------------------------------------------- many at once */

#define MANY 300

static void maps_come_and_go_without_leaving_anything(const struct shmem_case *c) {
    for (unsigned i = 0; i < MANY; i++) {
        llmp_shmem *map = shmem_create(c, 5000);
        llmp_shmem_desc desc = llmp_shmem_describe(map);
        llmp_shmem_close(shmem_open(c, &desc));
        llmp_shmem_close(map);
    }
}

static void ids_of_living_maps_differ(const struct shmem_case *c) {
    static llmp_shmem *maps[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        maps[i] = shmem_create(c, 64);
        shmem_fill(maps[i], i);
    }
    for (unsigned i = 0; i < MANY; i++) {
        llmp_shmem_desc desc = llmp_shmem_describe(maps[i]);
        llmp_shmem *other = shmem_open(c, &desc);
        assert_int_equal(shmem_wrong_bytes(other, i), 0);
        llmp_shmem_close(other);
    }
    for (unsigned i = 0; i < MANY; i++) {
        llmp_shmem_close(maps[i]);
    }
}

/* What went wrong, counted: an assertion in a thread would unwind the wrong stack. */
static uintptr_t live_once(const struct shmem_case *c, unsigned seed) {
    llmp_shmem *map, *other = NULL;
    uintptr_t wrong = llmp_shmem_create(llmp_shmem_provider_find(c->name), 5000, NULL, &map) != 0;
    wrong += wrong != 0 || llmp_shmem_clone(map, &other) != 0;
    if (other != NULL) {
        shmem_fill(map, seed);
        wrong += c->shares ? shmem_wrong_bytes(other, seed) : shmem_nonzero_bytes(other);
    }
    llmp_shmem_close(other);
    llmp_shmem_close(map);
    return wrong;
}

static void *live_in_thread(void *argument) {
    uintptr_t wrong = 0;
    for (unsigned i = 0; i < 100; i++) {
        wrong += live_once(argument, i);
    }
    return (void *)wrong;
}

static void threads_create_at_once(const struct shmem_case *c) {
    pthread_t threads[4];
    if (TEST_TSAN && strcmp(c->name, "sysv") == 0) {
        shmem_skip("needs a build in which shmdt() is seen: ThreadSanitizer takes addresses used again for races");
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, live_in_thread, (void *)(uintptr_t)c), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

static int create_one(int socket, void *argument) {
    llmp_shmem *map;
    (void)socket;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(argument), 5000, NULL, &map) == 0);
    llmp_shmem_close(map);
    return 0;
}

struct lives {
    const struct shmem_case *c;
    int over;
};

static void *live_until_told(void *argument) {
    struct lives *lives = argument;
    uintptr_t wrong = 0;
    for (unsigned i = 0; !llmp_load_acquire(&lives->over); i++) { /* pairs with the store in the test */
        wrong += live_once(lives->c, i);
    }
    return (void *)wrong;
}

static void a_child_forked_while_threads_create_can_create(const struct shmem_case *c) {
    struct lives lives = {.c = c};
    pthread_t thread;
    void *wrong;
    int failed = 0;
    assert_int_equal(pthread_create(&thread, NULL, live_until_told, &lives), 0);
    for (int i = 0; i < 20; i++) {
        failed += shmem_in_child(create_one, (void *)(uintptr_t)c) != 0;
    }
    llmp_store_release(&lives.over, 1); /* pairs with the load in the thread */
    assert_int_equal(pthread_join(thread, &wrong), 0);
    assert_null(wrong);
    assert_int_equal(failed, 0);
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_ALL(a_map_has_a_descriptor_or_says_so),
        SHMEM_SOME(mode_is_0600_whatever_the_umask, shmem_shares),
        SHMEM_SOME(ID_4_a_name_that_is_taken_is_left_alone, shmem_named),
        SHMEM_SOME(mode_is_0600_from_the_start, shmem_named),
        SHMEM_ALL(maps_come_and_go_without_leaving_anything),
        SHMEM_SOME(ids_of_living_maps_differ, shmem_shares),
        SHMEM_ALL(threads_create_at_once),
        SHMEM_ALL(a_child_forked_while_threads_create_can_create),
    };
    return shmem_run("shmem_many", tests, sizeof tests / sizeof tests[0], NULL, 0);
}
