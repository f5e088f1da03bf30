/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A pid proves little: two processes can have the same, in two name spaces or one after the other (shmem/posix/owner.h). A
 * sysv segment needs none: the kernel counts its holders (ID-4).
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shmem/posix/owner.h"
#include "shmem_peer.h"
#include "shmem_support.h"

#define SIZE ((size_t)5000)
#define sysv shmem_case_of("sysv")
#define posix shmem_case_of("posix")

static bool is_alone; /* in a /dev/shm of its own */

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

static bool is_there(const llmp_shmem_desc *desc) {
    int fd = shm_open(desc->id.bytes, O_RDONLY, 0);
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

/* ---------------------------------------------------------------- pid name spaces */

#define NEEDS_PIDS "needs root, or user name spaces, for a pid name space of its own"

/* Runs `body` as process 1 of a new pid name space. */
static int as_first_process(int socket, int (*body)(int socket, void *argument), void *argument) {
    if (shmem_unshare(CLONE_NEWPID) != 0) {
        return CHILD_SKIP;
    }
    pid_t child = fork(); /* it does not know its parent: it cannot ask whether that one is still there */
    if (child == 0) {
        _exit(getpid() == 1 ? body(socket, argument) : 98);
    }
    return child < 0 ? CHILD_SKIP : test_wait(child);
}

static int own_until_hung_up(int socket, void *argument) {
    llmp_shmem *map;
    (void)argument;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(posix), SIZE, NULL, &map) == 0);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    CHILD_REQUIRE(strncmp(desc.id.bytes, "/libafl_1_", 10) == 0);
    CHILD_REQUIRE(shmem_say(socket, &desc, sizeof desc));
    (void)shmem_await(socket);
    return 0; /* as it is: the name stays */
}

static int own_as_first_process(int socket, void *argument) {
    return as_first_process(socket, own_until_hung_up, argument);
}

/* Skips where there are no such name spaces. */
static struct shmem_peer start_first_process(llmp_shmem_desc *desc) {
    struct shmem_peer peer = shmem_peer_start(own_as_first_process, NULL);
    if (!shmem_hear(peer.socket, desc, sizeof *desc)) {
        shmem_child_passed(shmem_peer_end(&peer), NEEDS_PIDS);
        fail();
    }
    return peer;
}

/* Both are process 1 to themselves; to this one they are others, and its own process 1 owns nothing. */
static void ID_4_an_owner_in_another_pid_name_space_is_alive(void **state) {
    (void)state;
    llmp_shmem_desc a_desc, b_desc;
    struct shmem_peer a = start_first_process(&a_desc);
    struct shmem_peer b = start_first_process(&b_desc);
    another_creates();
    assert_true(is_there(&a_desc) && is_there(&b_desc));
    llmp_shmem *map = shmem_open(posix, &a_desc);
    (void)shmem_peer_end(&a);
    llmp_shmem_close(map);
    assert_true(is_there(&b_desc)); /* of the same pid, and alive */
    (void)shmem_peer_end(&b);
    another_creates();
    if (is_alone) { /* else there can be other programs with a process 1 */
        assert_false(is_there(&a_desc) || is_there(&b_desc));
    }
}

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
    CHILD_REQUIRE(status == 0 && is_there(&desc));
    llmp_shmem_close(map);
    CHILD_REQUIRE(!is_there(&desc));
    return 0;
}

static int own_and_nest_as_first_process(int socket, void *argument) {
    return as_first_process(socket, own_and_nest, argument);
}

static void ID_4_a_child_that_is_process_1_like_its_parent_is_not_the_owner(void **state) {
    (void)state;
    shmem_child_passed(shmem_in_child(own_and_nest_as_first_process, NULL), NEEDS_PIDS);
}

/* In a name space of its own, where nobody else takes pids: 1 waits, 2 owns and goes, its child 3 makes another 2. */
static int inherit_and_take_the_pid(int socket, llmp_shmem *map, pid_t owner) {
    char last[16];
    CHILD_REQUIRE(shmem_await(socket)); /* the owner was waited for: its pid is free */
    (void)snprintf(last, sizeof last, "%d", (int)owner - 1);
    CHILD_REQUIRE(shmem_write_file("/proc/sys/kernel/ns_last_pid", last));
    pid_t child = fork();
    if (child == 0) {
        CHILD_REQUIRE(getpid() == owner);
        _exit(llmp_shmem_is_owner(map) ? 1 : 0);
    }
    CHILD_REQUIRE(test_wait(child) == 0);
    CHILD_REQUIRE(shmem_step(socket));
    return 0;
}

static int own_and_leave(int socket, void *argument) {
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
    struct shmem_peer peer = shmem_peer_start(own_and_leave, argument);
    CHILD_REQUIRE(test_wait(peer.pid) == 0);
    CHILD_REQUIRE(shmem_step(peer.socket));
    CHILD_REQUIRE(shmem_await(peer.socket));
    llmp_owner_sweep(peer.pid);
    return 0;
}

static int reuse_a_pid_as_first_process(int socket, void *argument) {
    return as_first_process(socket, reuse_a_pid, argument);
}

static void ID_4_a_descendant_that_got_the_dead_owners_pid_is_not_the_owner(void **state) {
    (void)state;
    shmem_child_passed(shmem_in_child(reuse_a_pid_as_first_process, NULL),
                       "needs root, and a kernel that lets it choose pids (ns_last_pid)");
}

/* ---------------------------------------------------------------- sysv */

static int own_sysv(int socket, void *argument) {
    llmp_shmem *map;
    (void)argument;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(sysv), SIZE, NULL, &map) == 0);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    shmem_fill(map, 1);
    CHILD_REQUIRE(shmem_say(socket, &desc, sizeof desc));
    (void)shmem_await(socket);
    return 0;
}

static void ID_4_a_sysv_segment_goes_with_its_killed_owner(void **state) {
    (void)state;
    struct shmem_peer peer = shmem_peer_start(own_sysv, NULL);
    llmp_shmem_desc desc;
    assert_true(shmem_hear(peer.socket, &desc, sizeof desc));
    assert_true(shmem_segment_exists(&desc));
    shmem_peer_kill(&peer);
    assert_false(shmem_segment_exists(&desc));
    shmem_refused(sysv, &desc, -LLMP_E_NO_SEGMENT);
}

static void ID_4_a_sysv_segment_stays_for_holders_and_goes_with_the_last(void **state) {
    (void)state;
    struct shmem_peer peer = shmem_peer_start(own_sysv, NULL);
    llmp_shmem_desc desc;
    assert_true(shmem_hear(peer.socket, &desc, sizeof desc));
    llmp_shmem *map = shmem_open(sysv, &desc);
    shmem_peer_kill(&peer);
    llmp_shmem *other = shmem_open(sysv, &desc); /* as late as that */
    assert_int_equal(shmem_wrong_bytes(other, 1), 0);
    llmp_shmem_close(map);
    assert_true(shmem_segment_exists(&desc));
    llmp_shmem_close(other);
    assert_false(shmem_segment_exists(&desc));
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        SHMEM_ONE(ID_4_an_owner_in_another_pid_name_space_is_alive),
        SHMEM_ONE(ID_4_a_child_that_is_process_1_like_its_parent_is_not_the_owner),
        SHMEM_ONE(ID_4_a_descendant_that_got_the_dead_owners_pid_is_not_the_owner),
        SHMEM_ONE(ID_4_a_sysv_segment_goes_with_its_killed_owner),
        SHMEM_ONE(ID_4_a_sysv_segment_stays_for_holders_and_goes_with_the_last),
    };
    is_alone = shmem_isolate();
    return shmem_run("shmem_pid", NULL, 0, tests, sizeof tests / sizeof tests[0]);
}
