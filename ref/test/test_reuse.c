/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* When a sender may write a page again, and when it must not. */
#include <errno.h>
#include <string.h>

#include "channel/pages.h"
#include "channel/sender.h"
#include "channel/sender_state.h"
#include "support.h"

/* In the steady state, no page is created or opened, and every message arrives once and in order. */
static void EOP_6_pages_are_reused(void **state) {
    (void)state;
    const llmp_reuse_order orders[] = {LLMP_REUSE_OLDEST, LLMP_REUSE_NEWEST};
    for (size_t o = 0; o < 2; o++) {
        llmp_sender *sender = test_sender(
            (llmp_sender_options){.page_size = TEST_MAP, .reuse_order = orders[o], .max_pages = 8, .window = 4});
        llmp_receiver *receiver = test_receiver(sender);
        for (uint64_t i = 0; i < 3000; i++) {
            assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
            test_expect_big(receiver, i, i + 1);
        }
        llmp_receiver_stats seen;
        llmp_receiver_stats_get(receiver, &seen, sizeof seen);
        assert_int_equal(test_stats_of(sender).pages_created, orders[o] == LLMP_REUSE_OLDEST ? 4 : 2);
        assert_int_equal(seen.maps_opened, test_stats_of(sender).pages_created);
        assert_int_equal(seen.pages_turned, 999);
        llmp_receiver_free(receiver);
        assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    }
}

static llmp_sender *sender_with_few_segments(llmp_sender_options options) {
    options.provider = test_provider_with(3);
    options.page_size = TEST_MAP;
    return test_sender(options);
}

/* A window larger than the memory of the system is not an error. */
static void EOP_6_a_window_is_limited_by_memory(void **state) {
    (void)state;
    llmp_sender *sender = sender_with_few_segments((llmp_sender_options){.window = 8});
    llmp_receiver *receiver = test_receiver(sender);
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(receiver, i, i + 1);
    }
    assert_int_equal(test_stats_of(sender).pages_created, 3);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* No message is lost, and the sender continues when receivers free a page. Kept pages are never freed. */
static void EOP_7_memory_bounds_the_pages(void **state) {
    (void)state;
    const llmp_page_policy policies[] = {LLMP_PAGES_REUSE, LLMP_PAGES_DROP, LLMP_PAGES_KEEP};
    for (size_t i = 0; i < 3; i++) {
        llmp_sender *sender = sender_with_few_segments((llmp_sender_options){.page_policy = policies[i]});
        llmp_receiver *receiver = test_receiver(sender);
        uint64_t sent = test_fill(sender, 0);
        int rc = test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT);
        assert_rc(rc, policies[i] == LLMP_PAGES_KEEP ? -ENOSPC : -EAGAIN);
        test_expect_big(receiver, 0, sent);
        (void)test_provider_with(policies[i] == LLMP_PAGES_DROP);
        rc = test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT);
        assert_rc(rc, policies[i] == LLMP_PAGES_KEEP ? -ENOSPC : 0);
        llmp_receiver_free(receiver);
        assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    }
}

static void a_history_is_limited_by_memory(void **state) {
    (void)state;
    llmp_sender *sender = sender_with_few_segments((llmp_sender_options){.max_pages = 8, .window = 8});
    assert_ok(llmp_sender_make_broadcast(sender));
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
    }
    assert_int_equal(test_stats_of(sender).pages_created, 3);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* The only page is being written, so no receiver can free it. */
static void EOP_7_no_memory_for_a_second_page_is_an_error(void **state) {
    (void)state;
    llmp_sender *sender = sender_with_few_segments((llmp_sender_options){0});
    llmp_receiver *receiver = test_receiver(sender);
    (void)test_provider_with(0);
    uint64_t sent = test_fill(sender, 0);
    test_expect_big(receiver, 0, sent);
    assert_rc(test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT), -ENOSPC);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* LibAFL's rule, as many left as joined, would reuse the first page here, before the slow receiver has joined it. */
static void EOP_8_a_slow_second_receiver_loses_no_message(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .receivers = 2, .max_pages = 4});
    llmp_receiver *fast = test_receiver(sender);
    llmp_receiver *slow = test_receiver(sender);
    uint64_t sent = 0;
    uint64_t read_slowly = 0;
    for (int round = 0; round < 50; round++) {
        uint64_t before = sent;
        sent = test_fill(sender, sent);
        test_expect_big(fast, before, sent);
        assert_rc(test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT), -EAGAIN);
        test_expect_big(slow, read_slowly, read_slowly + 4);
        read_slowly += 4;
    }
    test_expect_big(slow, read_slowly, sent);
    llmp_receiver_free(fast);
    llmp_receiver_free(slow);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/*
 * LibAFL's receivers leave a page before they join the next one, so a slow receiver can be between two pages and
 * counted on neither. Here both receivers left the first page, and only the fast one joined and left the second.
 */
static void EOP_8_a_receiver_between_two_pages_is_waited_for(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .receivers = 2, .max_pages = 3});
    struct test_view views[3];
    const uint16_t joined[] = {2, 1, 1};
    const uint16_t left[] = {2, 1, 0};
    for (int i = 0; i < 3; i++) {
        assert_ok(test_send_number(sender, 0, TEST_BIG, LLMP_NOWAIT));
        llmp_shmem_desc desc = llmp_shmem_describe(llmp_pages_newest(&sender->pages)->map);
        views[i] = test_view_open(&desc);
        views[i].page->joined = joined[i];
        views[i].page->left = left[i];
        assert_ok(test_send_number(sender, 0, TEST_BIG, LLMP_NOWAIT));
        assert_ok(test_send_number(sender, 0, TEST_BIG, LLMP_NOWAIT));
    }
    assert_int_equal(test_stats_of(sender).pages_turned, 2);
    (void)test_fill(sender, 0);
    assert_int_equal(test_stats_of(sender).pages_turned, 3);
    assert_int_equal(views[1].page->magic, LLMP_PAGE_MAGIC);
    views[1].page->joined = 2;
    views[1].page->left = 2;
    (void)test_fill(sender, 0);
    assert_int_equal(test_stats_of(sender).pages_turned, 4);
    for (int i = 0; i < 3; i++) {
        test_view_close(&views[i]);
    }
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/*
 * All pages are older than the removals, so their counters do not prove that the active receiver has read them. One
 * more page for each removal does.
 */
static void EOP_8_removed_receivers_do_not_block_an_active_one(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .receivers = 3, .max_pages = 4});
    llmp_receiver *removed[] = {test_receiver(sender), test_receiver(sender)};
    llmp_receiver *active = test_receiver(sender);
    uint64_t sent = test_fill(sender, 0);
    for (int i = 0; i < 2; i++) {
        llmp_sender_remove_receiver(sender);
        uint64_t more = test_fill(sender, sent);
        assert_int_equal(more, sent + 3);
        sent = more;
    }
    test_expect_big(active, 0, sent);
    for (; sent < 100; sent++) {
        assert_ok(test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(active, sent, sent + 1);
    }
    assert_true(test_stats_of(sender).pages_live <= 4);
    llmp_receiver_free(removed[0]);
    llmp_receiver_free(removed[1]);
    llmp_receiver_free(active);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void EOP_8_dropped_pages_are_never_reused(void **state) {
    (void)state;
    llmp_sender *sender =
        test_sender((llmp_sender_options){.page_size = TEST_MAP, .page_policy = LLMP_PAGES_DROP, .max_pages = 4});
    llmp_receiver *receiver = test_receiver(sender);
    for (uint64_t i = 0; i < 300; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(receiver, i, i + 1);
    }
    assert_int_equal(test_stats_of(sender).pages_created, 100);
    assert_true(test_stats_of(sender).pages_live <= 4);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void a_late_receiver_reads_all_kept_pages(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .page_policy = LLMP_PAGES_KEEP});
    llmp_receiver *early = test_receiver(sender);
    for (uint64_t i = 0; i < 300; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
    }
    test_expect_big(early, 0, 300);
    llmp_receiver *late = test_receiver(sender);
    test_expect_big(late, 0, 300);
    assert_int_equal(test_stats_of(sender).pages_live, 100);
    llmp_receiver_free(early);
    llmp_receiver_free(late);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void preallocated_channels_create_no_page_later(void **state) {
    (void)state;
    llmp_sender *sender =
        test_sender((llmp_sender_options){.page_size = TEST_MAP, .preallocate = true, .max_pages = 5});
    llmp_receiver *receiver = test_receiver(sender);
    assert_int_equal(test_stats_of(sender).pages_created, 5);
    uint64_t sent = test_fill(sender, 0);
    assert_int_equal(sent, 15);
    test_expect_big(receiver, 0, sent);
    for (uint64_t i = sent; i < 200; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(receiver, i, i + 1);
    }
    assert_int_equal(test_stats_of(sender).pages_created, 5);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void SEND_1_pages_too_small_for_a_message_are_removed(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_pages = 4});
    llmp_receiver *receiver = test_receiver(sender);
    for (uint64_t i = 0; i < 100; i++) {
        size_t length = i < 50 ? TEST_BIG : 20000;
        assert_ok(test_send_number(sender, i, length, LLMP_NOWAIT));
        test_expect_number(receiver, i, length, LLMP_NOWAIT);
    }
    assert_true(test_stats_of(sender).pages_live <= 4);
    /* 17 pages of three small messages, and 17 pages of three large ones: no page that was too small was used. */
    assert_int_equal(test_stats_of(sender).pages_turned, 33);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* The next memfd page gets the descriptor number of a removed one, so the receiver has an outdated map of that id. */
static void EOP_6_the_map_of_a_removed_page_is_not_used_for_a_new_one(void **state) {
    (void)state;
    const llmp_shmem_provider *memfd = llmp_shmem_provider_find("memfd");
    llmp_sender *sender = test_sender((llmp_sender_options){
        .provider = memfd, .page_size = TEST_MAP, .page_policy = LLMP_PAGES_DROP, .max_pages = 4});
    llmp_receiver_options options = {.provider = memfd, .max_mapped_pages = 100};
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(&desc, &options, &receiver));
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(receiver, i, i + 1);
    }
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(receiver, &stats, sizeof stats);
    assert_true(stats.maps_opened > stats.maps_live);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void receivers_keep_at_most_max_mapped_pages(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .page_policy = LLMP_PAGES_KEEP});
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .max_mapped_pages = 3};
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(&desc, &options, &receiver));
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(receiver, i, i + 1);
    }
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(receiver, &stats, sizeof stats);
    assert_int_equal(stats.maps_live, 3);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(EOP_6_pages_are_reused),
        cmocka_unit_test(EOP_6_a_window_is_limited_by_memory),
        cmocka_unit_test(EOP_7_memory_bounds_the_pages),
        cmocka_unit_test(a_history_is_limited_by_memory),
        cmocka_unit_test(EOP_7_no_memory_for_a_second_page_is_an_error),
        cmocka_unit_test(EOP_8_a_slow_second_receiver_loses_no_message),
        cmocka_unit_test(EOP_8_a_receiver_between_two_pages_is_waited_for),
        cmocka_unit_test(EOP_8_removed_receivers_do_not_block_an_active_one),
        cmocka_unit_test(EOP_8_dropped_pages_are_never_reused),
        cmocka_unit_test(a_late_receiver_reads_all_kept_pages),
        cmocka_unit_test(preallocated_channels_create_no_page_later),
        cmocka_unit_test(SEND_1_pages_too_small_for_a_message_are_removed),
        cmocka_unit_test(EOP_6_the_map_of_a_removed_page_is_not_used_for_a_new_one),
        cmocka_unit_test(receivers_keep_at_most_max_mapped_pages),
    };
    return cmocka_run_group_tests_name("reuse", tests, NULL, NULL);
}
