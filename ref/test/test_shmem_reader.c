/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A living reader protects the posix names of a dead owner that it has yet to open (shmem/posix/owner.h, ID-4). */
#include <sys/mman.h>

#include "shmem/liveness.h"
#include "shmem/posix/owner.h"
#include "shmem_peer.h"
#include "shmem_support.h"

#define NAMES SHMEM_OWNER_NAMES

#define posix shmem_case_of("posix")
static bool is_isolated; /* this program has a /dev/shm of its own */

/* Expects that a dead owner without readers has `count` names left; another program may remove them. */
static void expect_names(pid_t pid, int count) {
    if (is_isolated || count == 0) {
        assert_int_equal(shmem_count_names(pid), count);
    }
}

/* Opens the segment, and closes it when the test hangs up. */
static int read_until_hang_up(int socket, void *argument) {
    llmp_shmem *map;
    CHILD_REQUIRE(llmp_shmem_open(shmem_provider(posix), argument, NULL, &map) == 0);
    CHILD_REQUIRE(shmem_signal(socket));
    (void)shmem_wait(socket);
    llmp_shmem_close(map);
    return 0;
}

/* The reader has the first page of a channel open; the killed sender's later pages are still to be read. */
static void ID_4_a_reader_protects_the_names_that_it_has_not_opened(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer owner = shmem_start_owner_of_names(&desc);
    struct shmem_peer reader = shmem_peer_start(read_until_hang_up, &desc);
    assert_true(shmem_wait(reader.socket));
    shmem_peer_kill(&owner);
    shmem_create_in_child(posix);
    llmp_owner_sweep(NULL);
    llmp_shmem_close(shmem_open(posix, &desc)); /* another reader of the dead owner leaves */
    assert_int_equal(shmem_count_names(owner.pid), NAMES);
    assert_int_equal(shmem_peer_end(&reader), 0);
    assert_int_equal(shmem_count_names(owner.pid), 0);
}

static void ID_4_a_map_in_this_process_protects_the_owners_other_names(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer owner = shmem_start_owner_of_names(&desc);
    llmp_shmem *one = shmem_open(posix, &desc), *two = shmem_open(posix, &desc);
    shmem_peer_kill(&owner);
    llmp_shmem_close(one);
    llmp_owner_sweep(NULL);
    assert_int_equal(shmem_count_names(owner.pid), NAMES);
    llmp_shmem_close(two);
    assert_int_equal(shmem_count_names(owner.pid), 0);
}

static void ID_10_a_killed_reader_protects_nothing(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer owner = shmem_start_owner_of_names(&desc);
    struct shmem_peer reader = shmem_peer_start(read_until_hang_up, &desc);
    assert_true(shmem_wait(reader.socket));
    shmem_peer_kill(&owner);
    shmem_peer_kill(&reader);
    expect_names(owner.pid, NAMES);
    shmem_create_in_child(posix);
    expect_names(owner.pid, 0);
}

static int open_what_is_gone(int socket, void *argument) {
    llmp_shmem_desc desc = *(const llmp_shmem_desc *)argument;
    llmp_shmem *map;
    (void)socket;
    int fds = shmem_count_fds();
    CHILD_REQUIRE(llmp_shmem_open(shmem_provider(posix), &desc, NULL, &map) == -LLMP_E_NO_SEGMENT);
    CHILD_REQUIRE(shmem_count_fds() == fds - 1); /* without the inherited one, too: this process holds no lock */
    return 0;
}

/* After a shortage of descriptors, too, the next attempt must find all names. */
static void a_failed_open_sweeps_nothing_and_leaves_nothing(void **state) {
    (void)state;
    llmp_shmem_desc desc;
    struct shmem_peer owner = shmem_start_owner_of_names(&desc);
    shmem_peer_kill(&owner);
    assert_int_equal(shm_unlink(desc.id.bytes), 0);
    assert_int_equal(shmem_run_in_child(open_what_is_gone, &desc), 0);
    expect_names(owner.pid, NAMES - 1);
    shmem_create_in_child(posix);
    expect_names(owner.pid, 0);
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        SHMEM_ONE(ID_4_a_reader_protects_the_names_that_it_has_not_opened),
        SHMEM_ONE(ID_4_a_map_in_this_process_protects_the_owners_other_names),
        SHMEM_ONE(ID_10_a_killed_reader_protects_nothing),
        SHMEM_ONE(a_failed_open_sweeps_nothing_and_leaves_nothing),
    };
    is_isolated = shmem_isolate();
    return shmem_run("shmem_reader", NULL, 0, tests, sizeof tests / sizeof tests[0]);
}
