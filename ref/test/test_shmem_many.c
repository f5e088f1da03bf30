/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The resources of maps: descriptors, modes and names; many maps at once, from several threads and across forks. */
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

/* ---------------------------------------------------------------- descriptors and modes */

static void a_map_has_a_descriptor_or_returns_NO_FD(const struct shmem_case *c) {
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
    assert_true(fd < 0 || fcntl(fd, F_GETFD) < 0); /* the map closed it */
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

static void the_mode_is_0600_with_any_umask(const struct shmem_case *c) {
    static const mode_t masks[] = {0, 022, 0177, 0277};
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        mode_t mask = umask(masks[i]);
        llmp_shmem *map = shmem_create(c, SIZE);
        (void)umask(mask);
        assert_int_equal(mode_of(c, map), 0600);
        llmp_shmem_close(map);
    }
}

/* ---------------------------------------------------------------- names that exist already */

/* Replaces the system's function: creates the next names before the library can, and records the mode of its calls. */
static struct {
    bool records; /* set only while the process has one thread */
    int count;    /* names still to create */
    int created;
    char paths[3][64];
    mode_t mode;
} rival;

int shm_open(const char *name, int flags, mode_t mode) {
    char path[64];
    (void)snprintf(path, sizeof path, "/dev/shm%s", name);
    if ((flags & O_CREAT) != 0 && rival.count > 0) {
        int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
        rival.created += fd >= 0 && write(fd, "taken", 5) == 5 && close(fd) == 0;
        rival.count--;
        (void)snprintf(rival.paths[rival.count], sizeof path, "%s", path);
    }
    if ((flags & O_CREAT) != 0 && rival.records) {
        rival.mode = mode;
    }
    return open(path, flags | O_NOFOLLOW | O_CLOEXEC, mode);
}

static void ID_4_an_existing_name_is_neither_used_nor_changed(const struct shmem_case *c) {
    rival.created = 0;
    rival.count = 3;
    llmp_shmem *map = shmem_create(c, SIZE);
    assert_int_equal(rival.created, 3);
    assert_int_equal(shmem_nonzero_bytes(map), 0);
    llmp_shmem_close(map);
    for (int i = 0; i < 3; i++) {
        struct stat st;
        assert_int_equal(stat(rival.paths[i], &st), 0);
        assert_int_equal(st.st_size, 5);
        assert_int_equal(unlink(rival.paths[i]), 0);
    }
}

/* Setting it later would leave a moment in which another user could open the file. */
static void the_mode_is_0600_from_the_start(const struct shmem_case *c) {
    rival.mode = 0777;
    rival.records = true;
    llmp_shmem_close(shmem_create(c, SIZE));
    rival.records = false;
    assert_int_equal(rival.mode, 0600);
}

/* ---------------------------------------------------------------- many at once */

#define MANY 300

static void creating_and_closing_many_maps_leaves_nothing(const struct shmem_case *c) {
    for (unsigned i = 0; i < MANY; i++) {
        llmp_shmem *map = shmem_create(c, 5000);
        llmp_shmem_desc desc = llmp_shmem_describe(map);
        llmp_shmem_close(shmem_open(c, &desc));
        llmp_shmem_close(map);
    }
}

static void the_ids_of_open_maps_differ(const struct shmem_case *c) {
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

/* Returns how many errors occurred: an assertion of cmocka in a thread would unwind the wrong stack. */
static uintptr_t create_and_clone(const struct shmem_case *c, unsigned seed) {
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

static void *create_in_thread(void *argument) {
    uintptr_t wrong = 0;
    for (unsigned i = 0; i < 100; i++) {
        wrong += create_and_clone(argument, i);
    }
    return (void *)wrong;
}

static void threads_create_at_the_same_time(const struct shmem_case *c) {
    pthread_t threads[4];
    if (TEST_TSAN && strcmp(c->name, "sysv") == 0) {
        shmem_skip(
            "needs a build without ThreadSanitizer, which ignores shmdt() and reports reused addresses as races");
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, create_in_thread, (void *)(uintptr_t)c), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        void *wrong;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

struct background {
    const struct shmem_case *c;
    int stop;
};

static void *create_until_stopped(void *argument) {
    struct background *background = argument;
    uintptr_t wrong = 0;
    for (unsigned i = 0; llmp_load_acquire(&background->stop) == 0; i++) { /* T1: pairs with T2 */
        wrong += create_and_clone(background->c, i);
    }
    return (void *)wrong;
}

static void a_child_forked_while_threads_create_can_create(const struct shmem_case *c) {
    struct background background = {.c = c};
    pthread_t thread;
    void *wrong;
    int failed = 0;
    assert_int_equal(pthread_create(&thread, NULL, create_until_stopped, &background), 0);
    for (int i = 0; i < 20; i++) {
        failed += shmem_run_in_child(shmem_create_and_close, (void *)(uintptr_t)c) != 0;
    }
    llmp_store_release(&background.stop, 1); /* T2: pairs with T1 */
    assert_int_equal(pthread_join(thread, &wrong), 0);
    assert_null(wrong);
    assert_int_equal(failed, 0);
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_ALL(a_map_has_a_descriptor_or_returns_NO_FD),
        SHMEM_SOME(the_mode_is_0600_with_any_umask, shmem_shares),
        SHMEM_SOME(ID_4_an_existing_name_is_neither_used_nor_changed, shmem_named),
        SHMEM_SOME(the_mode_is_0600_from_the_start, shmem_named),
        SHMEM_ALL(creating_and_closing_many_maps_leaves_nothing),
        SHMEM_SOME(the_ids_of_open_maps_differ, shmem_shares),
        SHMEM_ALL(threads_create_at_the_same_time),
        SHMEM_ALL(a_child_forked_while_threads_create_can_create),
    };
    return shmem_run("shmem_many", tests, sizeof tests / sizeof tests[0], NULL, 0);
}
