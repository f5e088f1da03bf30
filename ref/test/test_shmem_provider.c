/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The list of providers: find, default, and whether one works here. */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "shmem/liveness.h"
#include "shmem_peer.h"
#include "shmem_support.h"

static void the_list_ends_with_null_and_has_each_name_once(void **state) {
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

static void a_summary_says_something(const struct shmem_case *c) {
    const char *summary = llmp_shmem_provider_summary(shmem_provider(c));
    assert_true(strlen(summary) > 20);
    assert_null(strchr(summary, '\n'));
}

static void scope_is_who_can_open_it(const struct shmem_case *c) {
    assert_int_equal(llmp_shmem_provider_scope(shmem_provider(c)), c->scope);
}

static void find_knows_whole_names_only(void **state) {
    (void)state;
    static const char *const names[] = {"", "s", "sys", "sysvx", "SYSV", " sysv", "posix ", "mmap", "none"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_null(llmp_shmem_provider_find(names[i]));
    }
}

static void a_provider_that_works_here_checks_out(const struct shmem_case *c) {
    assert_ok(llmp_shmem_provider_check(shmem_provider(c))); /* and leaves nothing: the teardown counts */
}

static void the_default_is_LibAFLs(void **state) {
    (void)state;
    if (llmp_shmem_provider_check(llmp_shmem_provider_find("sysv")) != 0) {
        shmem_skip("needs System V shared memory");
    }
    assert_string_equal(llmp_shmem_provider_name(llmp_shmem_provider_default()), "sysv");
}

static int ask_without_segments(int socket, void *argument) {
    (void)socket;
    (void)argument;
    if (shmem_unshare(CLONE_NEWIPC) != 0 || !shmem_write_file("/proc/sys/kernel/shmmni", "0")) {
        return CHILD_SKIP;
    }
    CHILD_REQUIRE(llmp_shmem_provider_check(llmp_shmem_provider_find("sysv")) == -ENOSPC);
    CHILD_REQUIRE(strcmp(llmp_shmem_provider_name(llmp_shmem_provider_default()), "posix") == 0);
    return 0;
}

static void the_default_where_that_does_not_work_is_another_of_system_scope(void **state) {
    (void)state;
    shmem_child_passed(shmem_in_child(ask_without_segments, NULL), "needs root, for an IPC name space of its own");
}

#define READ_ONLY (MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)

static int ask_without_dev_shm(int socket, void *argument) {
    const llmp_shmem_provider *posix = llmp_shmem_provider_find("posix");
    (void)socket;
    (void)argument;
    if (shmem_unshare(CLONE_NEWNS) != 0 || shmem_mount("tmpfs", "size=64k,nr_inodes=1") != 0) {
        return CHILD_SKIP;
    }
    CHILD_REQUIRE(llmp_shmem_provider_check(posix) == -ENOSPC);
    CHILD_REQUIRE(shmem_mount("tmpfs", "size=64k") == 0 && mount(NULL, "/dev/shm", NULL, READ_ONLY, NULL) == 0);
    CHILD_REQUIRE(llmp_shmem_provider_check(posix) == -EROFS);
    return 0;
}

static void check_gives_the_code_that_creating_gave(void **state) {
    (void)state;
    shmem_child_passed(shmem_in_child(ask_without_dev_shm, NULL), SHMEM_NEEDS_MOUNT);
}

/* ---------------------------------------------------------------- orphans (shmem/liveness.h) */

static void an_opened_map_is_no_orphan_while_its_owner_lives(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, 5000);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    llmp_shmem *other = shmem_open(c, &desc);
    assert_int_equal(llmp_shmem_is_orphan(other), 0);
    llmp_shmem_close(other);
    llmp_shmem_close(map);
}

static int own_until_killed(int socket, void *argument) {
    llmp_shmem *map;
    CHILD_REQUIRE(llmp_shmem_create(shmem_provider(argument), 5000, NULL, &map) == 0);
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    CHILD_REQUIRE(shmem_say(socket, &desc, sizeof desc));
    (void)shmem_await(socket);
    return 0;
}

static void an_opened_map_is_an_orphan_when_its_owner_was_killed(const struct shmem_case *c) {
    struct shmem_peer peer = shmem_peer_start(own_until_killed, (void *)(uintptr_t)c);
    llmp_shmem_desc desc;
    assert_true(shmem_hear(peer.socket, &desc, sizeof desc));
    llmp_shmem *map = shmem_open(c, &desc);
    assert_int_equal(llmp_shmem_is_orphan(map), 0);
    shmem_peer_kill(&peer);
    assert_int_equal(llmp_shmem_is_orphan(map), 1);
    llmp_shmem_close(map);
}

static bool is_for_strangers(const struct shmem_case *c) {
    return c->scope == LLMP_SCOPE_SYSTEM;
}

static bool is_not_for_strangers(const struct shmem_case *c) {
    return c->scope != LLMP_SCOPE_SYSTEM;
}

static void some_cannot_tell_orphans(const struct shmem_case *c) {
    llmp_shmem *map = shmem_create(c, 5000);
    assert_rc(llmp_shmem_is_orphan(map), -ENOTSUP);
    llmp_shmem_close(map);
}

int main(void) {
    static const struct shmem_test tests[] = {
        SHMEM_ALL(names_are_short_and_in_lower_case),
        SHMEM_ALL(a_summary_says_something),
        SHMEM_ALL(scope_is_who_can_open_it),
        SHMEM_ALL(a_provider_that_works_here_checks_out),
        SHMEM_SOME(an_opened_map_is_no_orphan_while_its_owner_lives, is_for_strangers),
        SHMEM_SOME(an_opened_map_is_an_orphan_when_its_owner_was_killed, is_for_strangers),
        SHMEM_SOME(some_cannot_tell_orphans, is_not_for_strangers),
    };
    static const struct CMUnitTest others[] = {
        SHMEM_ONE(the_list_ends_with_null_and_has_each_name_once),
        SHMEM_ONE(find_knows_whole_names_only),
        SHMEM_ONE(the_default_is_LibAFLs),
        SHMEM_ONE(the_default_where_that_does_not_work_is_another_of_system_scope),
        SHMEM_ONE(check_gives_the_code_that_creating_gave),
    };
    return shmem_run("shmem_provider", tests, sizeof tests / sizeof tests[0], others, sizeof others / sizeof others[0]);
}
