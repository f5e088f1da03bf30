/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Holds: pages whose messages stay in place after the receiver has read on. */
#include <errno.h>

#include "channel/sender.h"
#include "raw_page.h"
#include "support.h"

static llmp_receiver *receiver_of(const llmp_sender *sender, llmp_receiver_options options) {
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    llmp_receiver *receiver;
    options.provider = options.provider != NULL ? options.provider : llmp_shmem_provider_find("sysv");
    assert_ok(llmp_receiver_new(&desc, &options, &receiver));
    return receiver;
}

static llmp_receiver_stats stats_of(const llmp_receiver *receiver) {
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(receiver, &stats, sizeof stats);
    return stats;
}

static llmp_page_hold *hold(llmp_receiver *receiver) {
    llmp_page_hold *held;
    assert_ok(llmp_receiver_hold(receiver, &held));
    return held;
}

/* A big message that was received, and the hold on its page. */
struct kept {
    llmp_message message;
    uint64_t number;
    llmp_page_hold *hold;
};

static struct kept keep(llmp_receiver *receiver, uint64_t number) {
    struct kept kept = {.number = number};
    assert_ok(llmp_recv(receiver, &kept.message, LLMP_NOWAIT));
    test_payload_expect(&kept.message, number, TEST_BIG);
    kept.hold = hold(receiver);
    return kept;
}

static void expect_kept(const struct kept *kept) {
    test_payload_expect(&kept->message, kept->number, TEST_BIG);
}

static void EOP_8_a_held_page_is_not_written_again(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_pages = 3});
    llmp_receiver *receiver = receiver_of(sender, (llmp_receiver_options){0});
    assert_int_equal(test_fill(sender, 0), 9);
    struct kept kept = keep(receiver, 0);
    test_expect_big(receiver, 1, 9);
    assert_int_equal(test_fill(sender, 9), 9);
    expect_kept(&kept);
    llmp_page_hold_release(kept.hold);
    assert_int_equal(test_fill(sender, 9), 15);
    test_expect_big(receiver, 9, 15);
    assert_int_equal(test_stats_of(sender).pages_created, 3);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* With or without holds, the page is left once, and not before the receiver and the last hold are done with it. */
static void EOP_5_the_last_release_leaves_the_page(void **state) {
    (void)state;
    for (int held = 0; held < 4; held++) {
        for (int early = 0; early <= held; early++) {
            llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP});
            llmp_receiver *receiver = receiver_of(sender, (llmp_receiver_options){0});
            llmp_shmem_desc desc = llmp_sender_describe(sender);
            struct test_view view = test_view_open(&desc);
            for (uint64_t i = 0; i < 4; i++) {
                assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
            }
            llmp_page_hold *holds[4] = {0};
            for (int i = 0; i < held; i++) {
                test_expect_big(receiver, (uint64_t)i, (uint64_t)i + 1);
                holds[i] = hold(receiver);
            }
            for (int i = 0; i < early; i++) {
                llmp_page_hold_release(holds[i]);
                assert_int_equal(view.page->left, 0);
            }
            test_expect_big(receiver, (uint64_t)held, 4);
            for (int i = early; i < held; i++) {
                assert_int_equal(view.page->left, 0);
                llmp_page_hold_release(holds[i]);
            }
            assert_int_equal(view.page->left, 1);
            llmp_receiver_free(receiver);
            assert_int_equal(view.page->joined, 1);
            assert_int_equal(view.page->left, 1);
            test_view_close(&view);
            assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
        }
    }
}

/* A hold on a newer page than the oldest held one, released first, frees no page. */
static void holds_on_several_pages_end_in_any_order(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_pages = 4});
    llmp_receiver *receiver = receiver_of(sender, (llmp_receiver_options){0});
    assert_int_equal(test_fill(sender, 0), 12);
    struct kept kept[12];
    for (uint64_t i = 0; i < 12; i++) {
        kept[i] = keep(receiver, i);
    }
    assert_int_equal(stats_of(receiver).maps_live, 4);
    for (int i = 11; i > 0; i--) {
        llmp_page_hold_release(kept[i].hold);
        expect_kept(&kept[0]);
        assert_int_equal(test_fill(sender, 12), 12);
    }
    llmp_page_hold_release(kept[0].hold);
    assert_int_equal(test_fill(sender, 12), 21);
    test_expect_big(receiver, 12, 21);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* Every page is held and released. Its map is found again when the page is reused. */
static void EOP_6_reused_pages_are_not_opened_again_after_a_hold(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_pages = 4, .window = 4});
    llmp_receiver *receiver = receiver_of(sender, (llmp_receiver_options){0});
    struct kept kept = {0};
    for (uint64_t i = 0; i < 600; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        struct kept next = keep(receiver, i);
        llmp_page_hold_release(kept.hold); /* of the message before, often on the page before */
        kept = next;
    }
    llmp_page_hold_release(kept.hold);
    assert_int_equal(test_stats_of(sender).pages_created, 4);
    assert_int_equal(stats_of(receiver).maps_opened, 4);
    assert_int_equal(stats_of(receiver).maps_live, 4);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void held_pages_do_not_count_as_mapped_pages(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .page_policy = LLMP_PAGES_KEEP});
    llmp_receiver *receiver = receiver_of(sender, (llmp_receiver_options){.max_mapped_pages = 2});
    for (uint64_t i = 0; i < 60; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
    }
    struct kept kept[60];
    for (uint64_t i = 0; i < 60; i++) {
        kept[i] = keep(receiver, i);
        if (i >= 9) {
            llmp_page_hold_release(kept[i].hold);
        }
    }
    for (int i = 0; i < 9; i++) {
        expect_kept(&kept[i]);
    }
    assert_int_equal(stats_of(receiver).maps_live, 3 + 3); /* held, and kept: the last one is on the way back */
    for (int i = 0; i < 9; i++) {
        llmp_page_hold_release(kept[i].hold);
    }
    for (uint64_t i = 60; i < 72; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(receiver, i, i + 1);
    }
    assert_int_equal(stats_of(receiver).maps_live, 2);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* Descriptors of removed pages are soon used for new pages, so the held page and a later one have the same id. */
static void an_evicted_page_stays_readable_while_it_is_held(void **state) {
    (void)state;
    const char *const providers[] = {"sysv", "posix", "memfd"};
    for (int p = 0; p < 3; p++) {
        const llmp_shmem_provider *provider = llmp_shmem_provider_find(providers[p]);
        llmp_sender *sender = test_sender(
            (llmp_sender_options){.provider = provider, .page_size = TEST_MAP, .max_pages = 3, .window = 3});
        llmp_receiver *receiver = receiver_of(sender, (llmp_receiver_options){.provider = provider});
        assert_int_equal(test_fill(sender, 0), 9);
        struct kept kept = keep(receiver, 0);
        test_expect_big(receiver, 1, 9);
        assert_ok(llmp_sender_evict_oldest(sender));
        for (uint64_t i = 9; i < 60; i++) {
            assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
            test_expect_big(receiver, i, i + 1);
        }
        expect_kept(&kept);
        llmp_page_hold_release(kept.hold);
        test_expect_big(receiver, 60, test_fill(sender, 60));
        llmp_receiver_free(receiver);
        assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    }
}

/* Its sender no longer waits for it, and drops the pages that it knows. */
static void EOP_8_a_removed_receivers_held_page_never_changes(void **state) {
    (void)state;
    llmp_sender *sender =
        test_sender((llmp_sender_options){.page_size = TEST_MAP, .receivers = 2, .max_pages = 4, .window = 4});
    llmp_receiver *removed = receiver_of(sender, (llmp_receiver_options){0});
    llmp_receiver *active = receiver_of(sender, (llmp_receiver_options){0});
    uint64_t sent = test_fill(sender, 0);
    test_expect_big(removed, 0, 3);
    struct kept kept = keep(removed, 3);
    test_expect_big(removed, 4, 9);
    test_expect_big(active, 0, sent);
    llmp_sender_remove_receiver(sender);
    for (; sent < 100; sent++) {
        assert_ok(test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(active, sent, sent + 1);
    }
    expect_kept(&kept);
    llmp_page_hold_release(kept.hold);
    llmp_receiver_free(removed);
    llmp_receiver_free(active);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* Page a is held when page b names it again: the second visit joins and leaves it like a page of its own. */
static void EOP_5_a_ring_through_a_held_page(void **state) {
    (void)state;
    struct raw_page a = raw_page_new(TEST_MAP);
    struct raw_page b = raw_page_new(TEST_MAP);
    llmp_shmem_desc desc_a = llmp_shmem_describe(a.map);
    llmp_shmem_desc desc_b = llmp_shmem_describe(b.map);
    raw_page_end(&a, raw_page_put_messages(&a, 1), 2, &desc_b);
    raw_page_end(&b, raw_page_put_messages(&b, 1), 2, &desc_a);
    assert_ok(raw_page_open(&a));
    llmp_message messages[5];
    llmp_page_hold *holds[5];
    for (int i = 0; i < 5; i++) {
        assert_ok(llmp_recv(a.receiver, &messages[i], LLMP_NOWAIT));
        holds[i] = hold(a.receiver);
    }
    assert_int_equal(a.page->joined, 3);
    assert_int_equal(a.page->left, 0);
    for (int i = 0; i < 4; i++) {
        llmp_page_hold_release(holds[i]);
    }
    assert_int_equal(a.page->left, 2);
    assert_int_equal(b.page->left, 2);
    assert_int_equal(*(const unsigned char *)messages[4].payload, 0);
    assert_ok(llmp_recv(a.receiver, &messages[0], LLMP_NOWAIT));
    assert_int_equal(stats_of(a.receiver).maps_opened, 5);
    assert_int_equal(stats_of(a.receiver).maps_live, 3); /* one held, and one of each page */
    llmp_receiver_free(a.receiver);
    a.receiver = NULL;
    assert_int_equal(a.page->left, 3);
    assert_int_equal(b.page->joined, 3);
    assert_int_equal(b.page->left, 3);
    raw_page_free(&a);
    raw_page_free(&b);
}

static void freeing_the_receiver_ends_all_holds(void **state) {
    (void)state;
    int maps = test_inproc_maps();
    llmp_sender *sender =
        test_sender((llmp_sender_options){.provider = &test_inproc, .page_size = TEST_MAP, .max_pages = 4});
    llmp_receiver *receiver = receiver_of(sender, (llmp_receiver_options){.provider = &test_inproc});
    assert_int_equal(test_fill(sender, 0), 12);
    for (uint64_t i = 0; i < 12; i++) {
        (void)keep(receiver, i);
    }
    llmp_receiver_free(receiver);
    assert_int_equal(test_fill(sender, 12), 24); /* all four pages were left */
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    assert_int_equal(test_inproc_maps(), maps);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(EOP_8_a_held_page_is_not_written_again),
        cmocka_unit_test(EOP_5_the_last_release_leaves_the_page),
        cmocka_unit_test(holds_on_several_pages_end_in_any_order),
        cmocka_unit_test(EOP_6_reused_pages_are_not_opened_again_after_a_hold),
        cmocka_unit_test(held_pages_do_not_count_as_mapped_pages),
        cmocka_unit_test(an_evicted_page_stays_readable_while_it_is_held),
        cmocka_unit_test(EOP_8_a_removed_receivers_held_page_never_changes),
        cmocka_unit_test(EOP_5_a_ring_through_a_held_page),
        cmocka_unit_test(freeing_the_receiver_ends_all_holds),
    };
    return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
