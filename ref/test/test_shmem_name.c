/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names of posix segments: their parts, and names of other implementations (shmem/posix/name.h, ID-3). */
#include "shmem/posix/name.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shmem_support.h"

#define posix shmem_case_of("posix")

static void ID_3_a_name_has_19_characters_and_begins_with_the_pid(void **state) {
    (void)state;
    static const pid_t pids[] = {1, 12, 345, 4711, 32768, 654321, 4194304};
    for (size_t i = 0; i < sizeof pids / sizeof pids[0]; i++) {
        char start[32];
        int length = snprintf(start, sizeof start, "/libafl_%d_", (int)pids[i]);
        const struct llmp_owner owner = {.pid = pids[i], .token = llmp_name_tokens(pids[i]) - 1};
        llmp_shmem_id id;
        llmp_name_make(&owner, &id);
        assert_int_equal(strlen(id.bytes), 19);
        assert_memory_equal(id.bytes, start, length);
        assert_non_null(strchr("+=@^,#", id.bytes[length])); /* the mark of this library */
    }
}

static void every_token_of_a_name_is_parsed(void **state) {
    (void)state;
    static const pid_t pids[] = {1, 99, 100, 9999, 32768, 999999, 1000000, 4194304};
    for (size_t i = 0; i < sizeof pids / sizeof pids[0]; i++) {
        uint32_t count = llmp_name_tokens(pids[i]);
        assert_true(count >= 6);
        for (uint32_t token = 0; token < count; token += 1 + count / 5000) {
            const struct llmp_owner owner = {pids[i], token};
            struct llmp_owner parsed = {0};
            llmp_shmem_id id;
            llmp_name_make(&owner, &id);
            assert_true(llmp_name_parse(id.bytes, &parsed));
            assert_int_equal(parsed.pid, pids[i]);
            assert_int_equal(parsed.token, token);
        }
    }
}

static void a_pid_of_more_than_7_digits_leaves_no_room(void **state) {
    (void)state;
    assert_int_equal(llmp_name_tokens(9999999), 6);
    assert_int_equal(llmp_name_tokens(10000000), 0);
    assert_int_equal(llmp_name_tokens(2147483647), 0);
}

static void ID_3_names_of_this_process_are_parsed(void **state) {
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct llmp_owner owner = {0};
        llmp_shmem *map = shmem_create(posix, 5000);
        assert_true(llmp_name_parse(llmp_shmem_describe(map).id.bytes, &owner));
        assert_int_equal(owner.pid, getpid());
        llmp_shmem_close(map);
    }
}

/* Those of other implementations, and every other spelling of this library's. */
static void ID_3_names_of_other_programs_are_not_parsed(void **state) {
    (void)state;
    static const char *const names[] = {
        "",
        "/",
        "/libafl_",
        "libafl_1_+abcdefgh",
        "libafl_1_+abcdefghi",
        "/libafl_1_",
        "/libafl_1",
        "/libafl_1_0",
        "/libafl_1_123456789",
        "/libafl_32768_12345",
        "/libafl_1_abcdefghi",
        "/libafl_32768_abcde",
        "/libafl_4194304_abc",
        "/libafl_1_Abcdefghi",
        "/libafl_32768_ABCDE",
        "/libafl_32768_-abcd",
        "/libafl_32768_.abcd",
        "/libafl_32768__abcd",
        "/libafl_32768_~abcd", /* the mark of another implementation */
        "/libafl_32768_!abcd",
        "/libafl_32768_a+bcd",
        "/libafl_32768_+abc",
        "/libafl_32768_+abcde",
        "/libafl_32768_+ab+d",
        "/libafl_32768_+abc.",
        "/libafl_32768_+abc/",
        "/libafl_32768_+abc ",
        "/libafl_32768_+abc\n",
        "/libafl_032768_+abc",
        "/libafl_0_+abcdefgh",
        "/libafl_01_+abcdefg",
        "/libafl_-1_+abcdefg",
        "/libafl_+1_+abcdefg",
        "/libafl_ 1_+abcdefg",
        "/libafl_1 _+abcdefg",
        "/libafl__+abcdefghi",
        "/libafl_x_+abcdefgh",
        "/LIBAFL_1_+abcdefgh",
        "//libafl_1_+abcdefg",
        "/libafl_41943040_+a",
        "/libafl_2147483648_",
        "/libafl_21474836481",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct llmp_owner owner = {77, 7};
        assert_false(llmp_name_parse(names[i], &owner));
        assert_int_equal(owner.pid, 77);
        assert_int_equal(owner.token, 7);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        SHMEM_ONE(ID_3_a_name_has_19_characters_and_begins_with_the_pid),
        SHMEM_ONE(every_token_of_a_name_is_parsed),
        SHMEM_ONE(a_pid_of_more_than_7_digits_leaves_no_room),
        SHMEM_ONE(ID_3_names_of_this_process_are_parsed),
        SHMEM_ONE(ID_3_names_of_other_programs_are_not_parsed),
    };
    return shmem_run("shmem_name", NULL, 0, tests, sizeof tests / sizeof tests[0]);
}
