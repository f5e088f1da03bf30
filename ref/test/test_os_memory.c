/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The memory that a process may use: the limits of its control groups, read from files that the test writes. */
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/os.h"
#include "os/posix/memory.h"
#include "support.h"

static char top[64];

static const char *below_top(const char *name) {
    static char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", top, name);
    return path;
}

static void make_folders(const char *name) {
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s", below_top(name));
    for (char *slash = path + strlen(top) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
}

static void write_file(const char *name, const char *text) {
    make_folders(name);
    FILE *f = fopen(below_top(name), "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk) {
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

static int make_top(void **state) {
    (void)state;
    (void)strcpy(top, "/tmp/llmp-test-XXXXXX");
    return mkdtemp(top) != NULL ? 0 : -1;
}

static int remove_top(void **state) {
    (void)state;
    return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static uint64_t limit_of(const char *membership) {
    char mount[PATH_MAX];
    write_file("membership", membership);
    (void)snprintf(mount, sizeof mount, "%s", below_top("sys"));
    return llmp_os_group_limit(below_top("membership"), mount);
}

static void version_2(void **state) {
    (void)state;
    write_file("sys/memory.max", "max\n");
    write_file("sys/a/memory.max", "5000000\n");
    write_file("sys/a/b/memory.max", "max\n");
    assert_int_equal(limit_of("0::/a/b\n"), 5000000);
    write_file("sys/a/b/memory.max", "4000000\n");
    assert_int_equal(limit_of("0::/a/b\n"), 4000000);
    assert_int_equal(limit_of("0::/\n"), UINT64_MAX);
    write_file("sys/memory.max", "3000000\n");
    assert_int_equal(limit_of("0::/a/b\n"), 3000000);
}

/* In a container the path may be that of the host, and the folder itself is the container's group. */
static void a_path_that_is_not_there(void **state) {
    (void)state;
    write_file("sys/memory.max", "3000000\n");
    assert_int_equal(limit_of("0::/../host/container\n"), 3000000);
}

static void version_1_and_both(void **state) {
    (void)state;
    write_file("sys/memory/memory.limit_in_bytes", "9223372036854771712\n");
    write_file("sys/memory/x/memory.limit_in_bytes", "7000000\n");
    write_file("sys/cpu/x/memory.limit_in_bytes", "1\n");
    assert_int_equal(limit_of("4:cpu:/x\n3:memory:/x\n0::/\n"), 7000000);
    write_file("sys/unified/y/memory.max", "6000000\n");
    assert_int_equal(limit_of("4:cpu:/x\n3:memory:/x\n0::/y\n"), 6000000);
}

static void files_that_are_missing_or_hold_something_else_are_no_limit(void **state) {
    (void)state;
    assert_int_equal(llmp_os_group_limit(below_top("none"), below_top("sys")), UINT64_MAX);
    assert_int_equal(limit_of("0::/a\n"), UINT64_MAX);
    write_file("sys/memory.max", "");
    assert_int_equal(limit_of("\nx\n0:\n0::\n:::\n0::/a"), UINT64_MAX);
    write_file("sys/memory.max", "99\n");
    assert_int_equal(limit_of("0::/a"), 99);
}

static void this_process_may_use_some_memory(void **state) {
    (void)state;
    assert_true(llmp_os_memory_size() > 0);
    assert_int_equal(llmp_os_memory_size(), llmp_os_memory_size());
}

static void free_space_is_that_of_the_file_system(void **state) {
    (void)state;
    assert_true(llmp_os_free_space("/") > 0);
    assert_int_equal(llmp_os_free_space(below_top("none")), UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(version_2, make_top, remove_top),
        cmocka_unit_test_setup_teardown(a_path_that_is_not_there, make_top, remove_top),
        cmocka_unit_test_setup_teardown(version_1_and_both, make_top, remove_top),
        cmocka_unit_test_setup_teardown(files_that_are_missing_or_hold_something_else_are_no_limit, make_top,
                                        remove_top),
        cmocka_unit_test(this_process_may_use_some_memory),
        cmocka_unit_test_setup_teardown(free_space_is_that_of_the_file_system, make_top, remove_top),
    };
    return cmocka_run_group_tests_name("os_memory", tests, NULL, NULL);
}
