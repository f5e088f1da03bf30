/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The bytes that a sender writes to its pages, misuse of its functions, and peers that overwrite its pages. */
#include <errno.h>
#include <string.h>

#include "support.h"

#define SMALL 4096u

struct fixture {
    llmp_sender *sender;
    struct test_view view;
};

static int set_up(void **state) {
    static struct fixture f;
    f.sender = test_sender((llmp_sender_options){.sender_id = 5, .page_size = SMALL});
    llmp_shmem_desc desc = llmp_sender_describe(f.sender);
    f.view = test_view_open(&desc);
    *state = &f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    test_view_close(&f->view);
    (void)llmp_sender_free(f->sender, LLMP_NOWAIT);
    return 0;
}

static void PAGE_1_the_first_page(void **state) {
    const struct fixture *f = *state;
    assert_int_equal(f->view.page->magic, LLMP_PAGE_MAGIC);
    assert_int_equal(f->view.page->sender_id, 5);
    assert_int_equal(f->view.page->current_msg_id, 0);
    assert_int_equal(f->view.page->size_total, SMALL - 48);
    assert_int_equal(f->view.page->joined, 0);
}

static void PAGE_2_first_map_is_one_mebibyte(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    assert_int_equal(llmp_sender_describe(sender).size, 1 << 20);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void SEND_3_a_committed_message(void **state) {
    const struct fixture *f = *state;
    assert_ok(llmp_send(f->sender, 0x77, LLMP_FLAG_COMPRESSED, "hello", 5, LLMP_NOWAIT));
    const struct llmp_slot *slot = test_slot(&f->view, 48);
    assert_int_equal(slot->tag, 0x77);
    assert_int_equal(slot->sender, 5);
    assert_int_equal(slot->broker, 0);
    assert_int_equal(slot->flags, 1);
    assert_int_equal(slot->message_id, 1);
    assert_int_equal(slot->buf_len, 5);
    assert_int_equal(slot->buf_len_padded, 40);
    assert_memory_equal(slot + 1, "hello", 5);
    assert_int_equal(f->view.page->current_msg_id, 1);
    assert_int_equal(f->view.page->size_used, 80);
    assert_int_equal(f->view.page->max_alloc_size, 80);
}

static void SEND_2_an_allocated_message(void **state) {
    const struct fixture *f = *state;
    void *payload;
    assert_ok(llmp_sender_alloc(f->sender, 30, LLMP_NOWAIT, &payload));
    const struct llmp_slot *slot = test_slot(&f->view, 48);
    assert_int_equal(slot->tag, LLMP_TAG_UNINITIALIZED);
    assert_int_equal(slot->message_id, 1);
    assert_int_equal(test_slot(&f->view, 128)->tag, LLMP_TAG_UNSET);
    assert_int_equal(f->view.page->current_msg_id, 0);
    assert_rc(llmp_sender_alloc(f->sender, 1, LLMP_NOWAIT, &payload), -LLMP_E_ALLOC_PENDING);
    assert_rc(llmp_send(f->sender, 1, 0, "", 0, LLMP_NOWAIT), -LLMP_E_ALLOC_PENDING);
}

static void SEND_2_cancel_frees_the_slot(void **state) {
    const struct fixture *f = *state;
    void *first;
    void *second;
    assert_ok(llmp_sender_alloc(f->sender, 100, LLMP_NOWAIT, &first));
    assert_ok(llmp_sender_cancel(f->sender));
    assert_rc(llmp_sender_cancel(f->sender), -LLMP_E_ALLOC_NONE);
    assert_rc(llmp_sender_commit(f->sender, 1, 0), -LLMP_E_ALLOC_NONE);
    assert_ok(llmp_sender_alloc(f->sender, 3, LLMP_NOWAIT, &second));
    assert_ptr_equal(first, second);
    assert_ok(llmp_sender_commit(f->sender, 1, 0));
    assert_int_equal(f->view.page->current_msg_id, 1);
    assert_int_equal(test_slot(&f->view, 48)->buf_len, 3);
}

static void SEND_2_shrink_pads_anew(void **state) {
    const struct fixture *f = *state;
    void *payload;
    assert_rc(llmp_sender_shrink(f->sender, 0), -LLMP_E_ALLOC_NONE);
    assert_ok(llmp_sender_alloc(f->sender, 200, LLMP_NOWAIT, &payload));
    assert_rc(llmp_sender_shrink(f->sender, 201), -LLMP_E_ALLOC_GROW);
    assert_ok(llmp_sender_shrink(f->sender, 50));
    assert_rc(llmp_sender_shrink(f->sender, 51), -LLMP_E_ALLOC_GROW);
    assert_ok(llmp_sender_commit(f->sender, 1, 0));
    assert_int_equal(test_slot(&f->view, 48)->buf_len, 50);
    assert_int_equal(test_slot(&f->view, 48)->buf_len_padded, 104);
    assert_int_equal(test_slot(&f->view, 192)->tag, LLMP_TAG_UNSET);
    assert_int_equal(f->view.page->size_used, 144);
    assert_ok(llmp_send(f->sender, 2, 0, "x", 1, LLMP_NOWAIT));
    assert_int_equal(test_slot(&f->view, 192)->message_id, 2);
}

static void MSG_2_reserved_tags_are_refused(void **state) {
    const struct fixture *f = *state;
    const uint32_t reserved[] = {LLMP_TAG_UNSET,          LLMP_TAG_UNINITIALIZED, LLMP_TAG_END_OF_PAGE,
                                 LLMP_TAG_NEW_SHM_CLIENT, LLMP_TAG_CLIENT_EXIT,   LLMP_TAG_EXITING,
                                 LLMP_TAG_SLOW_RECEIVER};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        assert_rc(llmp_send(f->sender, reserved[i], 0, "", 0, LLMP_NOWAIT), -LLMP_E_TAG_RESERVED);
    }
    void *payload;
    assert_ok(llmp_sender_alloc(f->sender, 0, LLMP_NOWAIT, &payload));
    assert_rc(llmp_sender_commit(f->sender, LLMP_TAG_EXITING, 0), -LLMP_E_TAG_RESERVED);
    assert_ok(llmp_sender_commit(f->sender, 1, 0));
}

/* Room for slots: 4048 − 128. The first takes 80, which leaves 3840, or 60 slots of 64. */
static void SEND_1_exact_fit_and_one_over(void **state) {
    const struct fixture *f = *state;
    assert_ok(llmp_send(f->sender, 1, 0, "", 0, LLMP_NOWAIT));
    for (int i = 0; i < 60; i++) {
        assert_ok(llmp_send(f->sender, 1, 0, "", 0, LLMP_NOWAIT));
    }
    assert_int_equal(f->view.page->size_used, SMALL - 48 - 128);
    assert_int_equal(f->view.page->current_msg_id, 61);
    assert_ok(llmp_send(f->sender, 1, 0, "", 0, LLMP_NOWAIT));
    const struct llmp_slot *end = test_slot(&f->view, SMALL - 128);
    assert_int_equal(f->view.page->current_msg_id, 62);
    assert_int_equal(f->view.page->size_used, SMALL - 48);
    assert_int_equal(end->tag, LLMP_TAG_END_OF_PAGE);
    assert_int_equal(end->sender, 5);
    assert_int_equal(end->message_id, 62);
    assert_int_equal(end->buf_len, 32);
    assert_int_equal(end->buf_len_padded, 32);
}

static void EOP_3_the_next_page_is_ready(void **state) {
    const struct fixture *f = *state;
    static const char big[SMALL];
    assert_ok(llmp_send(f->sender, 9, 0, "", 0, LLMP_NOWAIT));
    assert_ok(llmp_send(f->sender, 1, 0, big, sizeof big, LLMP_NOWAIT));
    const struct llmp_slot *end = test_slot(&f->view, 128);
    assert_int_equal(end->tag, LLMP_TAG_END_OF_PAGE);
    llmp_shmem_desc next;
    llmp_eop_read(end + 1, &next);
    /* EOP-4: 2 * (40 + padded) + 176, where padded reaches from 128 + 40 to a multiple of 64. */
    assert_int_equal(next.size, 16384);
    struct test_view view = test_view_open(&next);
    assert_int_equal(view.page->magic, LLMP_PAGE_MAGIC);
    assert_int_equal(view.page->sender_id, 5);
    /* Carried over as 4160; in the first slot, at 48, the same message takes 16 bytes more. */
    assert_int_equal(view.page->max_alloc_size, 4176);
    assert_int_equal(view.page->current_msg_id, 1);
    assert_int_equal(test_slot(&view, 48)->buf_len, SMALL);
    test_view_close(&view);
}

static void SEND_1_too_large_is_an_error(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.max_message = 100});
    char bytes[101] = {0};
    assert_ok(llmp_send(sender, 1, 0, bytes, 100, LLMP_NOWAIT));
    assert_rc(llmp_send(sender, 1, 0, bytes, 101, LLMP_NOWAIT), -LLMP_E_TOO_LARGE);
    assert_rc(llmp_send(sender, 1, 0, bytes, SIZE_MAX, LLMP_NOWAIT), -LLMP_E_TOO_LARGE);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void batches_are_published_together(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.batch = 4});
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    struct test_view view = test_view_open(&desc);
    const int seen[] = {0, 0, 0, 4, 4, 4, 4, 8, 8};
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        assert_ok(llmp_send(sender, 1, 0, "", 0, LLMP_NOWAIT));
        assert_int_equal(view.page->current_msg_id, seen[i]);
    }
    llmp_sender_flush(sender);
    assert_int_equal(view.page->current_msg_id, 9);
    test_view_close(&view);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* Otherwise the receiver would never free a page, because it sees no message of the batch. */
static void batches_are_published_before_a_wait(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = SMALL, .batch = 1000000, .max_pages = 2});
    llmp_receiver *receiver = test_receiver(sender);
    uint64_t sent = 0;
    while (test_send_number(sender, sent, 100, LLMP_NOWAIT) == 0) {
        sent++;
    }
    for (uint64_t i = 0; i < sent; i++) {
        test_expect_number(receiver, i, 100, LLMP_NOWAIT);
    }
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void EOP_7_a_slow_receiver_blocks_the_sender(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = SMALL, .max_pages = 3});
    llmp_receiver *receiver = test_receiver(sender);
    uint64_t sent = 0;
    int rc;
    while ((rc = test_send_number(sender, sent, 1000, LLMP_NOWAIT)) == 0) {
        sent++;
    }
    assert_rc(rc, -EAGAIN);
    assert_int_equal(sent, 9);
    assert_rc(test_send_number(sender, sent, 1000, LLMP_MILLISECONDS(1)), -ETIMEDOUT);
    /* The receiver leaves the first page when it reads from the second one. */
    for (uint64_t i = 0; i < 4; i++) {
        test_expect_number(receiver, i, 1000, LLMP_NOWAIT);
    }
    assert_ok(test_send_number(sender, sent, 1000, LLMP_NOWAIT));
    llmp_sender_stats stats;
    llmp_sender_stats_get(sender, &stats, sizeof stats);
    assert_int_equal(stats.pages_created, 3);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/*
 * Slots of 64 bytes for the first two, and of 128 for the third: a page full of the former has no room for any message.
 */
static void EOP_7_small_payloads_too(void **state) {
    (void)state;
    const size_t lengths[] = {0, 24, 25};
    for (size_t i = 0; i < 3; i++) {
        llmp_sender *sender = test_sender((llmp_sender_options){.page_size = 512, .max_pages = 2});
        int rc;
        do {
            rc = test_send_number(sender, 0, lengths[i], LLMP_NOWAIT);
        } while (rc == 0);
        assert_rc(rc, -EAGAIN);
        assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    }
}

/* Two pages are all that the channel may have, and full of slots of 64 bytes; or there is no memory for a second one. */
static void SEND_1_the_last_word_finds_room_on_a_full_channel(void **state) {
    (void)state;
    for (uint32_t segments = 1; segments <= 2; segments++) {
        llmp_sender *sender = test_sender((llmp_sender_options){
            .provider = test_provider_with((int)segments), .page_size = TEST_MAP, .max_pages = 2});
        llmp_receiver *receiver = test_receiver(sender);
        uint64_t sent = 0;
        while (test_send_number(sender, sent, 24, LLMP_NOWAIT) == 0) {
            sent++;
        }
        assert_int_equal(test_stats_of(sender).pages_live, segments);
        assert_ok(llmp_sender_exit(sender, LLMP_NOWAIT));
        assert_rc(llmp_sender_exit(sender, LLMP_NOWAIT), -LLMP_E_CLOSED);
        for (uint64_t i = 0; i < sent; i++) {
            test_expect_number(receiver, i, 24, LLMP_NOWAIT);
        }
        llmp_message message;
        assert_rc(llmp_recv(receiver, &message, LLMP_NOWAIT), -LLMP_E_CLOSED);
        llmp_receiver_free(receiver);
        assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    }
}

static void a_pending_allocation_must_be_ended_before_the_channel(void **state) {
    const struct fixture *f = *state;
    void *payload;
    assert_ok(llmp_sender_alloc(f->sender, 8, LLMP_NOWAIT, &payload));
    assert_rc(llmp_sender_exit(f->sender, LLMP_NOWAIT), -LLMP_E_ALLOC_PENDING);
    assert_ok(llmp_sender_cancel(f->sender));
    assert_ok(llmp_sender_exit(f->sender, LLMP_NOWAIT));
}

static void EXITING_ends_the_channel(void **state) {
    const struct fixture *f = *state;
    llmp_receiver *receiver = test_receiver(f->sender);
    assert_ok(test_send_number(f->sender, 1, 10, LLMP_NOWAIT));
    assert_ok(llmp_sender_exit(f->sender, LLMP_NOWAIT));
    assert_int_equal(test_slot(&f->view, 128)->tag, LLMP_TAG_EXITING);
    assert_int_equal(test_slot(&f->view, 128)->buf_len, 0);
    assert_rc(llmp_send(f->sender, 1, 0, "", 0, LLMP_NOWAIT), -LLMP_E_CLOSED);
    assert_rc(llmp_sender_exit(f->sender, LLMP_NOWAIT), -LLMP_E_CLOSED);
    test_expect_number(receiver, 1, 10, LLMP_NOWAIT);
    llmp_message message;
    assert_rc(llmp_recv(receiver, &message, LLMP_NOWAIT), -LLMP_E_CLOSED);
    assert_rc(llmp_recv(receiver, &message, LLMP_FOREVER), -LLMP_E_CLOSED);
    llmp_receiver_free(receiver);
}

/* A peer overwrites everything on the page except unread slots. The sender must not use any of it. */
static void PAGE_5_a_sender_does_not_trust_its_page(void **state) {
    struct fixture *f = *state;
    llmp_receiver *receiver = test_receiver(f->sender);
    for (uint64_t i = 0; i < 2000; i++) {
        void *payload;
        assert_ok(llmp_sender_alloc(f->sender, 64, LLMP_NOWAIT, &payload));
        llmp_shmem_desc desc = llmp_sender_describe(f->sender);
        struct test_view view = test_view_open(&desc);
        view.page->size_used = i % 3 == 0 ? UINT64_MAX : (uint64_t)1 << 40;
        view.page->size_total = UINT64_MAX - i;
        view.page->max_alloc_size = (uint64_t)1 << 40;
        view.page->sender_id = 99;
        struct llmp_slot *slot = (struct llmp_slot *)payload - 1;
        *slot = (struct llmp_slot){.tag = 1, .buf_len = UINT64_MAX, .buf_len_padded = 7, .message_id = 77};
        memcpy(payload, &i, sizeof i);
        test_view_close(&view);
        assert_ok(llmp_sender_commit(f->sender, 3, 0));
        llmp_message message;
        assert_ok(llmp_recv(receiver, &message, LLMP_NOWAIT));
        assert_int_equal(message.length, 64);
        assert_memory_equal(message.payload, &i, sizeof i);
        assert_int_equal(message.sender, 5);
    }
    llmp_sender_stats stats;
    llmp_sender_stats_get(f->sender, &stats, sizeof stats);
    assert_true(stats.pages_turned > 50);
    llmp_receiver_free(receiver);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(PAGE_1_the_first_page, set_up, tear_down),
        cmocka_unit_test(PAGE_2_first_map_is_one_mebibyte),
        cmocka_unit_test_setup_teardown(SEND_3_a_committed_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(SEND_2_an_allocated_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(SEND_2_cancel_frees_the_slot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(SEND_2_shrink_pads_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(MSG_2_reserved_tags_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(SEND_1_exact_fit_and_one_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(EOP_3_the_next_page_is_ready, set_up, tear_down),
        cmocka_unit_test(SEND_1_too_large_is_an_error),
        cmocka_unit_test(batches_are_published_together),
        cmocka_unit_test(batches_are_published_before_a_wait),
        cmocka_unit_test(EOP_7_a_slow_receiver_blocks_the_sender),
        cmocka_unit_test(EOP_7_small_payloads_too),
        cmocka_unit_test(SEND_1_the_last_word_finds_room_on_a_full_channel),
        cmocka_unit_test_setup_teardown(a_pending_allocation_must_be_ended_before_the_channel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(EXITING_ends_the_channel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(PAGE_5_a_sender_does_not_trust_its_page, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("sender", tests, NULL, NULL);
}
