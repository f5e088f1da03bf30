/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Options of senders and receivers that are refused with -EINVAL. */
#include <errno.h>

#include "support.h"

static int try_sender(const void *options) {
    llmp_sender *sender;
    int rc = llmp_sender_new(options, &sender);
    assert_true((sender != NULL) == (rc == 0));
    (void)llmp_sender_free(sender, LLMP_NOWAIT);
    return rc;
}

static int try_receiver(const void *options) {
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    llmp_receiver *receiver;
    int rc = llmp_receiver_new(&desc, options, &receiver);
    assert_true((receiver != NULL) == (rc == 0));
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    return rc;
}

/* Sets each reserved byte in turn. */
static void expect_refused(int (*try_options)(const void *), const void *options, void *reserved, size_t size) {
    assert_ok(try_options(options));
    for (size_t i = 0; i < size; i++) {
        ((unsigned char *)reserved)[i] = 1;
        assert_rc(try_options(options), -EINVAL);
        ((unsigned char *)reserved)[i] = 0;
    }
}

/* A set byte is an option that a program built for a newer library relies on. */
static void reserved_bytes_are_refused(void **state) {
    (void)state;
    llmp_sender_options tx = {.provider = llmp_shmem_provider_find("sysv")};
    expect_refused(try_sender, &tx, tx.reserved0, sizeof tx.reserved0);
    expect_refused(try_sender, &tx, tx.reserved, sizeof tx.reserved);
    llmp_receiver_options rx = {.provider = llmp_shmem_provider_find("sysv")};
    expect_refused(try_receiver, &rx, rx.reserved0, sizeof rx.reserved0);
    expect_refused(try_receiver, &rx, rx.reserved, sizeof rx.reserved);
}

static void values_out_of_range_are_refused(void **state) {
    (void)state;
    const llmp_sender_options bad[] = {{.page_size = 511},       {.max_pages = 1},   {.window = 1},
                                       {.page_policy = 9},       {.reuse_order = 9}, {.wait = 9},
                                       {.max_message = SIZE_MAX}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_rc(try_sender(&bad[i]), -EINVAL);
    }
    assert_rc(try_receiver(&(llmp_receiver_options){.wait = 9}), -EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserved_bytes_are_refused),
        cmocka_unit_test(values_out_of_range_are_refused),
    };
    return cmocka_run_group_tests_name("channel_options", tests, NULL, NULL);
}
