/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The list of providers: find, default and check; and maps without an owner or a name (shmem/liveness.h). */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shmem/liveness.h"
#include "shmem_peer.h"
#include "shmem_support.h"

static void the_list_has_each_name_once_and_ends_with_null(void **state) {
    (void)state;
    size_t count = 0;
    for (const llmp_shmem_provider *p; (p = llmp_shmem_provider_at(count)) != NULL; count++) {
        assert_ptr_equal(llmp_shmem_provider_find(llmp_shmem_provider_name(p)), p);
    }
    assert_int_equal(count, shmem_case_count); /* a provider without a line in shmem_support.c is not tested */
    assert_null(llmp_shmem_provider_at(count + 1));
    assert_null(llmp_shmem_provider_at(SIZE_MAX));
}

static void names_are_short_and_in_lower_case(const struct shmem_case *c) {
    const char *name = llmp_shmem_provider_name(shmem_provider(c));
    assert_string_equal(name, c->name);
    assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789"), strlen(name));
    assert_true(strlen(name) <= 8);
}

static void a_summary_is_one_line(const struct shmem_case *c) {
    const char *summary = llmp_shmem_provider_summary(shmem_provider(c));
    assert_true(strlen(summary) > 20);
    assert_null(strchr(summary, '\n'));
}

static void the_scope_is_as_documented(const struct shmem_case *c) {
    assert_int_equal(llmp_shmem_provider_scope(shmem_provider(c)), c->scope);
}

static void find_matches_whole_names_only(void **state) {
    (void)state;
    static const char *const names[] = {"", "s", "sys", "sysvx", "SYSV", " sysv", "posix ", "mmap", "none"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_null(llmp_shmem_provider_find(names[i]));
    }
}

static void check_of_a_working_provider_returns_0_and_leaves_nothing(const struct shmem_case *c) {
    assert_ok(llmp_shmem_provider_check(shmem_provider(c)));
}

static void the_default_is_the_default_of_LibAFL(void **state) {
    (void)state;
    assert_string_equal(llmp_shmem_provider_name(llmp_shmem_provider_default()), "sysv");
}

static bool explains(const llmp_shmem_provider *provider, int code, const char *text) {
    return strcmp(llmp_shmem_provider_explain(provider, code), text) == 0;
}

static int use_up_segments(int socket, void *argument) {
    const llmp_shmem_provider *sysv = llmp_shmem_provider_find("sysv");
    llmp_shmem *map;
    (void)socket;
    (void)argument;
    if (shmem_unshare(CLONE_NEWIPC) != 0 || !shmem_write_file("/proc/sys/kernel/shmmni", "1")) {
        return CHILD_SKIP;
    }
    CHILD_REQUIRE(llmp_shmem_create(sysv, 1, NULL, &map) == 0);
    CHILD_REQUIRE(llmp_shmem_provider_check(sysv) == -ENOSPC);
    CHILD_REQUIRE(llmp_shmem_provider_default() == sysv);
    CHILD_REQUIRE(explains(sysv, -ENOSPC, "System V segments are used up (kernel.shmmni)"));
    CHILD_REQUIRE(explains(NULL, -ENOSPC, "System V segments are used up (kernel.shmmni)"));
    CHILD_REQUIRE(shmem_write_file("/proc/sys/kernel/shmmni", "4096"));
    CHILD_REQUIRE(shmem_write_file("/proc/sys/kernel/shmall", "1"));
    CHILD_REQUIRE(llmp_shmem_provider_check(sysv) == -ENOSPC);
    CHILD_REQUIRE(explains(sysv, -ENOSPC, "the memory for System V segments is used up (kernel.shmall)"));
    llmp_shmem_close(map);
    return 0;
}

static void the_default_stays_sysv_when_its_segments_are_used_up(void **state) {
    (void)state;
    shmem_check_child(shmem_run_in_child(use_up_segments, NULL), "needs root, for an IPC namespace of its own");
}

static void other_errors_are_explained_by_strerror(const struct shmem_case *c) {
    const int codes[] = {0, -EMFILE, -ENOMEM, -LLMP_E_SIZE_ZERO, -LLMP_E_NO_SEGMENT};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_string_equal(llmp_shmem_provider_explain(shmem_provider(c), codes[i]), llmp_strerror(codes[i]));
    }
}

#define READ_ONLY (MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)

static int check_without_dev_shm(int socket, void *argument) {
    const llmp_shmem_provider *posix = llmp_shmem_provider_find("posix");
    (void)socket;
    (void)argument;
    if (shmem_unshare(CLONE_NEWNS) != 0 || shmem_mount("tmpfs", "size=64k,nr_inodes=1") != 0) {
        return CHILD_SKIP;
    }
    CHILD_REQUIRE(llmp_shmem_provider_check(posix) == -ENOSPC);
    CHILD_REQUIRE(explains(posix, -ENOSPC, "the files of /dev/shm are used up (nr_inodes)"));
    CHILD_REQUIRE(shmem_mount("tmpfs", "size=64k") == 0);
    llmp_shmem *map;
    CHILD_REQUIRE(llmp_shmem_create(posix, 1 << 20, NULL, &map) == -ENOSPC);
    CHILD_REQUIRE(explains(posix, -ENOSPC, "/dev/shm has no room for a map of that size"));
    CHILD_REQUIRE(shmem_mount("tmpfs", "size=64k") == 0 && mount(NULL, "/dev/shm", NULL, READ_ONLY, NULL) == 0);
    CHILD_REQUIRE(llmp_shmem_provider_check(posix) == -EROFS);
    return 0;
}

static void check_returns_the_error_of_creating(void **state) {
    (void)state;
    shmem_check_child(shmem_run_in_child(check_without_dev_shm, NULL), SHMEM_NEEDS_MOUNT);
}

/* ---------------------------------------------------------------- orphans */

static void an_opened_map_is_no_orphan_while_its_owner_lives(const struct shmem_case *c) {
    struct shmem_pair pair = shmem_pair_create(c, 5000);
    assert_int_equal(llmp_shmem_is_orphan(pair.other), 0);
    shmem_pair_close(&pair);
}

static void an_opened_map_is_an_orphan_when_its_owner_was_killed(const struct shmem_case *c) {
    llmp_shmem_desc desc;
    struct shmem_peer peer = shmem_start_owner(c, &desc);
    llmp_shmem *map = shmem_open(c, &desc);
    assert_int_equal(llmp_shmem_is_orphan(map), 0);
    shmem_peer_kill(&peer);
    assert_int_equal(llmp_shmem_is_orphan(map), 1);
    llmp_shmem_close(map);
}

/* The attachments of this process are not those of another holder. */
static void a_map_that_this_process_has_open_twice_is_an_orphan_too(const struct shmem_case *c) {
    llmp_shmem_desc desc;
    struct shmem_peer peer = shmem_start_owner(c, &desc);
    llmp_shmem *one = shmem_open(c, &desc), *two = shmem_open(c, &desc);
    assert_int_equal(llmp_shmem_is_orphan(one), 0);
    shmem_peer_kill(&peer);
    assert_int_equal(llmp_shmem_is_orphan(one), 1);
    assert_int_equal(llmp_shmem_is_orphan(two), 1);
    llmp_shmem_close(one);
    assert_int_equal(llmp_shmem_is_orphan(two), 1);
    llmp_shmem_close(two);
}

/* A channel whose two ends are in one process. */
static void a_map_that_this_process_created_is_no_orphan(const struct shmem_case *c) {
    struct shmem_pair pair = shmem_pair_create(c, 5000);
    llmp_shmem *third = shmem_open(c, &pair.desc);
    assert_int_equal(llmp_shmem_is_orphan(pair.map), 0);
    assert_int_equal(llmp_shmem_is_orphan(pair.other), 0);
    llmp_shmem_close(third);
    shmem_pair_close(&pair);
}

static bool not_system_wide(const struct shmem_case *c) {
    return c->scope != LLMP_SCOPE_SYSTEM;
}

static void orphans_of_other_scopes_are_ENOTSUP(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, 5000);
    assert_rc(llmp_shmem_is_orphan(map), -ENOTSUP);
    llmp_shmem_close(map);
}

/* ---------------------------------------------------------------- maps that can no longer be opened */

static void expect_reachable(const llmp_shmem *map, int expected) {
    llmp_shmem *clone;
    assert_int_equal(llmp_shmem_is_reachable(map), expected);
    int rc = llmp_shmem_clone(map, &clone);
    assert_true((rc == 0) == (expected == 1));
    llmp_shmem_close(clone);
}

static void a_map_is_reachable_for_its_owner_and_for_others(const struct shmem_case *c) {
    struct shmem_pair pair = shmem_pair_create(c, 5000);
    expect_reachable(pair.map, 1);
    expect_reachable(pair.other, 1);
    shmem_pair_close(&pair);
}

static void reachable_is_ENOTSUP_if_nothing_is_shared(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, 5000);
    assert_rc(llmp_shmem_is_reachable(map), -ENOTSUP);
    llmp_shmem_close(map);
}

static void create_name(const llmp_shmem_desc *desc) {
    int fd = shm_open(desc->id.bytes, O_CREAT | O_EXCL | O_RDWR, 0600);
    assert_true(fd >= 0 && ftruncate(fd, (off_t)desc->size) == 0 && close(fd) == 0);
}

/* As programs that clean up /dev/shm do. */
static void a_map_whose_name_was_removed_is_not_reachable(const struct shmem_case *c) {
    struct shmem_pair pair = shmem_pair_create(c, 5000);
    assert_int_equal(shm_unlink(pair.desc.id.bytes), 0);
    expect_reachable(pair.map, 0);
    expect_reachable(pair.other, 0);
    create_name(&pair.desc); /* of another file */
    expect_reachable(pair.map, 0);
    expect_reachable(pair.other, 0);
    assert_int_equal(shm_unlink(pair.desc.id.bytes), 0);
    assert_int_equal(mkdir("/dev/shm/llmp_reachable", 0700), 0);
    char path[64];
    (void)snprintf(path, sizeof path, "/dev/shm%s", pair.desc.id.bytes);
    assert_int_equal(rename("/dev/shm/llmp_reachable", path), 0);
    expect_reachable(pair.map, 0);
    assert_int_equal(rmdir(path), 0);
    shmem_pair_close(&pair);
}

/* Linux lets processes attach a segment that is marked for removal while another process has it attached. */
static void a_sysv_segment_that_was_removed_is_reachable_while_it_is_attached(void **state) {
    (void)state;
    struct shmem_pair pair = shmem_pair_create(shmem_case_of("sysv"), 5000);
    assert_int_equal(shmctl((int)strtol(pair.desc.id.bytes, NULL, 10), IPC_RMID, NULL), 0);
    expect_reachable(pair.map, 1);
    expect_reachable(pair.other, 1);
    shmem_pair_close(&pair);
}

static int leave_the_ipc_namespace(int socket, void *argument) {
    (void)socket;
    if (shmem_unshare(CLONE_NEWIPC) != 0) {
        return CHILD_SKIP;
    }
    CHILD_REQUIRE(llmp_shmem_is_reachable(argument) == 0);
    return 0;
}

static void a_sysv_segment_is_not_reachable_in_another_ipc_namespace(void **state) {
    (void)state;
    llmp_shmem *map = shmem_create(shmem_case_of("sysv"), 5000);
    int status = shmem_run_in_child(leave_the_ipc_namespace, map);
    expect_reachable(map, 1);
    llmp_shmem_close(map);
    shmem_check_child(status, "needs root, for an IPC namespace of its own");
}

static void a_memfd_whose_descriptor_names_another_file_is_not_reachable(void **state) {
    (void)state;
    llmp_shmem *map = shmem_create(shmem_case_of("memfd"), 5000), *other = shmem_create(shmem_case_of("memfd"), 5000);
    int fd = llmp_shmem_fd(map), kept = dup(fd);
    expect_reachable(map, 1);
    assert_int_equal(dup2(llmp_shmem_fd(other), fd), fd);
    expect_reachable(map, 0);
    assert_int_equal(dup2(kept, fd), fd);
    expect_reachable(map, 1);
    assert_int_equal(close(kept), 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_ALL(names_are_short_and_in_lower_case),
        SHMEM_ALL(a_summary_is_one_line),
        SHMEM_ALL(the_scope_is_as_documented),
        SHMEM_ALL(check_of_a_working_provider_returns_0_and_leaves_nothing),
        SHMEM_ALL(other_errors_are_explained_by_strerror),
        SHMEM_SOME(an_opened_map_is_no_orphan_while_its_owner_lives, shmem_system_wide),
        SHMEM_SOME(an_opened_map_is_an_orphan_when_its_owner_was_killed, shmem_system_wide),
        SHMEM_SOME(a_map_that_this_process_has_open_twice_is_an_orphan_too, shmem_system_wide),
        SHMEM_SOME(a_map_that_this_process_created_is_no_orphan, shmem_system_wide),
        SHMEM_SOME(orphans_of_other_scopes_are_ENOTSUP, not_system_wide),
        SHMEM_SOME(a_map_is_reachable_for_its_owner_and_for_others, shmem_shares),
        SHMEM_SOME(reachable_is_ENOTSUP_if_nothing_is_shared, shmem_shares_nothing),
        SHMEM_SOME(a_map_whose_name_was_removed_is_not_reachable, shmem_named),
    };
    static const struct CMUnitTest others[] = {
        SHMEM_ONE(the_list_has_each_name_once_and_ends_with_null),
        SHMEM_ONE(find_matches_whole_names_only),
        SHMEM_ONE(the_default_is_the_default_of_LibAFL),
        SHMEM_ONE(the_default_stays_sysv_when_its_segments_are_used_up),
        SHMEM_ONE(check_returns_the_error_of_creating),
        SHMEM_ONE(a_sysv_segment_that_was_removed_is_reachable_while_it_is_attached),
        SHMEM_ONE(a_sysv_segment_is_not_reachable_in_another_ipc_namespace),
        SHMEM_ONE(a_memfd_whose_descriptor_names_another_file_is_not_reachable),
    };
    return shmem_run("shmem_provider", tests, sizeof tests / sizeof tests[0], others, sizeof others / sizeof others[0]);
}
