/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Removal of the posix names of dead owners, and of no others (shmem/posix/owner.h, ID-4).
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

#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)5000)
#define NAMES 3

#define posix shmem_case_of("posix")
static bool is_isolated; /* this program has a /dev/shm of its own */

/* ---------------------------------------------------------------- owners */

/* Creates NAMES maps, sends their descriptions, and exits without closing them when the test hangs up. */
static int own_names(int socket, void *argument) {
    (void)argument;
    for (int i = 0; i < NAMES; i++) {
        llmp_shmem *map;
        CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
        llmp_shmem_desc desc = llmp_shmem_describe(map);
        CHILD_REQUIRE(shmem_send(socket, &desc, sizeof desc));
    }
    (void)shmem_wait(socket);
    return 0;
}

static struct shmem_peer start_owner(llmp_shmem_desc *first) {
    struct shmem_peer peer = shmem_peer_start(own_names, NULL);
    for (int i = 0; i < NAMES; i++) {
        llmp_shmem_desc desc;
        assert_true(shmem_recv(peer.socket, &desc, sizeof desc));
        *first = i == 0 ? desc : *first;
    }
    assert_int_equal(shmem_count_names(peer.pid), NAMES);
    return peer;
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
    struct shmem_peer peer = start_owner(&desc);
    shmem_peer_kill(&peer);
    expect_names(peer.pid, NAMES);
    shmem_create_in_child(posix);
    expect_names(peer.pid, 0);
    shmem_expect_refused(posix, &desc, -LLMP_E_NO_SEGMENT);
}

static void ID_4_an_owner_that_exits_without_closing_counts_as_dead(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = start_owner(&desc);
    assert_int_equal(shmem_peer_end(&peer), 0);
    shmem_create_in_child(posix);
    expect_names(peer.pid, 0);
}

static void ID_4_closing_a_map_removes_the_names_of_its_dead_owner(void **state) {
    (void)state;
    llmp_shmem_desc desc, other_desc;
    struct shmem_peer peer = start_owner(&desc), other = start_owner(&other_desc);
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
    struct shmem_peer peer = start_owner(&desc);
    shmem_create_in_child(posix);
    llmp_shmem_close(shmem_open(posix, &desc));
    llmp_owner_sweep(0);
    llmp_owner_sweep(peer.pid);
    assert_int_equal(shmem_count_names(peer.pid), NAMES);
    shmem_peer_kill(&peer);
    llmp_owner_sweep(peer.pid);
    assert_int_equal(shmem_count_names(peer.pid), 0);
}

static void ID_4_our_own_names_are_never_swept(void **state) {
    (void)state;
    llmp_shmem *map = shmem_create(posix, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    shmem_create_in_child(posix);
    llmp_owner_sweep(0);
    llmp_owner_sweep(getpid());
    llmp_shmem_close(shmem_open(posix, &desc));
    llmp_shmem_close(map);
}

/* Files of other programs with similar names, which carry the pid of a dead owner. */
static void ID_3_no_other_file_is_ever_swept(void **state) {
    (void)state;
    static const char *const endings[] = {"_1234567",         "_0", "_A1", "_",   "_a.txt", "_a b",
                                          "_aaaaaaaa0123456", "",   "_1a", "x_a", "_a_a"};
    static const char *const others[] = {"sem.a", "libafl_", "libafl__a", "libafl_0_a", "libafl_x_a", "pulse-shm-1"};
    enum { ENDINGS = sizeof endings / sizeof endings[0], ALL = ENDINGS + sizeof others / sizeof others[0] };
    if (!is_isolated) {
        shmem_skip(SHMEM_NEEDS_MOUNT);
    }
    llmp_shmem_desc desc;
    struct shmem_peer peer = start_owner(&desc);
    shmem_peer_kill(&peer);
    char paths[ALL][64];
    for (size_t i = 0; i < ALL; i++) {
        if (i < ENDINGS) {
            (void)snprintf(paths[i], sizeof paths[i], "/dev/shm/libafl_%d%s", (int)peer.pid, endings[i]);
        } else {
            (void)snprintf(paths[i], sizeof paths[i], "/dev/shm/%s", others[i - ENDINGS]);
        }
        int fd = open(paths[i], O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        (void)close(fd);
    }
    shmem_create_in_child(posix);
    llmp_owner_sweep(peer.pid);
    for (size_t i = 0; i < ALL; i++) {
        assert_int_equal(unlink(paths[i]), 0);
    }
    expect_names(peer.pid, 0);
}

/* ---------------------------------------------------------------- names */

static void ID_3_names_of_this_library_are_parsed(void **state) {
    (void)state;
    static const struct {
        const char *name;
        pid_t pid;
    } known[] = {{"/libafl_1_abcdefgh", 1},
                 {"/libafl_12_z0a9z0a9", 12},
                 {"/libafl_32768_abcde", 32768},
                 {"/libafl_4194304_abc", 4194304},
                 {"/libafl_123456789_a", 123456789}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        pid_t pid = 0;
        assert_true(llmp_owner_parse(known[i].name, &pid));
        assert_int_equal(pid, known[i].pid);
    }
    for (int i = 0; i < 50; i++) {
        pid_t pid = 0;
        llmp_shmem *map = shmem_create(posix, SIZE);
        assert_true(llmp_owner_parse(llmp_shmem_describe(map).id.bytes, &pid));
        assert_int_equal(pid, getpid());
        llmp_shmem_close(map);
    }
}

static void ID_3_names_of_other_programs_are_not_parsed(void **state) {
    (void)state;
    static const char *const names[] = {
        "",
        "/",
        "/libafl_",
        "libafl_1_a",
        "/libafl_1_",
        "/libafl_1",
        "/libafl_1_0",
        "/libafl_1_1234567",
        "/libafl_1_9223372",
        "/libafl_1_Abcdefgh",
        "/libafl_1_aB",
        "/libafl_1_a.",
        "/libafl_1_a/",
        "/libafl_1_a b",
        "/libafl_1_a\n",
        "/libafl_1_a_",
        "/libafl_0_a",
        "/libafl_01_a",
        "/libafl_-1_a",
        "/libafl_+1_a",
        "/libafl_ 1_a",
        "/libafl_1 _a",
        "/libafl__a",
        "/libafl_x_a",
        "/LIBAFL_1_a",
        "//libafl_1_a",
        "/libafl_2147483648_a",
        "/libafl_4294967297_a",
        "/libafl_1_a0123456789",
        "/libafl_1_a",
        "/libafl_1_abcdefg",
        "/libafl_1_abcdefghi",
        "/libafl_32768_f",
        "/libafl_32768_abcd",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        pid_t pid = 77;
        assert_false(llmp_owner_parse(names[i], &pid));
        assert_int_equal(pid, 77);
    }
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
    char name[20];
    struct shmem_peer peer = shmem_peer_start(own_nothing, NULL);
    assert_true(shmem_wait(peer.socket));
    (void)snprintf(name, sizeof name, "/libafl_%d_abcdefgh",
                   (int)peer.pid); /* of the length that names with this pid have */
    int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
    assert_int_equal(kill(peer.pid, 0), 0);
    assert_false(llmp_owner_alive(peer.pid));
    shmem_create_in_child(posix);
    expect_names(peer.pid, 0);
    shmem_peer_kill(&peer);
}

static void an_owner_is_alive_until_it_is_killed(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = start_owner(&desc);
    assert_true(llmp_owner_alive(peer.pid));
    shmem_peer_kill(&peer);
    assert_false(llmp_owner_alive(peer.pid));
    assert_true(llmp_owner_alive(getpid()));
    llmp_owner_sweep(peer.pid);
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
    CHILD_REQUIRE(llmp_owner_alive(getpid()));
    CHILD_REQUIRE(shmem_count_names(getpid()) == THREADS);
    CHILD_REQUIRE(shmem_count_fds() == fds + 1); /* one per process */
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
        SHMEM_ONE(ID_3_no_other_file_is_ever_swept),
        SHMEM_ONE(ID_3_names_of_this_library_are_parsed),
        SHMEM_ONE(ID_3_names_of_other_programs_are_not_parsed),
        SHMEM_ONE(a_process_without_the_lock_is_not_the_owner),
        SHMEM_ONE(an_owner_is_alive_until_it_is_killed),
        SHMEM_ONE(threads_that_create_their_first_map_together_open_one_descriptor),
        SHMEM_ONE(processes_that_create_together_do_not_sweep_each_other),
    };
    is_isolated = shmem_isolate();
    return shmem_run("shmem_owner", NULL, 0, tests, sizeof tests / sizeof tests[0]);
}
