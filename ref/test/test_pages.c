/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The pages of a sender (channel/pages), without a sender around them: the window, and pages that are adopted. */
#include <errno.h>
#include <stdlib.h>

#include "channel/page_readers.h"
#include "channel/pages.h"
#include "channel/sender_state.h"
#include "support.h"

static struct llmp_page_set pages_of(llmp_sender_options options) {
    struct llmp_page_set pages;
    options.provider = llmp_shmem_provider_find("sysv");
    assert_ok(llmp_pages_init(&pages, &options, TEST_MAP));
    return pages;
}

/* A channel that never reuses a page has no window: no page would be free after a wait. */
static void only_reused_pages_have_a_window(void **state) {
    (void)state;
    const llmp_page_policy policies[] = {LLMP_PAGES_REUSE, LLMP_PAGES_DROP, LLMP_PAGES_KEEP};
    for (size_t i = 0; i < 3; i++) {
        struct llmp_page_set pages =
            pages_of((llmp_sender_options){.page_policy = policies[i], .max_pages = 8, .window = 2});
        int turned = 0;
        while (turned < 8 && llmp_pages_turn(&pages, TEST_MAP, 0, 0, false) == 0) {
            turned++;
        }
        assert_int_equal(turned, policies[i] == LLMP_PAGES_REUSE ? 2 : 8);
        while (turned < 8 && llmp_pages_turn(&pages, TEST_MAP, 0, 0, true) == 0) {
            turned++;
        }
        assert_int_equal(turned, 8);
        assert_rc(llmp_pages_turn(&pages, TEST_MAP, 0, 0, true), policies[i] == LLMP_PAGES_KEEP ? 0 : -EAGAIN);
        llmp_pages_fini(&pages);
    }
}

/* ---------------------------------------------------------------- adopted pages */

/* A page of `sender`, mapped again, as a process that takes the channel over would map it. */
static struct llmp_sender_page page_of(const llmp_sender *sender) {
    llmp_shmem_desc desc = llmp_shmem_describe(llmp_pages_newest(&sender->pages)->map);
    struct llmp_sender_page page = {.expected = 1};
    assert_ok(llmp_shmem_open(llmp_shmem_provider_find("sysv"), &desc, NULL, &page.map));
    return page;
}

static void an_adopted_page_is_the_newest_and_unchanged(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    assert_ok(test_send_number(sender, 0, 8, LLMP_NOWAIT));
    struct llmp_page_set pages = pages_of((llmp_sender_options){.max_pages = 4});
    struct llmp_sender_page page = page_of(sender);
    page.expected = 3;
    page.removed = 1;
    assert_ok(llmp_pages_adopt(&pages, &page));
    const struct llmp_sender_page *newest = llmp_pages_newest(&pages);
    assert_ptr_equal(newest->map, page.map);
    assert_ptr_equal(newest->page, llmp_shmem_data(page.map));
    assert_int_equal(newest->size, TEST_MAP);
    assert_int_equal(newest->number, 1);
    assert_int_equal(newest->page->current_msg_id, 1);
    assert_int_equal(pages.receivers, 2);
    assert_int_equal(pages.created, 0);
    assert_ok(llmp_pages_turn(&pages, TEST_MAP, 0, 0, true));
    assert_ptr_equal(llmp_pages_oldest(&pages)->map, page.map);
    assert_int_equal(llmp_pages_newest(&pages)->expected, 2);
    assert_int_equal(llmp_pages_newest(&pages)->number, 2);
    llmp_pages_fini(&pages);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* Two unread pages, the older of which the receiver leaves. */
static void EOP_8_an_adopted_page_waits_for_its_receivers(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    llmp_receiver *receiver = test_receiver(sender);
    struct llmp_page_set pages = pages_of((llmp_sender_options){.max_pages = 3});
    struct llmp_sender_page first = page_of(sender);
    for (uint64_t i = 0; i < 4; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
    }
    struct llmp_sender_page second = page_of(sender);
    assert_ok(llmp_pages_adopt(&pages, &first));
    assert_ok(llmp_pages_adopt(&pages, &second));
    assert_ok(llmp_pages_turn(&pages, TEST_MAP, 0, 0, true));
    assert_rc(llmp_pages_turn(&pages, TEST_MAP, 0, 0, true), -EAGAIN);
    assert_int_equal(llmp_pages_outstanding(&pages), 1);
    test_expect_big(receiver, 0, 4);
    assert_ok(llmp_pages_turn(&pages, TEST_MAP, 0, 0, true));
    assert_ptr_equal(llmp_pages_oldest(&pages)->map, second.map);
    assert_ptr_equal(llmp_pages_newest(&pages)->map, first.map); /* reused */
    assert_int_equal(llmp_pages_newest(&pages)->page->current_msg_id, 0);
    llmp_receiver_free(receiver);
    llmp_pages_fini(&pages);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void joins_by_proxy_are_adopted_with_the_page(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    llmp_receiver *receiver = test_receiver(sender);
    for (uint32_t proxies = 0; proxies < 2; proxies++) {
        struct llmp_page_set pages = pages_of((llmp_sender_options){0});
        struct llmp_sender_page page = page_of(sender);
        page.joined_by_proxy = proxies;
        assert_ok(llmp_pages_adopt(&pages, &page));
        assert_int_equal(llmp_pages_arrived(&pages), proxies == 0);
        llmp_pages_fini(&pages);
    }
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void expect_refused(struct llmp_sender_page page, int rc) {
    struct llmp_page_set pages = pages_of((llmp_sender_options){0});
    assert_rc(llmp_pages_adopt(&pages, &page), rc);
    assert_int_equal(pages.live.count, 0);
    assert_int_equal(pages.receivers, 1);
    llmp_pages_fini(&pages);
}

static void PAGE_3_a_map_that_is_no_page_is_not_adopted(void **state) {
    (void)state;
    struct llmp_sender_page page = {.expected = 1};
    assert_ok(llmp_shmem_create(llmp_shmem_provider_find("sysv"), TEST_MAP, NULL, &page.map));
    expect_refused(page, -LLMP_E_PAGE_MAGIC);
    struct llmp_page *bytes = llmp_shmem_data(page.map);
    llmp_page_init(bytes, TEST_MAP, 0, 0);
    page.removed = 2;
    expect_refused(page, -EINVAL);
    page.removed = 0;
    page.joined_by_proxy = 2;
    expect_refused(page, -EINVAL);
    page.joined_by_proxy = 0;
    bytes->magic = LLMP_PAGE_MAGIC_RETIRED;
    expect_refused(page, -LLMP_E_PAGE_RETIRED);
    llmp_shmem_close(page.map);
    assert_ok(llmp_shmem_create(llmp_shmem_provider_find("sysv"), LLMP_PAGE_SIZE_MIN - 1, NULL, &page.map));
    llmp_page_init(llmp_shmem_data(page.map), LLMP_PAGE_SIZE_MIN - 1, 0, 0);
    expect_refused(page, -LLMP_E_PAGE_TOO_SMALL);
    llmp_shmem_close(page.map);
}

/* The new sender has the private state of the old one. The receiver does not notice. */
static void RECV_4_a_sender_resumes_on_an_adopted_page(void **state) {
    (void)state;
    llmp_sender *old = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    llmp_receiver *receiver = test_receiver(old);
    assert_ok(test_send_number(old, 0, TEST_BIG, LLMP_NOWAIT));
    assert_ok(test_send_number(old, 1, TEST_BIG, LLMP_NOWAIT));
    llmp_sender *resumed = calloc(1, sizeof *resumed);
    *resumed = (struct llmp_sender){.id = 1, .batch = 1, .max_message = TEST_BIG, .page_size = TEST_MAP};
    resumed->pages = pages_of((llmp_sender_options){.max_pages = 4});
    struct llmp_sender_page page = page_of(old);
    assert_ok(llmp_pages_adopt(&resumed->pages, &page));
    llmp_sender_take_newest(resumed);
    resumed->used = old->used;
    resumed->last_id = old->last_id;
    resumed->published = old->published;
    resumed->max_alloc = old->max_alloc;
    for (uint64_t i = 2; i < 40; i++) {
        assert_ok(test_send_number(resumed, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(receiver, i == 2 ? 0 : i, i + 1);
    }
    assert_true(test_stats_of(resumed).pages_live <= 4);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(resumed, LLMP_NOWAIT));
    assert_ok(llmp_sender_free(old, LLMP_NOWAIT));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_reused_pages_have_a_window),
        cmocka_unit_test(an_adopted_page_is_the_newest_and_unchanged),
        cmocka_unit_test(EOP_8_an_adopted_page_waits_for_its_receivers),
        cmocka_unit_test(joins_by_proxy_are_adopted_with_the_page),
        cmocka_unit_test(PAGE_3_a_map_that_is_no_page_is_not_adopted),
        cmocka_unit_test(RECV_4_a_sender_resumes_on_an_adopted_page),
    };
    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
