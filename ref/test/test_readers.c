/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Receivers of a broadcast channel that come late, go, hesitate or die, and what they cost the others. */
#include <errno.h>

#include "channel/sender.h"
#include "support.h"

static llmp_sender *broadcast(uint32_t history) {
    llmp_sender *sender =
        test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_pages = history, .window = history});
    llmp_sender_make_broadcast(sender);
    return sender;
}

static llmp_receiver *admit(llmp_sender *sender) {
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
    llmp_receiver *late = admit(sender);
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

/* The bound is one of bytes unless pages were asked for: when messages grow, fewer pages of history are kept. */
static void history_stays_within_its_bytes_when_pages_grow(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = (size_t)4 << 20});
    llmp_sender_make_broadcast(sender);
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

static void a_late_receiver_holds_up_the_pages_it_was_given(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *early = admit(sender);
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(early, i, i + 1);
    }
    llmp_receiver *late = admit(sender);
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

/* TCP-2: whoever was shown a page and has yet to answer holds nobody up, but its pages are not written again. */
static void TCP_2_an_offer_holds_nobody_up(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(3);
    llmp_receiver *reader = admit(sender);
    llmp_shmem_desc shown;
    (void)llmp_sender_reserve(sender, &shown);
    struct test_view view = test_view_open(&shown);
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

/* Its page was given up before it was counted in: it joins the next one itself, and is not joined there a second time. */
static void TCP_2_who_maps_before_it_is_counted_in_is_counted_once(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(3);
    llmp_receiver *reader = admit(sender);
    llmp_shmem_desc shown;
    uint64_t number = llmp_sender_reserve(sender, &shown);
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .pre_joined = true};
    llmp_receiver *late;
    assert_ok(llmp_receiver_new(&shown, &options, &late));
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

static void an_offer_that_is_taken_counts_like_any_other(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_shmem_desc shown;
    uint64_t number = llmp_sender_reserve(sender, &shown);
    assert_ok(test_send_number(sender, 0, TEST_BIG, LLMP_NOWAIT));
    llmp_sender_confirm(sender, number);
    assert_int_equal(test_fill(sender, 1), 12);
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .pre_joined = true};
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(&shown, &options, &receiver));
    test_expect_big(receiver, 0, 12);
    for (uint64_t i = 12; i < 100; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(receiver, i, i + 1);
    }
    assert_int_equal(test_stats_of(sender).pages_created, 4);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* One of two dies somewhere on the way: nobody can tell where, so no page that it knew is used again, and the other
 * one still gets everything. */
static void EOP_8_a_dead_receivers_pages_are_dropped(void **state) {
    (void)state;
    for (uint64_t died_at = 0; died_at < 12; died_at++) {
        llmp_sender *sender = broadcast(4);
        llmp_receiver *dead = admit(sender);
        llmp_receiver *alive = admit(sender);
        uint64_t sent = test_fill(sender, 0);
        test_expect_big(dead, 0, died_at);
        llmp_sender_remove_receiver(sender);
        test_expect_big(alive, 0, sent);
        assert_ok(test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT));
        for (; sent < 200; sent++) {
            test_expect_big(alive, sent, sent + 1);
            assert_ok(test_send_number(sender, sent + 1, TEST_BIG, LLMP_NOWAIT));
        }
        assert_true(test_stats_of(sender).pages_created <= 8);
        llmp_receiver_free(dead);
        llmp_receiver_free(alive);
        assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    }
}

/* One of two is gone, and the other has read nothing: that somebody is gone does not make its pages free. */
static void EOP_8_a_death_does_not_cut_off_the_living(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *dead = admit(sender);
    llmp_receiver *alive = admit(sender);
    uint64_t sent = test_fill(sender, 0);
    test_expect_big(dead, 0, sent);
    llmp_sender_remove_receiver(sender);
    uint64_t more = test_fill(sender, sent);
    assert_int_equal(more, sent + 3);
    test_expect_big(alive, 0, more);
    llmp_receiver_free(dead);
    llmp_receiver_free(alive);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* Somebody who was counted out and reads on all the same: no page that it knows is written anew. */
static void EOP_8_the_pages_of_who_was_dismissed_never_change(void **state) {
    (void)state;
    for (uint64_t stands_at = 1; stands_at < 12; stands_at++) {
        llmp_sender *sender = broadcast(4);
        llmp_receiver *dismissed = admit(sender);
        uint64_t sent = test_fill(sender, 0);
        test_expect_big(dismissed, 0, stands_at);
        llmp_sender_remove_receiver(sender);
        for (; sent < 100; sent++) {
            assert_ok(test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT));
        }
        llmp_message message;
        int rc = 0;
        for (uint64_t next = stands_at; next < 12 && rc == 0; next++) {
            rc = llmp_recv(dismissed, &message, LLMP_NOWAIT);
            assert_true(rc == -LLMP_E_EOP_GONE || (rc == 0 && message.tag == next));
        }
        llmp_receiver_free(dismissed);
        assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    }
}

static void pages_of_the_dead_alone_are_dropped_at_once(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *dead = admit(sender);
    uint64_t sent = test_fill(sender, 0);
    llmp_sender_remove_receiver(sender);
    for (uint64_t i = sent; i < 100; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
    }
    llmp_receiver_free(dead);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* Cut off: the page under its feet stays readable, the one that it had yet to reach is gone, and it is told so. */
static void a_receiver_that_is_cut_off_gets_a_clean_error(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *slow = admit(sender);
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

static void one_page_too_few_does_not_cut_off(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *slow = admit(sender);
    uint64_t sent = test_fill(sender, 0);
    test_expect_big(slow, 0, 1);
    assert_ok(llmp_sender_evict_oldest(sender));
    assert_ok(test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT));
    test_expect_big(slow, 1, sent + 1);
    llmp_receiver_free(slow);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void the_page_being_written_cannot_be_cut(void **state) {
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

/* Two joined or may have, and one of them is dead. That one is on the last page does not say which. */
static void an_end_waits_for_the_living_where_the_dead_had_come(void **state) {
    (void)state;
    for (int comes = 0; comes < 2; comes++) {
        llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .receivers = 2});
        llmp_receiver *dead = test_receiver(sender);
        llmp_receiver *alive = test_receiver(sender);
        for (uint64_t i = 0; i < 6; i++) {
            assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        }
        assert_ok(llmp_sender_exit(sender, LLMP_NOWAIT));
        read_to_the_end(dead);
        llmp_sender_remove_receiver(sender);
        if (comes) {
            read_to_the_end(alive);
        }
        assert_rc(llmp_sender_free(sender, comes ? LLMP_FOREVER : 1), comes ? 0 : -ETIMEDOUT);
        llmp_receiver_free(dead);
        llmp_receiver_free(alive);
    }
}

static void an_end_does_not_wait_for_the_dead_alone(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    llmp_sender_remove_receiver(sender);
    assert_ok(llmp_sender_free(sender, LLMP_FOREVER));
}

/* It was joined on behalf of somebody, who may or may not have come: that is seen only when it leaves. */
static void an_end_waits_for_who_was_admitted(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_shmem_desc desc;
    llmp_sender_add_receiver(sender, &desc);
    assert_rc(llmp_sender_free(sender, 1), -ETIMEDOUT);
    sender = broadcast(4);
    llmp_receiver_free(admit(sender));
    assert_ok(llmp_sender_free(sender, LLMP_FOREVER));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_reaches_back_to_the_oldest_page),
        cmocka_unit_test(history_stays_within_its_bytes_when_pages_grow),
        cmocka_unit_test(a_late_receiver_holds_up_the_pages_it_was_given),
        cmocka_unit_test(TCP_2_an_offer_holds_nobody_up),
        cmocka_unit_test(TCP_2_who_maps_before_it_is_counted_in_is_counted_once),
        cmocka_unit_test(an_offer_that_is_taken_counts_like_any_other),
        cmocka_unit_test(EOP_8_a_dead_receivers_pages_are_dropped),
        cmocka_unit_test(EOP_8_a_death_does_not_cut_off_the_living),
        cmocka_unit_test(EOP_8_the_pages_of_who_was_dismissed_never_change),
        cmocka_unit_test(pages_of_the_dead_alone_are_dropped_at_once),
        cmocka_unit_test(a_receiver_that_is_cut_off_gets_a_clean_error),
        cmocka_unit_test(one_page_too_few_does_not_cut_off),
        cmocka_unit_test(the_page_being_written_cannot_be_cut),
        cmocka_unit_test(an_end_waits_for_the_living_where_the_dead_had_come),
        cmocka_unit_test(an_end_does_not_wait_for_the_dead_alone),
        cmocka_unit_test(an_end_waits_for_who_was_admitted),
    };
    return cmocka_run_group_tests_name("readers", tests, NULL, NULL);
}
