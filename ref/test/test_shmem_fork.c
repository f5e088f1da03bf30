/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Inherited maps: who owns what after a fork, whatever becomes of the parent, its pid and its descriptors (ID-4). A lock
 * says who is alive (shmem/posix/owner.h); it must neither outlive its owner in a child nor be lost by an owner that lives.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shmem/posix/owner.h"
#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)5000)

#define posix shmem_case_of("posix")

static int create_first(int socket, void *argument) {
    llmp_shmem *map;
    (void)socket;
    (void)argument;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    llmp_shmem_close(map);
    return 0;
}

static void another_creates(void) {
    assert_int_equal(shmem_in_child(create_first, NULL), 0);
}

/* ---------------------------------------------------------------- a child that its parent leaves behind */

/*
 * The parent creates and forks; the child stays when the parent is killed, so it does not die with it as others do: it
 * ends when the test hangs up. Both talk over the same socket: the child only after the parent has gone quiet.
 */
static int create_and_fork(int socket, void *argument) {
    int (*child)(int socket, llmp_shmem *map) = *(int (**)(int, llmp_shmem *))argument;
    llmp_shmem *map;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    CHILD_REQUIRE(shmem_say(socket, &desc, sizeof desc));
    pid_t pid = fork();
    if (pid == 0) {
        _exit(child(socket, map));
    }
    (void)pause();
    return 1;
}

static bool is_there(const llmp_shmem_desc *desc) {
    int fd = shm_open(desc->id.bytes, O_RDONLY, 0);
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

/* The parent's, already killed, with its child about to do the rest. */
static struct shmem_peer start_orphan(int (*child)(int socket, llmp_shmem *map), llmp_shmem_desc *desc) {
    struct shmem_peer peer = shmem_peer_start(create_and_fork, &child);
    assert_true(shmem_hear(peer.socket, desc, sizeof *desc));
    assert_true(shmem_await(peer.socket));
    assert_true(llmp_owner_alive(peer.pid));
    assert_int_equal(kill(peer.pid, SIGKILL), 0);
    assert_int_equal(test_wait(peer.pid), 1000 + SIGKILL);
    return peer;
}

static int close_when_told(int socket, llmp_shmem *map) {
    CHILD_REQUIRE(shmem_step(socket));
    if (shmem_await(socket)) {
        CHILD_REQUIRE(!llmp_shmem_is_owner(map));
        llmp_shmem_close(map);
        CHILD_REQUIRE(shmem_step(socket));
    }
    (void)shmem_await(socket);
    return 0;
}

static void ID_4_a_child_keeps_nobodys_lock(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = start_orphan(close_when_told, &desc);
    assert_false(llmp_owner_alive(peer.pid));
    llmp_owner_sweep(peer.pid);
    shmem_peer_hang_up(&peer);
}

static void ID_4_the_owner_was_killed_and_the_child_closes(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = start_orphan(close_when_told, &desc);
    assert_true(shmem_step(peer.socket) && shmem_await(peer.socket));
    assert_false(is_there(&desc));
    shmem_peer_hang_up(&peer);
}

/* It inherits a map, and makes one of its own: that one is its own, whatever becomes of the other. */
static int create_its_own(int socket, llmp_shmem *inherited) {
    llmp_shmem *map;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    CHILD_REQUIRE(llmp_shmem_is_owner(map) && !llmp_shmem_is_owner(inherited));
    CHILD_REQUIRE(shmem_step(socket));
    CHILD_REQUIRE(shmem_await(socket));
    CHILD_REQUIRE(shmem_say(socket, &desc, sizeof desc));
    CHILD_REQUIRE(shmem_await(socket));
    llmp_shmem_close(inherited);
    llmp_shmem_close(map);
    CHILD_REQUIRE(shmem_step(socket));
    return 0;
}

static void ID_4_a_child_owns_what_it_creates_when_its_parent_is_dead(void **state) {
    (void)state;
    llmp_shmem_desc of_parent, of_child;
    struct shmem_peer peer = start_orphan(create_its_own, &of_parent);
    assert_true(shmem_step(peer.socket) && shmem_hear(peer.socket, &of_child, sizeof of_child));
    another_creates();
    assert_false(is_there(&of_parent));
    assert_true(is_there(&of_child));
    llmp_shmem_close(shmem_open(posix, &of_child));
    assert_true(is_there(&of_child));
    assert_true(shmem_step(peer.socket) && shmem_await(peer.socket));
    assert_false(is_there(&of_child));
    shmem_peer_hang_up(&peer);
}

static int close_copy(int socket, void *argument) {
    (void)socket;
    llmp_shmem_close(argument);
    return 0;
}

static void ID_4_while_the_owner_lives_children_remove_nothing(void **state) {
    (void)state;
    llmp_shmem *map = shmem_create(posix, SIZE);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(shmem_in_child(close_copy, map), 0);
        assert_true(is_there(&desc));
    }
    llmp_shmem_close(map);
    assert_false(is_there(&desc));
}

/* As sandboxes and fork servers do it: nobody is told of the child. */
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
    assert_true(is_there(&desc));
    llmp_shmem_close(map);
    assert_false(is_there(&desc));
}

/* ---------------------------------------------------------------- exec */

static int own_and_exec(int socket, void *argument) {
    llmp_shmem *map;
    (void)argument;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    CHILD_REQUIRE(dup2(socket, 0) == 0 && dup2(socket, 1) == 1);
    (void)execlp("sh", "sh", "-c", "echo; read line", (char *)NULL);
    return 99;
}

static void an_execed_program_owns_nothing_any_more(void **state) {
    (void)state;
    struct shmem_peer peer = shmem_peer_start(own_and_exec, NULL);
    assert_true(shmem_await(peer.socket)); /* the new program speaks */
    assert_false(llmp_owner_alive(peer.pid));
    another_creates();
    assert_int_equal(shmem_count_names(peer.pid), 0);
    (void)shmem_peer_end(&peer);
}

/* ---------------------------------------------------------------- descriptors that a program closed */

static int fork_and_look(int first, int last) {
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

/* As a daemon does: closes whatever it does not know, and opens files of its own. Ours must not be closed for theirs. */
static int become_a_daemon(int socket, void *argument) {
    enum { FIRST = 20, LAST = 60 };
    llmp_shmem *map;
    (void)argument;
    CHILD_REQUIRE(dup2(socket, FIRST) == FIRST);
    close_all(3, FIRST - 1);
    while (dup(0) < FIRST - 1) { /* so that the lock's descriptor gets a number behind them */
    }
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    CHILD_REQUIRE(llmp_owner_alive(getpid()));
    close_all(FIRST + 1, 255);
    CHILD_REQUIRE(!llmp_owner_alive(getpid()));
    for (int fd = 0; fd < LAST;) {
        fd = open("/dev/null", O_RDWR);
    }
    CHILD_REQUIRE(fork_and_look(FIRST + 1, LAST) == 0);
    llmp_shmem *another;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &another) == 0);
    CHILD_REQUIRE(llmp_owner_alive(getpid())); /* from now on its names are its own again */
    CHILD_REQUIRE(fork_and_look(FIRST + 1, LAST) == 0);
    llmp_shmem_close(another);
    llmp_shmem_close(map);
    return 0;
}

static void a_program_that_closed_the_locks_descriptor_loses_none_of_its_own(void **state) {
    (void)state;
    assert_int_equal(shmem_in_child(become_a_daemon, NULL), 0);
}

/* Names are made in whatever is mounted now, so that is where the lock has to be. */
static int own_in_another_dev_shm(int socket, void *argument) {
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
    CHILD_REQUIRE(!llmp_owner_alive(getpid()));
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &other) == 0);
    CHILD_REQUIRE(llmp_owner_alive(getpid()));
    llmp_owner_sweep(0);
    CHILD_REQUIRE(shmem_count_names(getpid()) == 1);
    llmp_shmem_close(other);
    CHILD_REQUIRE(shmem_unmount() == 0);
    CHILD_REQUIRE(llmp_owner_alive(getpid())); /* and the names from before are kept too */
    llmp_shmem_close(map);
    return 0;
}

static void an_owner_is_alive_in_every_dev_shm_it_made_names_in(void **state) {
    (void)state;
    shmem_child_passed(shmem_in_child(own_in_another_dev_shm, NULL), SHMEM_NEEDS_MOUNT);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        SHMEM_ONE(ID_4_a_child_keeps_nobodys_lock),
        SHMEM_ONE(ID_4_the_owner_was_killed_and_the_child_closes),
        SHMEM_ONE(ID_4_a_child_owns_what_it_creates_when_its_parent_is_dead),
        SHMEM_ONE(ID_4_while_the_owner_lives_children_remove_nothing),
        SHMEM_ONE(ID_4_a_child_of_a_bare_clone_removes_nothing),
        SHMEM_ONE(an_execed_program_owns_nothing_any_more),
        SHMEM_ONE(a_program_that_closed_the_locks_descriptor_loses_none_of_its_own),
        SHMEM_ONE(an_owner_is_alive_in_every_dev_shm_it_made_names_in),
    };
    return shmem_run("shmem_fork", NULL, 0, tests, sizeof tests / sizeof tests[0]);
}
