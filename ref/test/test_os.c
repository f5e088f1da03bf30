/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Structs that grow (os/compat.h), deadlines, and the identity of a process. */
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/compat.h"
#include "os/os.h"
#include "support.h"

/* ---------------------------------------------------------------- compat.h */

static void each_set_byte_is_seen(void **state) {
    (void)state;
    unsigned char bytes[40] = {0};
    assert_true(llmp_is_zero(bytes, sizeof bytes));
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = 0x80;
        assert_false(llmp_is_zero(bytes, sizeof bytes));
        assert_true(llmp_is_zero(bytes, i));
        bytes[i] = 0;
    }
    assert_true(llmp_is_zero(NULL, 0));
}

/* Copies a struct of `from_size` bytes to one of `to_size` and checks every byte of and behind it. */
static void expect_copied(size_t to_size, size_t from_size) {
    unsigned char from[16], to[16];
    memset(from, 0x11, sizeof from);
    memset(to, 0xee, sizeof to);
    llmp_copy_known(to, to_size, from, from_size);
    for (size_t i = 0; i < sizeof to; i++) {
        assert_int_equal(to[i], i >= to_size ? 0xee : i < from_size ? 0x11 : 0);
    }
}

static void known_fields_are_copied_and_the_rest_is_zeroed(void **state) {
    (void)state;
    expect_copied(12, 12);
    expect_copied(8, 12); /* a caller with an older header: nothing behind its struct changes */
    expect_copied(12, 8); /* a caller with a newer header */
    expect_copied(0, 12);
    expect_copied(12, 0);
}

/* ---------------------------------------------------------------- deadlines */

static void a_deadline_of_nowait_has_passed_and_one_of_forever_never_does(void **state) {
    (void)state;
    struct llmp_deadline nowait = llmp_deadline_in(LLMP_NOWAIT), forever = llmp_deadline_in(LLMP_FOREVER);
    assert_true(llmp_deadline_passed(nowait));
    assert_false(llmp_deadline_passed(forever));
    assert_int_equal(llmp_deadline_timeout(nowait), LLMP_NOWAIT);
    assert_int_equal(llmp_deadline_timeout(forever), LLMP_FOREVER);
    assert_int_equal(llmp_deadline_left(nowait, 7), 0);
    assert_int_equal(llmp_deadline_left(forever, 7), 7);
}

static void a_timeout_too_large_for_the_clock_never_passes(void **state) {
    (void)state;
    assert_int_equal(llmp_deadline_in(INT64_MAX).at, LLMP_FOREVER);
    assert_int_equal(llmp_deadline_in(-7).at, LLMP_FOREVER);
}

static void what_is_left_of_a_deadline_shrinks_to_zero(void **state) {
    (void)state;
    struct llmp_deadline deadline = llmp_deadline_in(LLMP_MILLISECONDS(2));
    int64_t left = llmp_deadline_left(deadline, INT64_MAX);
    assert_true(left <= LLMP_MILLISECONDS(2));
    assert_true(llmp_deadline_left(deadline, 5) <= 5);
    while (!llmp_deadline_passed(deadline)) {
        llmp_os_sleep(LLMP_MILLISECONDS(1));
    }
    assert_int_equal(llmp_deadline_left(deadline, INT64_MAX), 0);
    assert_int_equal(llmp_deadline_timeout(deadline), 1); /* not LLMP_NOWAIT, which has another error */
}

/* ---------------------------------------------------------------- processes */

/* Returns the exit status of a child: 0 if its identity differs from its parent's. */
static int compare_in_child(pid_t child, struct llmp_process_id parent) {
    if (child == 0) {
        _exit(llmp_process_id_equal(parent, llmp_os_process_id()) ? 1 : 0);
    }
    return test_wait(child);
}

static void a_process_keeps_its_identity_and_a_child_gets_another(void **state) {
    (void)state;
    struct llmp_process_id parent = llmp_os_process_id();
    assert_int_equal(compare_in_child(test_fork(), parent), 0);
    assert_true(llmp_process_id_equal(parent, llmp_os_process_id()));
}

/* Fork handlers do not run: only the pid distinguishes this child. */
static void a_child_of_a_bare_clone_gets_another_identity(void **state) {
    (void)state;
    struct llmp_process_id parent = llmp_os_process_id();
    assert_int_equal(compare_in_child((pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL), parent), 0);
}

/* The pid alone does not: a child may get the pid of a dead ancestor. */
static void the_identity_counts_forks(void **state) {
    (void)state;
    struct llmp_process_id parent = llmp_os_process_id();
    pid_t child = test_fork();
    if (child == 0) {
        _exit(llmp_os_process_id().forks == parent.forks + 1 ? 0 : 1);
    }
    assert_int_equal(test_wait(child), 0);
}

static void all_zero_identifies_no_process(void **state) {
    (void)state;
    assert_false(llmp_process_id_equal((struct llmp_process_id){0}, llmp_os_process_id()));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_set_byte_is_seen),
        cmocka_unit_test(known_fields_are_copied_and_the_rest_is_zeroed),
        cmocka_unit_test(a_deadline_of_nowait_has_passed_and_one_of_forever_never_does),
        cmocka_unit_test(a_timeout_too_large_for_the_clock_never_passes),
        cmocka_unit_test(what_is_left_of_a_deadline_shrinks_to_zero),
        cmocka_unit_test(a_process_keeps_its_identity_and_a_child_gets_another),
        cmocka_unit_test(a_child_of_a_bare_clone_gets_another_identity),
        cmocka_unit_test(the_identity_counts_forks),
        cmocka_unit_test(all_zero_identifies_no_process),
    };
    return cmocka_run_group_tests_name("os", tests, NULL, NULL);
}
