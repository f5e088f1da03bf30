/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Several processes with the same pid, in different pid namespaces or one after the other (shmem/posix/owner.h). sysv
 * does not depend on pids: the kernel counts the attachments of a segment (ID-4).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shmem/liveness.h"
#include "shmem/posix/owner.h"
#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)5000)
#define sysv shmem_case_of("sysv")
#define posix shmem_case_of("posix")

/* ---------------------------------------------------------------- pid namespaces */

#define NEEDS_PIDS "needs root, or user namespaces, for a pid namespace of its own"

/* Runs `body` as process 1 of a new pid namespace. */
static int as_first_process(int socket, int (*body)(int socket, void *argument), void *argument) {
    if (shmem_unshare(CLONE_NEWPID) != 0) {
        return CHILD_SKIP;
    }
    pid_t child = fork(); /* not test_fork(): the child cannot see its parent */
    if (child == 0) {
        _exit(getpid() == 1 ? body(socket, argument) : 98);
    }
    return child < 0 ? CHILD_SKIP : test_wait(child);
}

static int own_as_first_process(int socket, void *argument) {
    return as_first_process(socket, shmem_own_until_hang_up, argument);
}

/* Starts an owner that is process 1 of its namespace. Skips the test if the system does not permit it. */
static struct shmem_peer start_first_process(llmp_shmem_desc *desc) {
    struct shmem_peer peer = shmem_peer_start(own_as_first_process, (void *)(uintptr_t)posix);
    if (!shmem_recv(peer.socket, desc, sizeof *desc)) {
        shmem_check_child(shmem_peer_end(&peer), NEEDS_PIDS);
        fail();
    }
    assert_memory_equal(desc->id.bytes, "/libafl_1_", 10);
    return peer;
}

static struct llmp_owner owner_of(const llmp_shmem_desc *desc) {
    struct llmp_owner owner = {0};
    assert_true(llmp_name_parse(desc->id.bytes, &owner));
    return owner;
}

/* Each owner is process 1 of its namespace. The process 1 of this namespace owns no names. */
static void ID_4_an_owner_in_another_pid_namespace_is_alive(void **state) {
    (void)state;
    llmp_shmem_desc a_desc, b_desc;
    struct shmem_peer a = start_first_process(&a_desc);
    struct shmem_peer b = start_first_process(&b_desc);
    shmem_create_in_child(posix);
    assert_true(shmem_name_exists(&a_desc) && shmem_name_exists(&b_desc));
    llmp_shmem *map = shmem_open(posix, &a_desc);
    assert_int_equal(llmp_shmem_is_orphan(map), 0);
    (void)shmem_peer_end(&a);
    assert_int_equal(llmp_shmem_is_orphan(map), 1); /* although an owner with the same pid is alive */
    llmp_shmem_close(map);
    assert_false(shmem_name_exists(&a_desc));
    assert_true(shmem_name_exists(&b_desc));
    (void)shmem_peer_end(&b);
    shmem_create_in_child(posix);
    assert_false(shmem_name_exists(&b_desc));
}

/* ---------------------------------------------------------------- tokens */

#define NEEDS_LARGE_PIDS "needs root, and a kernel that lets it choose pids up to 4194304"

/* Runs `body` with that pid, in a pid namespace of its own. */
static int as_1234567(int socket, int (*body)(int socket)) {
    enum { PID = 1234567 };
    if (!shmem_write_file("/proc/sys/kernel/ns_last_pid", "1234566")) {
        return CHILD_SKIP;
    }
    pid_t child = fork();
    if (child == 0) {
        _exit(getpid() == PID ? body(socket) : CHILD_SKIP);
    }
    return child < 0 ? CHILD_SKIP : test_wait(child);
}

static int own_one(int socket) {
    llmp_shmem_desc desc = {0};
    llmp_shmem *map;
    int rc = llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map);
    if (rc == 0) {
        desc = llmp_shmem_describe(map);
    }
    CHILD_REQUIRE(shmem_send(socket, &rc, sizeof rc) && shmem_send(socket, &desc, sizeof desc));
    (void)shmem_wait(socket);
    llmp_shmem_close(map);
    return 0;
}

static int own_one_as_1234567(int socket, void *argument) {
    (void)argument;
    return as_1234567(socket, own_one);
}

static int own_one_in_a_namespace(int socket, void *argument) {
    return as_first_process(socket, own_one_as_1234567, argument);
}

/* A name with a pid of 7 digits has room for 6 tokens. */
static void processes_with_the_same_pid_have_different_tokens(void **state) {
    (void)state;
    enum { TOKENS = 6 };
    struct shmem_peer peers[TOKENS + 1];
    unsigned seen = 0;
    for (int i = 0; i <= TOKENS; i++) {
        llmp_shmem_desc desc;
        int rc;
        peers[i] = shmem_peer_start(own_one_in_a_namespace, NULL);
        if (!shmem_recv(peers[i].socket, &rc, sizeof rc)) {
            shmem_check_child(shmem_peer_end(&peers[i]), NEEDS_LARGE_PIDS);
            fail();
        }
        assert_true(shmem_recv(peers[i].socket, &desc, sizeof desc));
        assert_rc(rc, i < TOKENS ? 0 : -EEXIST);
        seen |= i < TOKENS ? 1u << owner_of(&desc).token : 0;
    }
    assert_int_equal(seen, (1u << TOKENS) - 1);
    for (int i = 0; i <= TOKENS; i++) {
        (void)shmem_peer_end(&peers[i]);
    }
}

/* One token is good for 3844 names. */
static int own_many(int socket) {
    enum { COUNT = 5000 };
    static llmp_shmem *maps[COUNT];
    (void)socket;
    for (int i = 0; i < COUNT; i++) {
        CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), 1, NULL, &maps[i]) == 0);
    }
    llmp_owner_sweep(NULL);
    CHILD_REQUIRE(shmem_count_names(getpid()) == COUNT);
    for (int i = 0; i < COUNT; i++) {
        llmp_shmem_close(maps[i]);
    }
    CHILD_REQUIRE(shmem_count_names(getpid()) == 0);
    return 0;
}

static int own_many_as_1234567(int socket, void *argument) {
    (void)argument;
    return as_1234567(socket, own_many);
}

static int own_many_in_a_namespace(int socket, void *argument) {
    return as_first_process(socket, own_many_as_1234567, argument);
}

static void a_process_that_has_used_up_its_names_takes_another_token(void **state) {
    (void)state;
    shmem_check_child(shmem_run_in_child(own_many_in_a_namespace, NULL), NEEDS_LARGE_PIDS);
}

/* ---------------------------------------------------------------- children with the pid of their parent */

static int close_as_first_process(int socket, void *argument) {
    (void)socket;
    CHILD_REQUIRE(!llmp_shmem_is_owner(argument));
    llmp_shmem_close(argument);
    return 0;
}

static int own_and_nest(int socket, void *argument) {
    llmp_shmem *map;
    (void)argument;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    int status = as_first_process(socket, close_as_first_process, map);
    CHILD_REQUIRE(status == 0 && shmem_name_exists(&desc));
    llmp_shmem_close(map);
    CHILD_REQUIRE(!shmem_name_exists(&desc));
    return 0;
}

static int own_and_nest_as_first_process(int socket, void *argument) {
    return as_first_process(socket, own_and_nest, argument);
}

static void ID_4_a_child_that_is_process_1_like_its_parent_is_not_the_owner(void **state) {
    (void)state;
    shmem_check_child(shmem_run_in_child(own_and_nest_as_first_process, NULL), NEEDS_PIDS);
}

/*
 * In a new pid namespace, in which no other process uses up pids: process 1 waits, process 2 creates a map and exits,
 * and its child 3 forks another process 2.
 */
static int inherit_and_take_the_pid(int socket, llmp_shmem *map, pid_t owner) {
    char last[16];
    CHILD_REQUIRE(shmem_wait(socket)); /* process 1 has waited for the owner: its pid is free */
    (void)snprintf(last, sizeof last, "%d", (int)owner - 1);
    CHILD_REQUIRE(shmem_write_file("/proc/sys/kernel/ns_last_pid", last));
    pid_t child = fork();
    if (child == 0) {
        CHILD_REQUIRE(getpid() == owner);
        _exit(llmp_shmem_is_owner(map) ? 1 : 0);
    }
    CHILD_REQUIRE(test_wait(child) == 0);
    CHILD_REQUIRE(shmem_signal(socket));
    return 0;
}

static int own_and_exit(int socket, void *argument) {
    llmp_shmem *map;
    (void)argument;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    pid_t owner = getpid();
    pid_t child = fork();
    if (child == 0) {
        _exit(inherit_and_take_the_pid(socket, map, owner));
    }
    return child > 0 ? 0 : 1;
}

static int reuse_a_pid(int socket, void *argument) {
    (void)socket;
    if (access("/proc/sys/kernel/ns_last_pid", W_OK) != 0) {
        return CHILD_SKIP;
    }
    struct shmem_peer peer = shmem_peer_start(own_and_exit, argument);
    CHILD_REQUIRE(test_wait(peer.pid) == 0);
    CHILD_REQUIRE(shmem_signal(peer.socket));
    CHILD_REQUIRE(shmem_wait(peer.socket));
    llmp_owner_sweep(NULL);
    return 0;
}

static int reuse_a_pid_as_first_process(int socket, void *argument) {
    return as_first_process(socket, reuse_a_pid, argument);
}

static void ID_4_a_descendant_with_the_dead_owners_pid_is_not_the_owner(void **state) {
    (void)state;
    shmem_check_child(shmem_run_in_child(reuse_a_pid_as_first_process, NULL),
                      "needs root, and a kernel that lets it choose pids (ns_last_pid)");
}

/* ---------------------------------------------------------------- sysv */

static void ID_4_the_kernel_removes_a_sysv_segment_with_its_killed_owner(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = shmem_start_owner(sysv, &desc);
    assert_true(shmem_segment_exists(&desc));
    shmem_peer_kill(&peer);
    assert_false(shmem_segment_exists(&desc));
    shmem_expect_refused(sysv, &desc, -LLMP_E_NO_SEGMENT);
}

static void ID_4_a_sysv_segment_exists_until_its_last_holder_closes(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer peer = shmem_start_owner(sysv, &desc);
    llmp_shmem *map = shmem_open(sysv, &desc);
    shmem_peer_kill(&peer);
    llmp_shmem *other = shmem_open(sysv, &desc); /* a segment marked for removal still opens */
    assert_int_equal(shmem_wrong_bytes(other, 1), 0);
    llmp_shmem_close(map);
    assert_true(shmem_segment_exists(&desc));
    llmp_shmem_close(other);
    assert_false(shmem_segment_exists(&desc));
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        SHMEM_ONE(ID_4_an_owner_in_another_pid_namespace_is_alive),
        SHMEM_ONE(processes_with_the_same_pid_have_different_tokens),
        SHMEM_ONE(a_process_that_has_used_up_its_names_takes_another_token),
        SHMEM_ONE(ID_4_a_child_that_is_process_1_like_its_parent_is_not_the_owner),
        SHMEM_ONE(ID_4_a_descendant_with_the_dead_owners_pid_is_not_the_owner),
        SHMEM_ONE(ID_4_the_kernel_removes_a_sysv_segment_with_its_killed_owner),
        SHMEM_ONE(ID_4_a_sysv_segment_exists_until_its_last_holder_closes),
    };
    (void)shmem_isolate();
    return shmem_run("shmem_pid", NULL, 0, tests, sizeof tests / sizeof tests[0]);
}
