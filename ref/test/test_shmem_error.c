/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Names and texts of error codes. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "llmp/shmem.h"
#include "support.h"

#define FIRST 2001
#define LAST 2999

/* No default: the compiler warns about a value of shmem.h that is missing here. */
static const char *expected_name(enum llmp_error code) {
#define NAME(name)                                                                                                     \
    case LLMP_E_##name: return "LLMP_E_" #name
    switch (code) {
        NAME(ID_EMPTY);
        NAME(ID_UNTERMINATED);
        NAME(ID_NOT_A_NUMBER);
        NAME(ID_TRAILING);
        NAME(ID_RANGE);
        NAME(ID_NAME);
        NAME(ID_KIND);
        NAME(SIZE_ZERO);
        NAME(SIZE_TOO_LARGE);
        NAME(SIZE_CLAIM);
        NAME(NO_SEGMENT);
        NAME(NO_PROVIDER);
        NAME(NO_FD);
        NAME(FD_MESSAGE);
        NAME(PAGE_TOO_SMALL);
        NAME(PAGE_MAGIC);
        NAME(PAGE_RETIRED);
        NAME(MSG_ID);
        NAME(MSG_ID_DECREASED);
        NAME(MSG_BOUNDS);
        NAME(MSG_LENGTH);
        NAME(MSG_ALIGN);
        NAME(MSG_UNSET);
        NAME(MSG_UNINITIALIZED);
        NAME(MSG_EXITING);
        NAME(EOP_LENGTH);
        NAME(EOP_SELF);
        NAME(EOP_SIZE);
        NAME(EOP_GONE);
        NAME(PAGE_TAKEN);
        NAME(EOP_LOOP);
        NAME(CLOSED);
        NAME(BROKEN);
        NAME(TAG_RESERVED);
        NAME(TOO_LARGE);
        NAME(ALLOC_PENDING);
        NAME(ALLOC_NONE);
        NAME(ALLOC_GROW);
        NAME(BUFFER_TOO_SMALL);
        NAME(FRAME_TOO_LARGE);
        NAME(FRAME_TRUNCATED);
        NAME(POST_TRUNCATED);
        NAME(POST_VARINT);
        NAME(POST_VARIANT);
        NAME(POST_UTF8);
        NAME(POST_TOO_LONG);
        NAME(HANDSHAKE);
        NAME(REFUSED);
        NAME(NO_CLIENT);
        NAME(CLIENTS_FULL);
        NAME(CLIENT_GONE);
        NAME(CLIENT_FORGED);
        NAME(REMOVED);
        NAME(IDS_USED_UP);
    }
#undef NAME
    return NULL;
}

static const char *unknown_text(void) {
    return llmp_strerror(-LAST);
}

static void every_code_has_the_name_of_its_enum_constant(void **state) {
    (void)state;
    int known = 0;
    for (int code = FIRST; code <= LAST; code++) {
        const char *wanted = expected_name((enum llmp_error)code);
        assert_string_equal(llmp_error_name(-code), wanted != NULL ? wanted : "UNKNOWN");
        known += wanted != NULL;
    }
    assert_true(known > 40);
}

static void every_code_has_a_text_of_one_line_without_a_period(void **state) {
    (void)state;
    for (int code = FIRST; code <= LAST; code++) {
        if (expected_name((enum llmp_error)code) != NULL) {
            const char *text = llmp_strerror(-code);
            assert_true(strlen(text) > 8);
            assert_null(strpbrk(text, "\n."));
            assert_string_not_equal(text, unknown_text());
        } else {
            assert_string_equal(llmp_strerror(-code), unknown_text());
        }
    }
}

static void all_texts_differ(void **state) {
    (void)state;
    for (int a = 0; a <= LAST; a++) {
        for (int b = 0; b < a && strcmp(llmp_strerror(-a), unknown_text()) != 0; b++) {
            assert_string_not_equal(llmp_strerror(-a), llmp_strerror(-b));
        }
    }
}

/* Published values never change. These are the first and the last of each block. */
static void published_values_do_not_change(void **state) {
    (void)state;
    assert_int_equal(LLMP_E_ID_EMPTY, 2001);
    assert_int_equal(LLMP_E_FD_MESSAGE, 2014);
    assert_int_equal(LLMP_E_PAGE_TOO_SMALL, 2101);
    assert_int_equal(LLMP_E_EOP_GONE, 2115);
    assert_int_equal(LLMP_E_CLOSED, 2201);
    assert_int_equal(LLMP_E_BUFFER_TOO_SMALL, 2208);
    assert_int_equal(LLMP_E_FRAME_TOO_LARGE, 2301);
    assert_int_equal(LLMP_E_REFUSED, 2309);
    assert_int_equal(LLMP_E_NO_CLIENT, 2401);
    assert_int_equal(LLMP_E_CLIENT_FORGED, 2404);
}

static void errno_values_have_the_names_and_texts_of_the_system(void **state) {
    (void)state;
    assert_string_equal(llmp_error_name(-ENOENT), "ENOENT");
    assert_string_equal(llmp_error_name(-ENOMEM), "ENOMEM");
    assert_string_equal(llmp_error_name(-EPERM), "EPERM");
    assert_string_equal(llmp_strerror(-ENOENT), "No such file or directory");
}

static void zero_and_positive_values_are_success(void **state) {
    (void)state;
    static const int codes[] = {0, 1, ENOENT, LLMP_E_NO_SEGMENT, INT_MAX};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_string_equal(llmp_error_name(codes[i]), "OK");
        assert_string_equal(llmp_strerror(codes[i]), llmp_strerror(0));
    }
}

static void an_unknown_code_has_a_text_that_says_so(void **state) {
    (void)state;
    static const int codes[] = {-1000, -2000, -3000, -INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_string_equal(llmp_error_name(codes[i]), "UNKNOWN");
        assert_non_null(strstr(llmp_strerror(codes[i]), "unknown"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_the_name_of_its_enum_constant),
        cmocka_unit_test(every_code_has_a_text_of_one_line_without_a_period),
        cmocka_unit_test(all_texts_differ),
        cmocka_unit_test(published_values_do_not_change),
        cmocka_unit_test(errno_values_have_the_names_and_texts_of_the_system),
        cmocka_unit_test(zero_and_positive_values_are_success),
        cmocka_unit_test(an_unknown_code_has_a_text_that_says_so),
    };
    return cmocka_run_group_tests_name("shmem_error", tests, NULL, NULL);
}
