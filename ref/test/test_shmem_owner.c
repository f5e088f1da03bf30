/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Removal of the posix names of dead owners without readers, and of no others (shmem/posix/owner.h, ID-4).
 *
 * If the system permits it, the program mounts a /dev/shm of its own. In the real one, other programs sweep at any
 * time, so that a test cannot expect that the name of a dead owner still exists.
 */
#include "shmem/posix/owner.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shmem/liveness.h"
#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)5000)
#define NAMES SHMEM_OWNER_NAMES

#define posix shmem_case_of("posix")
static bool is_isolated; /* this program has a /dev/shm of its own */

/* ---------------------------------------------------------------- owners */

static struct llmp_owner owner_of(const llmp_shmem_desc *desc) {
    struct llmp_owner owner = {0};
    assert_true(llmp_name_parse(desc->id.bytes, &owner));
    return owner;
}

static bool is_alive(const llmp_shmem_desc *desc) {
    struct llmp_owner owner = owner_of(desc);
    return llmp_owner_alive(&owner);
}

static void sweep(const llmp_shmem_desc *desc) {
    struct llmp_owner owner = owner_of(desc);
    llmp_owner_sweep(&owner);
}

/* Expects that a dead owner has `count` names left; another program may remove them if /dev/shm is shared. */
static void expect_names(pid_t pid, int count) {
    if (is_isolated || count == 0) {
        assert_int_equal(shmem_count_names(pid), count);
    }
}

/* ---------------------------------------------------------------- sweeping */

static void ID_4_the_next_creator_removes_the_names_of_a_dead_owner(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = shmem_start_owner_of_names(&desc);
    shmem_peer_kill(&peer);
    expect_names(peer.pid, NAMES);
    shmem_create_in_child(posix);
    expect_names(peer.pid, 0);
    shmem_expect_refused(posix, &desc, -LLMP_E_NO_SEGMENT);
}

static void ID_4_an_owner_that_exits_without_closing_counts_as_dead(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = shmem_start_owner_of_names(&desc);
    assert_int_equal(shmem_peer_end(&peer), 0);
    shmem_create_in_child(posix);
    expect_names(peer.pid, 0);
}

static void ID_4_closing_a_map_removes_the_names_of_its_dead_owner(void **state) {
    (void)state;
    llmp_shmem_desc desc, other_desc;
    struct shmem_peer peer = shmem_start_owner_of_names(&desc), other = shmem_start_owner_of_names(&other_desc);
    llmp_shmem *map = shmem_open(posix, &desc);
    shmem_peer_kill(&peer);
    shmem_peer_kill(&other);
    expect_names(peer.pid, NAMES);
    shmem_fill(map, 1);
    assert_int_equal(shmem_wrong_bytes(map, 1), 0);
    llmp_shmem_close(map);
    expect_names(peer.pid, 0);
    expect_names(other.pid, NAMES); /* of the other dead owner, it had no map open */
    shmem_create_in_child(posix);
    expect_names(other.pid, 0);
}

static void ID_4_a_living_owners_names_are_never_swept(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = shmem_start_owner_of_names(&desc);
    shmem_create_in_child(posix);
    llmp_shmem_close(shmem_open(posix, &desc));
    llmp_owner_sweep(NULL);
    sweep(&desc);
    assert_int_equal(shmem_count_names(peer.pid), NAMES);
    shmem_peer_kill(&peer);
    sweep(&desc);
    assert_int_equal(shmem_count_names(peer.pid), 0);
}

static void ID_4_our_own_names_are_never_swept(void **state) {
    (void)state;
    llmp_shmem *map = shmem_create(posix, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    shmem_create_in_child(posix);
    llmp_owner_sweep(NULL);
    sweep(&desc);
    llmp_shmem_close(shmem_open(posix, &desc));
    llmp_shmem_close(map);
}

/*
 * Files of other programs with similar names, which carry the pid of a dead owner or of a living process. "_abcdefgh" is
 * what an implementation in another language creates: it cannot hold a lock that only this library knows.
 */
static void expect_not_swept(pid_t pid) {
    static const char *const endings[] = {"_1234567",         "_0",      "_A1",    "_",       "_a.txt",   "_a b",
                                          "_aaaaaaaa0123456", "",        "_1a",    "x_a",     "_a_a",     "_abcdefgh",
                                          "_abcdefg",         "_abcdef", "_abcde", "_zzzz",   "_~aa",     "_~aaa",
                                          "_~aaaa",           "_~aaaaa", "_+",     "_aa+aaa", "_+aaaaa_", "_+aaa."};
    static const char *const others[] = {"sem.a", "libafl_", "libafl__a", "libafl_0_a", "libafl_x_a", "pulse-shm-1"};
    enum { ENDINGS = sizeof endings / sizeof endings[0], ALL = ENDINGS + sizeof others / sizeof others[0] };
    char paths[ALL][64];
    for (size_t i = 0; i < ALL; i++) {
        if (i < ENDINGS) {
            (void)snprintf(paths[i], sizeof paths[i], "/dev/shm/libafl_%d%s", (int)pid, endings[i]);
        } else {
            (void)snprintf(paths[i], sizeof paths[i], "/dev/shm/%s", others[i - ENDINGS]);
        }
        int fd = open(paths[i], O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        (void)close(fd);
    }
    shmem_create_in_child(posix);
    llmp_owner_sweep(NULL);
    for (size_t i = 0; i < ALL; i++) {
        assert_int_equal(unlink(paths[i]), 0);
    }
}

static void ID_3_no_name_of_another_implementation_is_ever_swept(void **state) {
    (void)state;
    if (!is_isolated) {
        shmem_skip(SHMEM_NEEDS_MOUNT);
    }
    llmp_shmem_desc desc;
    struct shmem_peer peer = shmem_start_owner_of_names(&desc);
    expect_not_swept(peer.pid);
    shmem_peer_kill(&peer);
    expect_not_swept(peer.pid);
    expect_names(peer.pid, 0);
}

/* Opening and closing a segment of another implementation leaves its name, too, whether its creator lives or not. */
static void ID_4_closing_a_map_of_another_implementation_keeps_its_name(void **state) {
    (void)state;
    llmp_shmem_desc desc = {.size = SIZE};
    (void)snprintf(desc.id.bytes, sizeof desc.id.bytes, "/libafl_%d_abcdefgh", (int)getpid());
    desc.id.bytes[sizeof desc.id.bytes - 1] = '\0';
    int fd = shm_open(desc.id.bytes, O_CREAT | O_EXCL | O_RDWR, 0600);
    assert_true(fd >= 0 && ftruncate(fd, SIZE) == 0);
    (void)close(fd);
    llmp_shmem *map = shmem_open(posix, &desc);
    assert_int_equal(llmp_shmem_is_orphan(map), 0);
    llmp_shmem_close(map);
    assert_int_equal(shm_unlink(desc.id.bytes), 0);
}

/* ---------------------------------------------------------------- liveness */

static int own_nothing(int socket, void *argument) {
    (void)argument;
    CHILD_REQUIRE(shmem_signal(socket));
    (void)shmem_wait(socket);
    return 0;
}

/* A living process with the pid in a name is not its owner unless it holds the lock. */
static void a_process_without_the_lock_is_not_the_owner(void **state) {
    (void)state;
    llmp_shmem_desc desc = {.size = SIZE};
    struct shmem_peer peer = shmem_peer_start(own_nothing, NULL);
    assert_true(shmem_wait(peer.socket));
    const struct llmp_owner owner = {.pid = peer.pid, .token = 1};
    llmp_name_make(&owner, &desc.id);
    int fd = shm_open(desc.id.bytes, O_CREAT | O_EXCL | O_RDWR, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(kill(peer.pid, 0), 0);
    assert_false(llmp_owner_alive(&owner));
    shmem_create_in_child(posix);
    expect_names(peer.pid, 0);
    shmem_peer_kill(&peer);
}

static void an_owner_is_alive_until_it_is_killed(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = shmem_start_owner_of_names(&desc);
    assert_true(is_alive(&desc));
    shmem_peer_kill(&peer);
    assert_false(is_alive(&desc));
    sweep(&desc);
}

static void *create_in_thread(void *argument) {
    llmp_shmem **map = argument;
    return (void *)(intptr_t)llmp_shmem_create(shmem_provider(posix), SIZE, NULL, map);
}

static int create_in_threads(int socket, void *argument) {
    enum { THREADS = 6 };
    pthread_t threads[THREADS];
    llmp_shmem *maps[THREADS];
    (void)socket;
    (void)argument;
    int fds = shmem_count_fds();
    for (int i = 0; i < THREADS; i++) {
        CHILD_REQUIRE(pthread_create(&threads[i], NULL, create_in_thread, &maps[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *rc;
        CHILD_REQUIRE(pthread_join(threads[i], &rc) == 0 && rc == NULL);
    }
    CHILD_REQUIRE(shmem_count_names(getpid()) == THREADS);
    CHILD_REQUIRE(shmem_count_fds() == fds); /* one per process, in place of the inherited one */
    for (int i = 0; i < THREADS; i++) {
        llmp_shmem_close(maps[i]);
    }
    CHILD_REQUIRE(shmem_count_names(getpid()) == 0);
    return 0;
}

static void threads_that_create_their_first_map_together_open_one_descriptor(void **state) {
    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(shmem_run_in_child(create_in_threads, NULL), 0);
    }
}

/* Each map is the first of a new process, which sweeps while the other processes create names. */
static int create_in_children(int socket, void *argument) {
    for (int i = 0; i < 25; i++) {
        CHILD_REQUIRE(shmem_run_in_child(shmem_create_and_close, argument) == 0);
    }
    CHILD_REQUIRE(shmem_signal(socket));
    return 0;
}

static void processes_that_create_together_do_not_sweep_each_other(void **state) {
    (void)state;
    enum { PEERS = 6 };
    struct shmem_peer peers[PEERS];
    for (int i = 0; i < PEERS; i++) {
        peers[i] = shmem_peer_start(create_in_children, (void *)(uintptr_t)posix);
    }
    for (int i = 0; i < PEERS; i++) {
        assert_true(shmem_wait(peers[i].socket));
        assert_int_equal(shmem_peer_end(&peers[i]), 0);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        SHMEM_ONE(ID_4_the_next_creator_removes_the_names_of_a_dead_owner),
        SHMEM_ONE(ID_4_an_owner_that_exits_without_closing_counts_as_dead),
        SHMEM_ONE(ID_4_closing_a_map_removes_the_names_of_its_dead_owner),
        SHMEM_ONE(ID_4_a_living_owners_names_are_never_swept),
        SHMEM_ONE(ID_4_our_own_names_are_never_swept),
        SHMEM_ONE(ID_3_no_name_of_another_implementation_is_ever_swept),
        SHMEM_ONE(ID_4_closing_a_map_of_another_implementation_keeps_its_name),
        SHMEM_ONE(a_process_without_the_lock_is_not_the_owner),
        SHMEM_ONE(an_owner_is_alive_until_it_is_killed),
        SHMEM_ONE(threads_that_create_their_first_map_together_open_one_descriptor),
        SHMEM_ONE(processes_that_create_together_do_not_sweep_each_other),
    };
    is_isolated = shmem_isolate();
    return shmem_run("shmem_owner", NULL, 0, tests, sizeof tests / sizeof tests[0]);
}
