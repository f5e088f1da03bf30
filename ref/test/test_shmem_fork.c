/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Ownership of inherited maps after a fork, when the parent dies, calls exec or closes its descriptors (ID-4). A lock
 * proves that an owner is alive (shmem/posix/owner.h): it must live on in a child that inherited the map, and a living
 * owner must not lose it.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shmem/liveness.h"
#include "shmem/posix/owner.h"
#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)5000)

#define posix shmem_case_of("posix")

static bool is_alive(const llmp_shmem_desc *desc) {
    struct llmp_owner owner = {0};
    return llmp_name_parse(desc->id.bytes, &owner) && llmp_owner_alive(&owner);
}

/* ---------------------------------------------------------------- a child whose parent is dead */

/*
 * The parent creates a map and forks. The child survives when the test kills the parent, and exits when the test hangs
 * up. Both use the same socket: the child after the parent has sent its description.
 */
static int create_and_fork(int socket, void *argument) {
    int (*child)(int socket, llmp_shmem *map) = *(int (**)(int, llmp_shmem *))argument;
    llmp_shmem *map;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    CHILD_REQUIRE(shmem_send(socket, &desc, sizeof desc));
    pid_t pid = fork();
    if (pid == 0) {
        _exit(child(socket, map));
    }
    (void)pause();
    return 1;
}

/* Starts that and kills the parent. The peer's socket then belongs to the child. */
static struct shmem_peer start_orphan(int (*child)(int socket, llmp_shmem *map), llmp_shmem_desc *desc) {
    struct shmem_peer peer = shmem_peer_start(create_and_fork, &child);
    assert_true(shmem_recv(peer.socket, desc, sizeof *desc));
    assert_true(shmem_wait(peer.socket));
    assert_true(is_alive(desc));
    assert_int_equal(kill(peer.pid, SIGKILL), 0);
    assert_int_equal(test_wait(peer.pid), 1000 + SIGKILL);
    return peer;
}

static int close_on_signal(int socket, llmp_shmem *map) {
    CHILD_REQUIRE(shmem_signal(socket));
    if (shmem_wait(socket)) {
        CHILD_REQUIRE(!llmp_shmem_is_owner(map));
        llmp_shmem_close(map);
        CHILD_REQUIRE(shmem_signal(socket));
    }
    (void)shmem_wait(socket);
    return 0;
}

/* A daemon is forked, its parent exits, and it continues to use the maps that its parent created. */
static void ID_4_a_child_keeps_the_names_of_its_dead_parent(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = start_orphan(close_on_signal, &desc);
    assert_true(is_alive(&desc));
    shmem_create_in_child(posix); /* sweeps */
    llmp_shmem *map = shmem_open(posix, &desc);
    assert_int_equal(llmp_shmem_is_orphan(map), 0);
    llmp_shmem_close(map);
    assert_true(shmem_name_exists(&desc));
    shmem_peer_hang_up(&peer);
}

static void ID_10_the_names_are_swept_when_the_child_is_gone_too(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = start_orphan(close_on_signal, &desc);
    shmem_peer_hang_up(&peer);
    for (int i = 0; i < 200 && is_alive(&desc); i++) { /* the child is not this process's: it cannot be waited for */
        (void)usleep(10000);
    }
    assert_false(is_alive(&desc));
    shmem_create_in_child(posix);
    assert_false(shmem_name_exists(&desc));
}

static void ID_4_a_child_of_a_killed_owner_removes_the_name_when_it_closes(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = start_orphan(close_on_signal, &desc);
    assert_true(shmem_signal(peer.socket) && shmem_wait(peer.socket));
    assert_false(shmem_name_exists(&desc));
    shmem_peer_hang_up(&peer);
}

/* The child inherits a map and creates another, which it owns. */
static int inherit_and_create(int socket, llmp_shmem *inherited) {
    llmp_shmem *map;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    CHILD_REQUIRE(llmp_shmem_is_owner(map) && !llmp_shmem_is_owner(inherited));
    CHILD_REQUIRE(shmem_signal(socket));
    CHILD_REQUIRE(shmem_wait(socket));
    CHILD_REQUIRE(shmem_send(socket, &desc, sizeof desc));
    CHILD_REQUIRE(shmem_wait(socket));
    llmp_shmem_close(inherited);
    llmp_shmem_close(map);
    CHILD_REQUIRE(shmem_signal(socket));
    return 0;
}

static void ID_4_a_child_of_a_dead_parent_owns_the_maps_it_creates(void **state) {
    (void)state;
    llmp_shmem_desc of_parent, of_child;
    struct shmem_peer peer = start_orphan(inherit_and_create, &of_parent);
    assert_true(shmem_signal(peer.socket) && shmem_recv(peer.socket, &of_child, sizeof of_child));
    shmem_create_in_child(posix);
    assert_true(shmem_name_exists(&of_parent)); /* the child still has it */
    assert_true(shmem_name_exists(&of_child));
    llmp_shmem_close(shmem_open(posix, &of_child));
    assert_true(shmem_name_exists(&of_child));
    assert_true(shmem_signal(peer.socket) && shmem_wait(peer.socket));
    assert_false(shmem_name_exists(&of_child) || shmem_name_exists(&of_parent));
    shmem_peer_hang_up(&peer);
}

/* The first child exits and leaves the map to its own child. */
static int inherit_twice(int socket, llmp_shmem *map) {
    llmp_shmem *other;
    pid_t child = fork();
    if (child == 0) {
        _exit(close_on_signal(socket, map));
    }
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &other) == 0); /* its locks are its own now */
    llmp_shmem_close(other);
    llmp_shmem_close(map);
    return 0;
}

static void ID_4_a_grandchild_keeps_the_names_too(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = start_orphan(inherit_twice, &desc);
    shmem_create_in_child(posix);
    assert_true(is_alive(&desc) && shmem_name_exists(&desc));
    assert_true(shmem_signal(peer.socket) && shmem_wait(peer.socket));
    assert_false(shmem_name_exists(&desc));
    shmem_peer_hang_up(&peer);
}

/* The locks that a child drops are not those of its parent, although it inherited their descriptor. */
static int close_copy(int socket, void *argument) {
    (void)socket;
    llmp_shmem_close(argument);
    return 0;
}

static void ID_4_a_child_that_closes_an_opened_map_keeps_its_parent_a_reader(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer owner = shmem_start_owner(posix, &desc);
    llmp_shmem *map = shmem_open(posix, &desc);
    assert_int_equal(shmem_run_in_child(close_copy, map), 0);
    shmem_peer_kill(&owner);
    shmem_create_in_child(posix);
    assert_true(shmem_name_exists(&desc));
    llmp_shmem_close(map);
    assert_false(shmem_name_exists(&desc));
}

static void ID_4_children_of_a_living_owner_remove_nothing(void **state) {
    (void)state;
    llmp_shmem *map = shmem_create(posix, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(shmem_run_in_child(close_copy, map), 0);
        assert_true(shmem_name_exists(&desc) && is_alive(&desc));
    }
    llmp_shmem_close(map);
    assert_false(shmem_name_exists(&desc));
}

/* As sandboxes and fork servers do: no fork handler runs. */
static void ID_4_a_child_of_a_bare_clone_removes_nothing(void **state) {
    (void)state;
    llmp_shmem *map = shmem_create(posix, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0) {
        int owner = llmp_shmem_is_owner(map);
        llmp_shmem_close(map);
        _exit(owner);
    }
    assert_int_equal(test_wait(child), 0);
    assert_true(shmem_name_exists(&desc));
    llmp_shmem_close(map);
    assert_false(shmem_name_exists(&desc));
}

/* ---------------------------------------------------------------- exec */

static int create_and_exec(int socket, void *argument) {
    llmp_shmem *map;
    (void)argument;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    CHILD_REQUIRE(dup2(socket, 0) == 0 && dup2(socket, 1) == 1);
    (void)execlp("sh", "sh", "-c", "echo; read line", (char *)NULL);
    return 99;
}

static void a_program_started_by_exec_is_not_the_owner(void **state) {
    (void)state;
    struct shmem_peer peer = shmem_peer_start(create_and_exec, NULL);
    assert_true(shmem_wait(peer.socket)); /* sent by the new program */
    shmem_create_in_child(posix);
    assert_int_equal(shmem_count_names(peer.pid), 0);
    (void)shmem_peer_end(&peer);
}

/* ---------------------------------------------------------------- programs that close the descriptor of the lock */

/* Returns how many of the descriptors `first` to `last` a child does not have. */
static int missing_in_child(int first, int last) {
    pid_t child = test_fork();
    if (child == 0) {
        int missing = 0;
        for (int fd = first; fd <= last; fd++) {
            missing += fcntl(fd, F_GETFD) < 0;
        }
        _exit(missing);
    }
    return test_wait(child);
}

static void close_all(int first, int last) {
    for (int fd = first; fd <= last; fd++) {
        (void)close(fd);
    }
}

/*
 * Closes unknown descriptors and opens files, as a daemon does. One of them gets the number of the lock's descriptor:
 * the library must not close it in a child.
 */
static int become_a_daemon(int socket, void *argument) {
    enum { FIRST = 20, LAST = 60 };
    llmp_shmem *map;
    (void)argument;
    CHILD_REQUIRE(dup2(socket, FIRST) == FIRST);
    close_all(3, FIRST - 1);
    while (dup(0) < FIRST - 1) { /* so that the lock's descriptor gets a larger number */
    }
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    CHILD_REQUIRE(is_alive(&desc));
    close_all(FIRST + 1, 255);
    CHILD_REQUIRE(!is_alive(&desc));
    for (int fd = 0; fd < LAST;) {
        fd = open("/dev/null", O_RDWR);
    }
    CHILD_REQUIRE(missing_in_child(FIRST + 1, LAST) == 0);
    llmp_shmem *another;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &another) == 0);
    CHILD_REQUIRE(is_alive(&desc) && shmem_name_exists(&desc)); /* the process has the lock again */
    CHILD_REQUIRE(missing_in_child(FIRST + 1, LAST) == 0);
    llmp_shmem_close(another);
    llmp_shmem_close(map);
    return 0;
}

static void a_program_that_closed_the_locks_descriptor_keeps_its_own(void **state) {
    (void)state;
    assert_int_equal(shmem_run_in_child(become_a_daemon, NULL), 0);
}

/* Names are created in the /dev/shm that is mounted now, so the process must have the lock there. */
static int create_in_another_dev_shm(int socket, void *argument) {
    llmp_shmem *map, *other;
    (void)socket;
    (void)argument;
    if (shmem_unshare(CLONE_NEWNS) != 0) {
        return CHILD_SKIP;
    }
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    if (shmem_mount("tmpfs", "size=64k") != 0) {
        llmp_shmem_close(map);
        return CHILD_SKIP;
    }
    const llmp_shmem_desc first = llmp_shmem_describe(map);
    CHILD_REQUIRE(!is_alive(&first));
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &other) == 0);
    const llmp_shmem_desc second = llmp_shmem_describe(other);
    CHILD_REQUIRE(is_alive(&second));
    llmp_owner_sweep(NULL);
    CHILD_REQUIRE(shmem_count_names(getpid()) == 1);
    llmp_shmem_close(other);
    CHILD_REQUIRE(shmem_unmount() == 0);
    CHILD_REQUIRE(is_alive(&first)); /* its first lock is kept */
    llmp_shmem_close(map);
    return 0;
}

static void an_owner_is_alive_in_each_dev_shm_in_which_it_created_names(void **state) {
    (void)state;
    shmem_check_child(shmem_run_in_child(create_in_another_dev_shm, NULL), SHMEM_NEEDS_MOUNT);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        SHMEM_ONE(ID_4_a_child_keeps_the_names_of_its_dead_parent),
        SHMEM_ONE(ID_10_the_names_are_swept_when_the_child_is_gone_too),
        SHMEM_ONE(ID_4_a_child_of_a_killed_owner_removes_the_name_when_it_closes),
        SHMEM_ONE(ID_4_a_child_of_a_dead_parent_owns_the_maps_it_creates),
        SHMEM_ONE(ID_4_a_grandchild_keeps_the_names_too),
        SHMEM_ONE(ID_4_a_child_that_closes_an_opened_map_keeps_its_parent_a_reader),
        SHMEM_ONE(ID_4_children_of_a_living_owner_remove_nothing),
        SHMEM_ONE(ID_4_a_child_of_a_bare_clone_removes_nothing),
        SHMEM_ONE(a_program_started_by_exec_is_not_the_owner),
        SHMEM_ONE(a_program_that_closed_the_locks_descriptor_keeps_its_own),
        SHMEM_ONE(an_owner_is_alive_in_each_dev_shm_in_which_it_created_names),
    };
    return shmem_run("shmem_fork", NULL, 0, tests, sizeof tests / sizeof tests[0]);
}
