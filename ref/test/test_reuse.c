/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pages that come round again: when they may, when they must not, and what those get who were too slow. */
#include <errno.h>
#include <string.h>

#include "channel/pages.h"
#include "channel/sender.h"
#include "channel/sender_internal.h"
#include "support.h"

#define MAP 4096u
#define BIG 1000u /* three of these fill a page */

static uint64_t fill(llmp_sender *sender, uint64_t from) {
    while (test_send_number(sender, from, BIG, LLMP_TRY) == 0) {
        from++;
    }
    return from;
}

static void expect(llmp_receiver *receiver, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++) {
        test_expect_number(receiver, i, BIG, LLMP_TRY);
    }
}

static llmp_sender_stats stats_of(const llmp_sender *sender) {
    llmp_sender_stats stats;
    llmp_sender_stats_get(sender, &stats);
    return stats;
}

/* A steady state opens nothing and makes nothing, and every message arrives once and in order. */
static void EOP_6_pages_come_round(void **state) {
    (void)state;
    const llmp_order orders[] = {LLMP_ORDER_OLDEST, LLMP_ORDER_NEWEST};
    for (size_t o = 0; o < 2; o++) {
        llmp_sender *sender =
            test_sender((llmp_sender_options){.page_size = MAP, .order = orders[o], .max_pages = 8, .window = 4});
        llmp_receiver *receiver = test_receiver(sender);
        for (uint64_t i = 0; i < 3000; i++) {
            assert_ok(test_send_number(sender, i, BIG, LLMP_TRY));
            expect(receiver, i, i + 1);
        }
        llmp_receiver_stats seen;
        llmp_receiver_stats_get(receiver, &seen);
        assert_int_equal(stats_of(sender).pages_created, orders[o] == LLMP_ORDER_OLDEST ? 4 : 2);
        assert_int_equal(seen.maps_opened, stats_of(sender).pages_created);
        assert_int_equal(seen.pages_turned, 999);
        llmp_receiver_free(receiver);
        assert_ok(llmp_sender_free(sender, LLMP_TRY));
    }
}

/* The original's rule, as many left as joined, would use the first page again here: the slow one has yet to come. */
static void EOP_8_a_slow_second_receiver_loses_nothing(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = MAP, .receivers = 2, .max_pages = 4});
    llmp_receiver *fast = test_receiver(sender);
    llmp_receiver *slow = test_receiver(sender);
    uint64_t sent = 0;
    uint64_t read_slowly = 0;
    for (int round = 0; round < 50; round++) {
        uint64_t before = sent;
        sent = fill(sender, sent);
        expect(fast, before, sent);
        assert_rc(test_send_number(sender, sent, BIG, LLMP_TRY), -EAGAIN);
        expect(slow, read_slowly, read_slowly + 4);
        read_slowly += 4;
    }
    expect(slow, read_slowly, sent);
    llmp_receiver_free(fast);
    llmp_receiver_free(slow);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

/*
 * LibAFL's receivers leave a page before they join the next, so the slow one can stand between two pages, counted on
 * neither. Here the first page was left by both, and the second has seen the fast one alone come and go.
 */
static void EOP_8_a_receiver_between_two_pages_is_waited_for(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = MAP, .receivers = 2, .max_pages = 3});
    struct test_view views[3];
    const uint16_t joined[] = {2, 1, 1};
    const uint16_t left[] = {2, 1, 0};
    for (int i = 0; i < 3; i++) {
        assert_ok(test_send_number(sender, 0, BIG, LLMP_TRY));
        llmp_shmem_desc desc = llmp_shmem_describe(llmp_pages_newest(&sender->pages)->map);
        views[i] = test_view_open(&desc);
        views[i].page->joined = joined[i];
        views[i].page->left = left[i];
        assert_ok(test_send_number(sender, 0, BIG, LLMP_TRY));
        assert_ok(test_send_number(sender, 0, BIG, LLMP_TRY));
    }
    assert_int_equal(stats_of(sender).pages_turned, 2);
    (void)fill(sender, 0);
    assert_int_equal(stats_of(sender).pages_turned, 3);
    assert_int_equal(views[1].page->magic, LLMP_PAGE_MAGIC);
    views[1].page->joined = 2;
    views[1].page->left = 2;
    (void)fill(sender, 0);
    assert_int_equal(stats_of(sender).pages_turned, 4);
    for (int i = 0; i < 3; i++) {
        test_view_close(&views[i]);
    }
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

static void EOP_8_unknown_receivers_get_fresh_pages(void **state) {
    (void)state;
    llmp_sender *sender =
        test_sender((llmp_sender_options){.page_size = MAP, .pages = LLMP_PAGES_DROP, .max_pages = 4});
    llmp_receiver *receiver = test_receiver(sender);
    for (uint64_t i = 0; i < 300; i++) {
        assert_ok(test_send_number(sender, i, BIG, LLMP_TRY));
        expect(receiver, i, i + 1);
    }
    assert_int_equal(stats_of(sender).pages_created, 100);
    assert_true(stats_of(sender).pages_live <= 4);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

static void kept_pages_stay_for_late_receivers(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = MAP, .pages = LLMP_PAGES_KEEP});
    llmp_receiver *early = test_receiver(sender);
    for (uint64_t i = 0; i < 300; i++) {
        assert_ok(test_send_number(sender, i, BIG, LLMP_TRY));
    }
    expect(early, 0, 300);
    llmp_receiver *late = test_receiver(sender);
    expect(late, 0, 300);
    assert_int_equal(stats_of(sender).pages_live, 100);
    llmp_receiver_free(early);
    llmp_receiver_free(late);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

/* A sender that may wait keeps to its window first; one whose pages never come back has nothing to wait for. */
static void only_pages_that_come_round_have_a_window(void **state) {
    (void)state;
    const llmp_pages policies[] = {LLMP_PAGES_REUSE, LLMP_PAGES_DROP, LLMP_PAGES_KEEP};
    for (size_t i = 0; i < 3; i++) {
        struct llmp_page_set pages;
        llmp_sender_options options = {
            .provider = llmp_shmem_provider_find("sysv"), .pages = policies[i], .max_pages = 8, .window = 2};
        assert_ok(llmp_pages_init(&pages, &options, MAP));
        int turned = 0;
        while (turned < 8 && llmp_pages_turn(&pages, MAP, 0, 0, false) == 0) {
            turned++;
        }
        assert_int_equal(turned, policies[i] == LLMP_PAGES_REUSE ? 2 : 8);
        while (turned < 8 && llmp_pages_turn(&pages, MAP, 0, 0, true) == 0) {
            turned++;
        }
        assert_int_equal(turned, 8);
        assert_rc(llmp_pages_turn(&pages, MAP, 0, 0, true), policies[i] == LLMP_PAGES_KEEP ? 0 : -EAGAIN);
        llmp_pages_fini(&pages);
    }
}

static void preallocated_channels_make_no_page_later(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = MAP, .preallocate = true, .max_pages = 5});
    llmp_receiver *receiver = test_receiver(sender);
    assert_int_equal(stats_of(sender).pages_created, 5);
    uint64_t sent = fill(sender, 0);
    assert_int_equal(sent, 15);
    expect(receiver, 0, sent);
    for (uint64_t i = sent; i < 200; i++) {
        assert_ok(test_send_number(sender, i, BIG, LLMP_TRY));
        expect(receiver, i, i + 1);
    }
    assert_int_equal(stats_of(sender).pages_created, 5);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

/* Larger messages need larger pages; the small ones go. */
static void SEND_1_small_pages_make_way_for_large_ones(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = MAP, .max_pages = 4});
    llmp_receiver *receiver = test_receiver(sender);
    for (uint64_t i = 0; i < 100; i++) {
        size_t length = i < 50 ? BIG : 20000;
        assert_ok(test_send_number(sender, i, length, LLMP_TRY));
        test_expect_number(receiver, i, length, LLMP_TRY);
    }
    assert_true(stats_of(sender).pages_live <= 4);
    /* 3 small messages a page make 17 pages, 3 large ones again 17: no page was turned to that was too small. */
    assert_int_equal(stats_of(sender).pages_turned, 33);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

/* ---------------------------------------------------------------- receivers that come, go and die */

static llmp_sender *broadcast(uint32_t history) {
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = MAP, .max_pages = history, .window = history});
    llmp_sender_broadcast(sender);
    return sender;
}

static llmp_receiver *admit(llmp_sender *sender) {
    llmp_shmem_desc desc;
    assert_ok(llmp_sender_admit(sender, &desc));
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .joined = true};
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(&desc, &options, &receiver));
    return receiver;
}

static void history_reaches_back_to_the_oldest_page(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(sender, i, BIG, LLMP_TRY));
    }
    llmp_receiver *late = admit(sender);
    expect(late, 90, 100);
    assert_int_equal(stats_of(sender).pages_created, 4);
    llmp_receiver_free(late);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

static void allocate_and_send(llmp_sender *sender, size_t length) {
    void *payload;
    assert_ok(llmp_sender_alloc(sender, length, LLMP_TRY, &payload));
    assert_ok(llmp_sender_commit(sender, 1, 0));
}

/* The bound is one of bytes unless pages were asked for: when messages grow, fewer pages of history are kept. */
static void history_stays_within_its_bytes_when_pages_grow(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = (size_t)4 << 20});
    llmp_sender_broadcast(sender);
    for (int i = 0; i < 40; i++) {
        allocate_and_send(sender, (size_t)3 << 19); /* two a page of 4 MiB */
    }
    assert_int_equal(stats_of(sender).pages_live, 16);
    for (int i = 0; i < 12; i++) {
        allocate_and_send(sender, (size_t)9 << 20); /* three a page of 32 MiB */
        assert_true(stats_of(sender).pages_live <= 4);
    }
    assert_int_equal(stats_of(sender).pages_live, 4);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

static void a_late_receiver_holds_up_the_pages_it_was_given(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *early = admit(sender);
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(sender, i, BIG, LLMP_TRY));
        expect(early, i, i + 1);
    }
    llmp_receiver *late = admit(sender);
    uint64_t sent = fill(sender, 100);
    assert_int_equal(sent, 102);
    expect(late, 90, sent);
    expect(early, 100, sent);
    assert_int_equal(fill(sender, sent), sent + 9);
    expect(late, sent, sent + 9);
    llmp_receiver_free(early);
    llmp_receiver_free(late);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

/* TCP-2: whoever was shown a page and has yet to answer holds nobody up, but its pages are not written again. */
static void TCP_2_an_offer_holds_nobody_up(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(3);
    llmp_receiver *reader = admit(sender);
    llmp_shmem_desc shown;
    llmp_sender_offer(sender, &shown);
    struct test_view view = test_view_open(&shown);
    for (uint64_t i = 0; i < 60; i++) {
        assert_ok(test_send_number(sender, i, BIG, LLMP_TRY));
        expect(reader, i, i + 1);
        assert_int_equal(test_slot(&view, 48)->message_id, 1);
        assert_int_equal(test_slot(&view, 48)->tag, 0);
    }
    assert_int_equal(view.page->magic, LLMP_PAGE_MAGIC_GIVEN_UP);
    uint64_t created = stats_of(sender).pages_created;
    llmp_sender_withdraw(sender);
    for (uint64_t i = 60; i < 120; i++) {
        assert_ok(test_send_number(sender, i, BIG, LLMP_TRY));
        expect(reader, i, i + 1);
    }
    assert_int_equal(stats_of(sender).pages_created, created);
    test_view_close(&view);
    llmp_receiver_free(reader);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

static void an_offer_that_is_taken_counts_like_any_other(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_shmem_desc shown;
    llmp_sender_offer(sender, &shown);
    assert_ok(test_send_number(sender, 0, BIG, LLMP_TRY));
    llmp_sender_confirm(sender);
    assert_int_equal(fill(sender, 1), 12);
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .joined = true};
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(&shown, &options, &receiver));
    expect(receiver, 0, 12);
    for (uint64_t i = 12; i < 100; i++) {
        assert_ok(test_send_number(sender, i, BIG, LLMP_TRY));
        expect(receiver, i, i + 1);
    }
    assert_int_equal(stats_of(sender).pages_created, 4);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

/* One of two dies somewhere on the way: nobody can tell where, so no page that it knew is used again, and the other
 * one still gets everything. */
static void EOP_8_a_dead_receivers_pages_are_dropped(void **state) {
    (void)state;
    for (uint64_t died_at = 0; died_at < 12; died_at++) {
        llmp_sender *sender = broadcast(4);
        llmp_receiver *dead = admit(sender);
        llmp_receiver *alive = admit(sender);
        uint64_t sent = fill(sender, 0);
        expect(dead, 0, died_at);
        llmp_sender_dismiss(sender);
        expect(alive, 0, sent - 4);
        /* It has come to the last page, which is older than the death: whether the others are read is uncertain. */
        uint64_t i = sent - 4;
        for (; i < sent; i++) {
            expect(alive, i, i + 1);
        }
        while (test_send_number(sender, sent, BIG, LLMP_TRY) != 0) {
            assert_ok(llmp_sender_cut(sender));
        }
        for (; sent < 200; sent++) {
            expect(alive, sent, sent + 1);
            assert_ok(test_send_number(sender, sent + 1, BIG, LLMP_TRY));
        }
        assert_true(stats_of(sender).pages_created <= 8);
        llmp_receiver_free(dead);
        llmp_receiver_free(alive);
        assert_ok(llmp_sender_free(sender, LLMP_TRY));
    }
}

/* One of two is gone, and the other has read nothing: that somebody is gone does not make its pages free. */
static void EOP_8_a_death_does_not_cut_off_the_living(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *dead = admit(sender);
    llmp_receiver *alive = admit(sender);
    uint64_t sent = fill(sender, 0);
    expect(dead, 0, sent);
    llmp_sender_dismiss(sender);
    assert_rc(test_send_number(sender, sent, BIG, LLMP_TRY), -EAGAIN);
    expect(alive, 0, sent);
    llmp_receiver_free(dead);
    llmp_receiver_free(alive);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

/* Somebody who was counted out and reads on all the same: no page that it knows is written anew. */
static void EOP_8_the_pages_of_who_was_dismissed_never_change(void **state) {
    (void)state;
    for (uint64_t stands_at = 1; stands_at < 12; stands_at++) {
        llmp_sender *sender = broadcast(4);
        llmp_receiver *dismissed = admit(sender);
        uint64_t sent = fill(sender, 0);
        expect(dismissed, 0, stands_at);
        llmp_sender_dismiss(sender);
        for (; sent < 100; sent++) {
            assert_ok(test_send_number(sender, sent, BIG, LLMP_TRY));
        }
        llmp_message message;
        int rc = 0;
        for (uint64_t next = stands_at; next < 12 && rc == 0; next++) {
            rc = llmp_recv(dismissed, &message, LLMP_TRY);
            assert_true(rc == -LLMP_E_EOP_GONE || (rc == 0 && message.tag == next));
        }
        llmp_receiver_free(dismissed);
        assert_ok(llmp_sender_free(sender, LLMP_TRY));
    }
}

static void pages_of_the_dead_alone_are_dropped_at_once(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *dead = admit(sender);
    uint64_t sent = fill(sender, 0);
    llmp_sender_dismiss(sender);
    for (uint64_t i = sent; i < 100; i++) {
        assert_ok(test_send_number(sender, i, BIG, LLMP_TRY));
    }
    llmp_receiver_free(dead);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

/* Cut off: the page under its feet stays readable, the one that it had yet to reach is gone, and it is told so. */
static void a_receiver_that_is_cut_off_gets_a_clean_error(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *slow = admit(sender);
    uint64_t sent = fill(sender, 0);
    expect(slow, 0, 1);
    assert_ok(llmp_sender_cut(sender));
    assert_ok(llmp_sender_cut(sender));
    assert_ok(test_send_number(sender, sent, BIG, LLMP_TRY));
    expect(slow, 1, 3);
    llmp_message message;
    assert_rc(llmp_recv(slow, &message, LLMP_TRY), -LLMP_E_EOP_GONE);
    llmp_receiver_free(slow);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

static void one_page_too_few_does_not_cut_off(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    llmp_receiver *slow = admit(sender);
    uint64_t sent = fill(sender, 0);
    expect(slow, 0, 1);
    assert_ok(llmp_sender_cut(sender));
    assert_ok(test_send_number(sender, sent, BIG, LLMP_TRY));
    expect(slow, 1, sent + 1);
    llmp_receiver_free(slow);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

static void the_page_being_written_cannot_be_cut(void **state) {
    (void)state;
    llmp_sender *sender = broadcast(4);
    assert_rc(llmp_sender_cut(sender), -EAGAIN);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

/* A descriptor's number is free once its page is gone, and the next page has it: the kept mapping is the old page's. */
static void EOP_6_a_kept_mapping_of_a_dead_page_is_not_believed(void **state) {
    (void)state;
    const llmp_shmem_provider *memfd = llmp_shmem_provider_find("memfd");
    llmp_sender *sender = test_sender(
        (llmp_sender_options){.provider = memfd, .page_size = MAP, .pages = LLMP_PAGES_DROP, .max_pages = 4});
    llmp_receiver_options options = {.provider = memfd, .max_mapped = 100};
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(&desc, &options, &receiver));
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(sender, i, BIG, LLMP_TRY));
        expect(receiver, i, i + 1);
    }
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(receiver, &stats);
    assert_true(stats.maps_opened > stats.maps_live);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

static void receivers_keep_no_more_maps_than_they_may(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = MAP, .pages = LLMP_PAGES_KEEP});
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .max_mapped = 3};
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(&desc, &options, &receiver));
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(sender, i, BIG, LLMP_TRY));
        expect(receiver, i, i + 1);
    }
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(receiver, &stats);
    assert_int_equal(stats.maps_live, 3);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_TRY));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(EOP_6_pages_come_round),
        cmocka_unit_test(EOP_8_a_slow_second_receiver_loses_nothing),
        cmocka_unit_test(EOP_8_a_receiver_between_two_pages_is_waited_for),
        cmocka_unit_test(EOP_8_unknown_receivers_get_fresh_pages),
        cmocka_unit_test(kept_pages_stay_for_late_receivers),
        cmocka_unit_test(only_pages_that_come_round_have_a_window),
        cmocka_unit_test(preallocated_channels_make_no_page_later),
        cmocka_unit_test(SEND_1_small_pages_make_way_for_large_ones),
        cmocka_unit_test(history_reaches_back_to_the_oldest_page),
        cmocka_unit_test(history_stays_within_its_bytes_when_pages_grow),
        cmocka_unit_test(a_late_receiver_holds_up_the_pages_it_was_given),
        cmocka_unit_test(TCP_2_an_offer_holds_nobody_up),
        cmocka_unit_test(an_offer_that_is_taken_counts_like_any_other),
        cmocka_unit_test(EOP_8_a_dead_receivers_pages_are_dropped),
        cmocka_unit_test(EOP_8_a_death_does_not_cut_off_the_living),
        cmocka_unit_test(EOP_8_the_pages_of_who_was_dismissed_never_change),
        cmocka_unit_test(pages_of_the_dead_alone_are_dropped_at_once),
        cmocka_unit_test(a_receiver_that_is_cut_off_gets_a_clean_error),
        cmocka_unit_test(one_page_too_few_does_not_cut_off),
        cmocka_unit_test(the_page_being_written_cannot_be_cut),
        cmocka_unit_test(EOP_6_a_kept_mapping_of_a_dead_page_is_not_believed),
        cmocka_unit_test(receivers_keep_no_more_maps_than_they_may),
    };
    return cmocka_run_group_tests_name("reuse", tests, NULL, NULL);
}
