/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Senders on a machine with little memory, and with messages that are too large for it. */
#include <errno.h>

#include "channel/page_supply.h"
#include "channel/pages.h"
#include "channel/sender.h"
#include "channel/sender_state.h"
#include "os/os.h"
#include "shmem/provider.h"
#include "support.h"

#define TOO_LARGE ((size_t)100000)

/* ---------------------------------------------------------------- messages that are too large */

static int send_too_large(llmp_sender *sender, int how) {
    static unsigned char bytes[TOO_LARGE];
    const llmp_message message = {.tag = 1, .length = sizeof bytes, .payload = bytes};
    void *payload;
    switch (how) {
    case 0: return llmp_send(sender, 1, 0, bytes, sizeof bytes, LLMP_NOWAIT);
    case 1: return llmp_send(sender, 1, 0, bytes, sizeof bytes, LLMP_MILLISECONDS(5));
    case 2: return llmp_sender_alloc(sender, sizeof bytes, LLMP_NOWAIT, &payload);
    default: return (int)llmp_send_many(sender, &message, 1, LLMP_NOWAIT);
    }
}

/* The channel has three pages and there is no memory for a larger one. Small ones go on in two of these. */
static void SEND_1_a_message_that_found_no_page_does_not_count(void **state) {
    (void)state;
    for (int how = 0; how < 4; how++) {
        llmp_sender *sender = test_sender((llmp_sender_options){
            .provider = test_provider_with(3), .page_size = TEST_MAP, .max_pages = 3, .window = 3});
        llmp_receiver *receiver = test_receiver(sender);
        uint64_t sent = 0;
        for (int round = 0; round < 20; round++) {
            for (; sent % 10 != 9; sent++) {
                assert_ok(test_send_number(sender, sent, TEST_BIG, LLMP_NOWAIT));
                test_expect_big(receiver, sent, sent + 1);
            }
            sent++;
            size_t before = sender->max_alloc;
            assert_rc(send_too_large(sender, how), -ENOSPC);
            assert_int_equal(sender->max_alloc, before);
            assert_int_equal(sender->page->max_alloc_size, before);
            assert_int_equal(sender->pages.max, 3);
        }
        assert_int_equal(test_stats_of(sender).pages_live, 2);
        llmp_receiver_free(receiver);
        assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    }
}

/* Without max_pages, the bound and the window follow from the size of the pages: they must be those of before, too. */
static void EOP_4_the_bound_is_that_of_the_pages_that_there_are(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.provider = test_provider_with(8), .page_size = TEST_MAP});
    llmp_receiver *receiver = test_receiver(sender);
    uint32_t max = sender->pages.max;
    uint32_t window = sender->pages.window.max;
    assert_rc(send_too_large(sender, 0), 0);
    (void)test_provider_with(0);
    assert_int_equal(sender->pages.max, sender->pages.window.max);
    uint32_t larger = sender->pages.max;
    assert_true(larger < max);
    assert_int_equal(window, max);
    static unsigned char bytes[10 * TOO_LARGE];
    assert_rc(llmp_send(sender, 1, 0, bytes, sizeof bytes, LLMP_NOWAIT), -ENOSPC);
    assert_int_equal(sender->pages.max, larger);
    assert_int_equal(sender->pages.window.max, larger);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* Spare pages are removed when that can make room for a larger one, but not those that the channel needs to turn. */
static void a_channel_keeps_the_pages_that_it_needs_to_turn(void **state) {
    (void)state;
    llmp_sender *sender = test_sender(
        (llmp_sender_options){.provider = test_provider_with(8), .page_size = TEST_MAP, .max_pages = 8, .window = 8});
    llmp_receiver *receiver = test_receiver(sender);
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(receiver, i, i + 1);
    }
    (void)test_provider_with(0);
    assert_rc(send_too_large(sender, 0), -ENOSPC);
    assert_int_equal(test_stats_of(sender).pages_live, 2);
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(receiver, i, i + 1);
    }
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* More than the machine has: waiting would not help. */
static void a_message_larger_than_the_memory_is_not_waited_for(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_message = (size_t)1 << 37});
    size_t length = (size_t)1 << 37;
    if (llmp_os_memory_size() > length) {
        print_message("# skip: needs a machine with less memory than a message can have\n");
        skip();
    }
    void *payload;
    assert_rc(llmp_sender_alloc(sender, length, LLMP_FOREVER, &payload), -ENOMEM);
    assert_ok(test_send_number(sender, 0, TEST_BIG, LLMP_NOWAIT));
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* ---------------------------------------------------------------- waiting for memory */

static int failures;

static int create_after_failures(const llmp_shmem_provider *self, struct llmp_shmem *map,
                                 const llmp_shmem_options *options) {
    return failures-- > 0 ? -ENOSPC : llmp_shmem_provider_find("sysv")->create(self, map, options);
}

static void EOP_7_a_call_with_a_timeout_waits_for_memory(void **state) {
    (void)state;
    llmp_shmem_provider provider = *llmp_shmem_provider_find("sysv");
    provider.create = create_after_failures;
    failures = 0;
    llmp_sender *sender = test_sender((llmp_sender_options){.provider = &provider, .page_size = TEST_MAP});
    failures = 10;
    for (uint64_t i = 0; i < 4; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_SECONDS(10)));
    }
    assert_true(failures < 0);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* ---------------------------------------------------------------- leaving room to others */

static uint64_t room;

static uint64_t room_now(const llmp_shmem_provider *self) {
    (void)self;
    return room;
}

static int create_of_room(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_options *options) {
    assert_true(map->size <= room);
    room -= map->size;
    return llmp_shmem_provider_find("sysv")->create(self, map, options);
}

static const llmp_shmem_provider *provider_with_room(uint64_t bytes) {
    static llmp_shmem_provider provider;
    provider = *llmp_shmem_provider_find("sysv");
    provider.create = create_of_room;
    provider.room = room_now;
    room = bytes;
    return &provider;
}

/* By default, each of several senders takes a part of what is left: none takes all, and all can turn. */
static void senders_leave_room_to_each_other(void **state) {
    (void)state;
    enum { SENDERS = 8 };
    const llmp_shmem_provider *provider = provider_with_room((uint64_t)64 * TEST_MAP);
    llmp_sender *senders[SENDERS];
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = test_sender((llmp_sender_options){.provider = provider, .page_size = TEST_MAP});
        (void)test_fill(senders[i], 0);
        uint64_t pages = test_stats_of(senders[i]).pages_live;
        assert_true(pages >= 2 && pages <= 16);
    }
    assert_int_equal(test_stats_of(senders[0]).pages_live, 16);
    for (int i = 0; i < SENDERS; i++) {
        assert_ok(llmp_sender_free(senders[i], LLMP_NOWAIT));
    }
}

/* The caller knows what it asks for. */
static void max_pages_may_take_all_room(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){
        .provider = provider_with_room((uint64_t)8 * TEST_MAP), .page_size = TEST_MAP, .max_pages = 100});
    (void)test_fill(sender, 0);
    assert_int_equal(test_stats_of(sender).pages_live, 8);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(SEND_1_a_message_that_found_no_page_does_not_count),
        cmocka_unit_test(EOP_4_the_bound_is_that_of_the_pages_that_there_are),
        cmocka_unit_test(a_channel_keeps_the_pages_that_it_needs_to_turn),
        cmocka_unit_test(a_message_larger_than_the_memory_is_not_waited_for),
        cmocka_unit_test(EOP_7_a_call_with_a_timeout_waits_for_memory),
        cmocka_unit_test(senders_leave_room_to_each_other),
        cmocka_unit_test(max_pages_may_take_all_room),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
