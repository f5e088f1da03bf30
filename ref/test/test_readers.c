/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Receivers of a broadcast channel that come late, are slow, or are removed, and how that affects the others. */
#include <errno.h>

#include "channel/sender.h"
#include "support.h"

static llmp_sender *broadcast(uint32_t history) {
    llmp_sender *sender =
        test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_pages = history, .window = history});
    assert_ok(llmp_sender_make_broadcast(sender));
    return sender;
}

static llmp_receiver *add_receiver(llmp_sender *sender) {
    llmp_shmem_desc desc;
    llmp_sender_add_receiver(sender, &desc);
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .pre_joined = true};
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(&desc, &options, &receiver));
    return receiver;
}

static void history_reaches_back_to_the_oldest_page(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
    }
    llmp_receiver *late = add_receiver(sender);
    test_expect_big(late, 90, 100);
    assert_int_equal(test_stats_of(sender).pages_created, 4);
    llmp_receiver_free(late);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void allocate_and_send(llmp_sender *sender, size_t length) {
    void *payload;
    assert_ok(llmp_sender_alloc(sender, length, LLMP_NOWAIT, &payload));
    assert_ok(llmp_sender_commit(sender, 1, 0));
}

/* Without max_pages the bound is one of bytes: when pages grow, the history has fewer pages. */
static void history_stays_within_its_bytes_when_pages_grow(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = (size_t)4 << 20});
    assert_ok(llmp_sender_make_broadcast(sender));
    for (int i = 0; i < 40; i++) {
        allocate_and_send(sender, (size_t)3 << 19); /* two a page of 4 MiB */
    }
    assert_int_equal(test_stats_of(sender).pages_live, 16);
    for (int i = 0; i < 12; i++) {
        allocate_and_send(sender, (size_t)9 << 20); /* three a page of 32 MiB */
        assert_true(test_stats_of(sender).pages_live <= 4);
    }
    assert_int_equal(test_stats_of(sender).pages_live, 4);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void a_late_receiver_is_waited_for(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *early = add_receiver(sender);
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(early, i, i + 1);
    }
    llmp_receiver *late = add_receiver(sender);
    uint64_t sent = test_fill(sender, 100);
    assert_int_equal(sent, 102);
    test_expect_big(late, 90, sent);
    test_expect_big(early, 100, sent);
    assert_int_equal(test_fill(sender, sent), sent + 9);
    test_expect_big(late, sent, sent + 9);
    llmp_receiver_free(early);
    llmp_receiver_free(late);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/*
 * The sender does not wait for a receiver that was offered a page and has not answered, but keeps its pages unchanged.
 */
static void TCP_2_an_offer_does_not_block_the_sender(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(3);
    llmp_receiver *reader = add_receiver(sender);
    llmp_shmem_desc offered;
    (void)llmp_sender_reserve(sender, &offered);
    struct test_view view = test_view_open(&offered);
    for (uint64_t i = 0; i < 60; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(reader, i, i + 1);
        assert_int_equal(test_slot(&view, 48)->message_id, 1);
        assert_int_equal(test_slot(&view, 48)->tag, 0);
    }
    assert_int_equal(view.page->magic, LLMP_PAGE_MAGIC_RETIRED);
    uint64_t created = test_stats_of(sender).pages_created;
    llmp_sender_cancel_reservation(sender);
    for (uint64_t i = 60; i < 120; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(reader, i, i + 1);
    }
    assert_int_equal(test_stats_of(sender).pages_created, created);
    test_view_close(&view);
    llmp_receiver_free(reader);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* The offered page was retired before the receiver was confirmed. The receiver joins the next page itself. */
static void TCP_2_a_late_confirmation_counts_a_receiver_once(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(3);
    llmp_receiver *reader = add_receiver(sender);
    llmp_shmem_desc offered;
    uint64_t number = llmp_sender_reserve(sender, &offered);
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .pre_joined = true};
    llmp_receiver *late;
    assert_ok(llmp_receiver_new(&offered, &options, &late));
    uint64_t sent = test_fill(sender, 0);
    test_expect_big(reader, 0, sent);
    assert_ok(test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT));
    llmp_sender_confirm(sender, number);
    test_expect_big(late, 0, sent);
    for (uint64_t i = sent; i < 60; i++) {
        test_expect_big(reader, i, i + 1);
        test_expect_big(late, i, i + 1);
        assert_ok(test_send_number(sender, i + 1, TEST_BIG, LLMP_NOWAIT));
    }
    llmp_receiver_free(reader);
    llmp_receiver_free(late);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void a_confirmed_receiver_is_expected_like_any_other(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_shmem_desc offered;
    uint64_t number = llmp_sender_reserve(sender, &offered);
    assert_ok(test_send_number(sender, 0, TEST_BIG, LLMP_NOWAIT));
    llmp_sender_confirm(sender, number);
    assert_int_equal(test_fill(sender, 1), 12);
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .pre_joined = true};
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(&offered, &options, &receiver));
    test_expect_big(receiver, 0, 12);
    for (uint64_t i = 12; i < 100; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(receiver, i, i + 1);
    }
    assert_int_equal(test_stats_of(sender).pages_created, 4);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/*
 * One of two receivers dies, and the sender does not know how far it has read. The pages of that time are dropped, and
 * the other receiver still gets every message.
 */
static void EOP_8_the_pages_of_a_removed_receiver_are_dropped(void **state) {
    (void)state;
    for (uint64_t died_at = 0; died_at < 12; died_at++) {
        llmp_sender *sender = broadcast(4);
        llmp_receiver *removed = add_receiver(sender);
        llmp_receiver *active = add_receiver(sender);
        uint64_t sent = test_fill(sender, 0);
        test_expect_big(removed, 0, died_at);
        llmp_sender_remove_receiver(sender);
        test_expect_big(active, 0, sent);
        assert_ok(test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT));
        for (; sent < 200; sent++) {
            test_expect_big(active, sent, sent + 1);
            assert_ok(test_send_number(sender, sent + 1, TEST_BIG, LLMP_NOWAIT));
        }
        assert_true(test_stats_of(sender).pages_created <= 8);
        llmp_receiver_free(removed);
        llmp_receiver_free(active);
        assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    }
}

/* The removed receiver has read all pages, and the active one none: these pages are not free. */
static void EOP_8_a_removal_frees_no_page_that_is_unread(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *removed = add_receiver(sender);
    llmp_receiver *active = add_receiver(sender);
    uint64_t sent = test_fill(sender, 0);
    test_expect_big(removed, 0, sent);
    llmp_sender_remove_receiver(sender);
    uint64_t more = test_fill(sender, sent);
    assert_int_equal(more, sent + 3);
    test_expect_big(active, 0, more);
    llmp_receiver_free(removed);
    llmp_receiver_free(active);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* A receiver that was removed and still reads: no page that it can have mapped is written again. */
static void EOP_8_the_pages_of_a_removed_receiver_never_change(void **state) {
    (void)state;
    for (uint64_t read = 1; read < 12; read++) {
        llmp_sender *sender = broadcast(4);
        llmp_receiver *removed = add_receiver(sender);
        uint64_t sent = test_fill(sender, 0);
        test_expect_big(removed, 0, read);
        llmp_sender_remove_receiver(sender);
        for (; sent < 100; sent++) {
            assert_ok(test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT));
        }
        llmp_message message;
        int rc = 0;
        for (uint64_t next = read; next < 12 && rc == 0; next++) {
            rc = llmp_recv(removed, &message, LLMP_NOWAIT);
            assert_true(rc == -LLMP_E_EOP_GONE || (rc == 0 && message.tag == next));
        }
        llmp_receiver_free(removed);
        assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    }
}

static void a_channel_whose_only_receiver_was_removed_does_not_wait(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *removed = add_receiver(sender);
    uint64_t sent = test_fill(sender, 0);
    llmp_sender_remove_receiver(sender);
    for (uint64_t i = sent; i < 100; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
    }
    llmp_receiver_free(removed);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* The page that the receiver has mapped stays readable. The next one was evicted, which is an error. */
static void an_evicted_page_is_an_error_for_a_slow_receiver(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *slow = add_receiver(sender);
    uint64_t sent = test_fill(sender, 0);
    test_expect_big(slow, 0, 1);
    assert_ok(llmp_sender_evict_oldest(sender));
    assert_ok(llmp_sender_evict_oldest(sender));
    assert_ok(test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT));
    test_expect_big(slow, 1, 3);
    llmp_message message;
    assert_rc(llmp_recv(slow, &message, LLMP_NOWAIT), -LLMP_E_EOP_GONE);
    llmp_receiver_free(slow);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void a_receiver_on_the_evicted_page_loses_nothing(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *slow = add_receiver(sender);
    uint64_t sent = test_fill(sender, 0);
    test_expect_big(slow, 0, 1);
    assert_ok(llmp_sender_evict_oldest(sender));
    assert_ok(test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT));
    test_expect_big(slow, 1, sent + 1);
    llmp_receiver_free(slow);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void the_page_being_written_cannot_be_evicted(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    assert_rc(llmp_sender_evict_oldest(sender), -EAGAIN);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* ---------------------------------------------------------------- the end */

static void read_to_the_end(llmp_receiver *receiver) {
    llmp_message message;
    int rc;
    do {
        rc = llmp_recv(receiver, &message, LLMP_NOWAIT);
    } while (rc == 0);
    assert_rc(rc, -LLMP_E_CLOSED);
}

/* One of two receivers was removed after it joined the last page. One join does not prove that the other one came. */
static void the_end_waits_for_the_receiver_that_was_not_removed(void **state) {
    (void)state;
    for (int arrives = 0; arrives < 2; arrives++) {
        llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .receivers = 2});
        llmp_receiver *removed = test_receiver(sender);
        llmp_receiver *active = test_receiver(sender);
        for (uint64_t i = 0; i < 6; i++) {
            assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        }
        assert_ok(llmp_sender_exit(sender, LLMP_NOWAIT));
        read_to_the_end(removed);
        llmp_sender_remove_receiver(sender);
        if (arrives) {
            read_to_the_end(active);
        }
        assert_rc(llmp_sender_free(sender, arrives ? LLMP_FOREVER : 1), arrives ? 0 : -ETIMEDOUT);
        llmp_receiver_free(removed);
        llmp_receiver_free(active);
    }
}

static void the_end_does_not_wait_for_removed_receivers_only(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    llmp_sender_remove_receiver(sender);
    assert_ok(llmp_sender_free(sender, LLMP_FOREVER));
}

/* The page was joined on the receiver's behalf, so only leaving it proves that the receiver came. */
static void the_end_waits_for_an_added_receiver_to_leave(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_shmem_desc desc;
    llmp_sender_add_receiver(sender, &desc);
    assert_rc(llmp_sender_free(sender, 1), -ETIMEDOUT);
    sender = broadcast(4);
    llmp_receiver_free(add_receiver(sender));
    assert_ok(llmp_sender_free(sender, LLMP_FOREVER));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_reaches_back_to_the_oldest_page),
        cmocka_unit_test(history_stays_within_its_bytes_when_pages_grow),
        cmocka_unit_test(a_late_receiver_is_waited_for),
        cmocka_unit_test(TCP_2_an_offer_does_not_block_the_sender),
        cmocka_unit_test(TCP_2_a_late_confirmation_counts_a_receiver_once),
        cmocka_unit_test(a_confirmed_receiver_is_expected_like_any_other),
        cmocka_unit_test(EOP_8_the_pages_of_a_removed_receiver_are_dropped),
        cmocka_unit_test(EOP_8_a_removal_frees_no_page_that_is_unread),
        cmocka_unit_test(EOP_8_the_pages_of_a_removed_receiver_never_change),
        cmocka_unit_test(a_channel_whose_only_receiver_was_removed_does_not_wait),
        cmocka_unit_test(an_evicted_page_is_an_error_for_a_slow_receiver),
        cmocka_unit_test(a_receiver_on_the_evicted_page_loses_nothing),
        cmocka_unit_test(the_page_being_written_cannot_be_evicted),
        cmocka_unit_test(the_end_waits_for_the_receiver_that_was_not_removed),
        cmocka_unit_test(the_end_does_not_wait_for_removed_receivers_only),
        cmocka_unit_test(the_end_waits_for_an_added_receiver_to_leave),
    };
    return cmocka_run_group_tests_name("readers", tests, NULL, NULL);
}
