/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* llmp_send_many() and llmp_recv_many(). */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "os/os.h"
#include "raw_page.h"
#include "support.h"

#define MAX 64u

/* `count` messages of `length` bytes, tagged and filled by the numbers from `from` on. */
struct batch {
    llmp_message messages[MAX];
    unsigned char bytes[MAX][TEST_BIG];
};

static struct batch *batch_of(uint64_t from, size_t count, size_t length) {
    static struct batch batch;
    for (size_t i = 0; i < count; i++) {
        test_payload_fill(batch.bytes[i], from + i, length);
        batch.messages[i] =
            (llmp_message){.tag = (uint32_t)((from + i) % 1000), .length = length, .payload = batch.bytes[i]};
    }
    return &batch;
}

static int64_t send_batch(llmp_sender *sender, uint64_t from, size_t count, size_t length) {
    return llmp_send_many(sender, batch_of(from, count, length)->messages, count, LLMP_NOWAIT);
}

/* Receives up to `max` messages and checks all of them afterwards, when every view must still be valid. */
static int64_t receive_batch(llmp_receiver *receiver, uint64_t from, size_t max, size_t length) {
    llmp_message messages[MAX];
    int64_t count = llmp_recv_many(receiver, messages, max, LLMP_NOWAIT);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(messages[i].tag, (from + (uint64_t)i) % 1000);
        test_payload_expect(&messages[i], from + (uint64_t)i, length);
    }
    return count;
}

static void expect_batches(llmp_receiver *receiver, uint64_t from, uint64_t to, size_t length) {
    while (from < to) {
        int64_t count = receive_batch(receiver, from, MAX, length);
        assert_true(count > 0);
        from += (uint64_t)count;
    }
    assert_int_equal(from, to);
}

/* ---------------------------------------------------------------- sending */

/* Each payload is a copy of current_msg_id, made while the batch was being sent. */
static void SEND_3_a_batch_is_published_as_a_whole(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    struct test_view view = test_view_open(&desc);
    llmp_message messages[10] = {0};
    for (size_t i = 0; i < 10; i++) {
        messages[i] = (llmp_message){.tag = 1, .length = 8, .payload = &view.page->current_msg_id};
    }
    assert_int_equal(llmp_send_many(sender, messages, 10, LLMP_NOWAIT), 10);
    assert_int_equal(view.page->current_msg_id, 10);
    for (size_t i = 0; i < 10; i++) {
        const struct llmp_slot *slot = test_slot(&view, i == 0 ? 48 : 64 + 64 * i);
        assert_int_equal(slot->message_id, i + 1);
        assert_int_equal(*(const uint64_t *)(const void *)(slot + 1), 0);
    }
    test_view_close(&view);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void a_batch_also_publishes_what_the_option_held_back(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.batch = 1000});
    llmp_receiver *receiver = test_receiver(sender);
    assert_ok(test_send_number(sender, 0, 8, LLMP_NOWAIT));
    assert_int_equal(receive_batch(receiver, 0, MAX, 8), -EAGAIN);
    assert_int_equal(send_batch(sender, 1, 3, 8), 3);
    assert_int_equal(receive_batch(receiver, 0, MAX, 8), 4);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void RECV_4_a_batch_continues_on_the_next_page(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    llmp_receiver *receiver = test_receiver(sender);
    uint64_t sent = 0;
    for (size_t count = 1; count < 40; count++) {
        assert_int_equal(send_batch(sender, sent, count, 300), count);
        expect_batches(receiver, sent, sent + count, 300);
        sent += count;
    }
    assert_true(test_stats_of(sender).pages_turned > 50);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void EOP_7_a_batch_stops_at_max_pages(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_pages = 3});
    llmp_receiver *receiver = test_receiver(sender);
    assert_int_equal(send_batch(sender, 0, 20, TEST_BIG), 9);
    assert_int_equal(send_batch(sender, 9, 11, TEST_BIG), -EAGAIN);
    expect_batches(receiver, 0, 9, TEST_BIG);
    assert_int_equal(send_batch(sender, 9, 11, TEST_BIG), 6);
    expect_batches(receiver, 9, 15, TEST_BIG);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void a_full_channel_returns_the_count_and_then_the_timeout(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_pages = 2});
    const llmp_message *messages = batch_of(0, 20, TEST_BIG)->messages;
    int64_t begun = llmp_os_now();
    assert_int_equal(llmp_send_many(sender, messages, 20, LLMP_MILLISECONDS(20)), 6);
    assert_true(llmp_os_now() - begun >= LLMP_MILLISECONDS(20));
    assert_int_equal(llmp_send_many(sender, messages, 20, LLMP_MILLISECONDS(1)), -ETIMEDOUT);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* Reads a page every 10 ms, until an error or the end. */
static void *read_slowly(void *desc) {
    llmp_receiver_options options = {.provider = &test_inproc};
    llmp_receiver *receiver;
    int64_t rc = llmp_receiver_new(desc, &options, &receiver);
    while (rc >= 0) {
        llmp_message messages[MAX];
        rc = llmp_recv_many(receiver, messages, MAX, LLMP_SECONDS(60));
        llmp_os_sleep(10000000);
    }
    llmp_receiver_free(receiver);
    return NULL;
}

/* Each page comes in time. Were the timeout one for each page, the call would send all messages, in 200 ms. */
static void a_timeout_is_for_the_whole_batch(void **state) {
    (void)state;
    llmp_sender *sender =
        test_sender((llmp_sender_options){.provider = &test_inproc, .page_size = TEST_MAP, .max_pages = 2});
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, read_slowly, &desc), 0);
    const llmp_message *messages = batch_of(0, MAX, TEST_BIG)->messages;
    int64_t sent = llmp_send_many(sender, messages, MAX, LLMP_MILLISECONDS(50));
    assert_in_range(sent, 6, MAX - 3);
    assert_ok(llmp_sender_free(sender, LLMP_SECONDS(60)));
    (void)pthread_join(reader, NULL);
}

/* The messages before the bad one are sent. The call that starts with it returns its error. */
static void MSG_2_a_refused_message_ends_a_batch(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.max_message = 100});
    llmp_receiver *receiver = test_receiver(sender);
    struct batch *batch = batch_of(0, 5, 8);
    batch->messages[3].tag = LLMP_TAG_END_OF_PAGE;
    assert_int_equal(llmp_send_many(sender, batch->messages, 5, LLMP_NOWAIT), 3);
    assert_int_equal(llmp_send_many(sender, batch->messages + 3, 2, LLMP_NOWAIT), -LLMP_E_TAG_RESERVED);
    batch = batch_of(3, 5, 8);
    batch->messages[2].length = 101;
    assert_int_equal(llmp_send_many(sender, batch->messages, 5, LLMP_NOWAIT), 2);
    assert_int_equal(llmp_send_many(sender, batch->messages + 2, 3, LLMP_NOWAIT), -LLMP_E_TOO_LARGE);
    expect_batches(receiver, 0, 5, 8);
    assert_int_equal(receive_batch(receiver, 5, MAX, 8), -EAGAIN);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void a_reserved_byte_that_is_set_ends_a_batch(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    for (size_t i = 0; i < 2; i++) {
        struct batch *batch = batch_of(0, 2, 8);
        batch->messages[1].reserved[i] = 1;
        assert_int_equal(llmp_send_many(sender, batch->messages, 2, LLMP_NOWAIT), 1);
        assert_int_equal(llmp_send_many(sender, batch->messages + 1, 1, LLMP_NOWAIT), -EINVAL);
    }
    llmp_sender_free(sender, LLMP_NOWAIT);
}

static void a_batch_of_none_is_no_error(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    llmp_receiver *receiver = test_receiver(sender);
    void *payload;
    assert_ok(llmp_sender_alloc(sender, 1, LLMP_NOWAIT, &payload));
    assert_int_equal(send_batch(sender, 0, 0, 8), 0);
    assert_int_equal(send_batch(sender, 0, 1, 8), -LLMP_E_ALLOC_PENDING);
    assert_ok(llmp_sender_cancel(sender));
    assert_int_equal(send_batch(sender, 0, 1, 8), 1);
    assert_ok(llmp_sender_exit(sender, LLMP_NOWAIT));
    assert_int_equal(send_batch(sender, 0, 1, 8), -LLMP_E_CLOSED);
    assert_int_equal(receive_batch(receiver, 0, 0, 8), 0);
    assert_int_equal(receive_batch(receiver, 0, 1, 8), 1);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* ---------------------------------------------------------------- receiving */

static void batches_and_single_calls_mix(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = 65536});
    llmp_receiver *receiver = test_receiver(sender);
    llmp_message message;
    unsigned char buffer[TEST_BIG];
    assert_int_equal(send_batch(sender, 0, 20, 100), 20);
    test_expect_number(receiver, 0, 100, LLMP_NOWAIT);
    assert_int_equal(receive_batch(receiver, 1, 5, 100), 5);
    assert_rc(llmp_recv_copy(receiver, &message, buffer, 99, LLMP_NOWAIT), -LLMP_E_BUFFER_TOO_SMALL);
    assert_int_equal(receive_batch(receiver, 6, 1, 100), 1);
    assert_ok(llmp_recv_copy(receiver, &message, buffer, 100, LLMP_NOWAIT));
    test_payload_expect(&message, 7, 100);
    assert_int_equal(receive_batch(receiver, 8, MAX, 100), 12);
    assert_int_equal(receive_batch(receiver, 20, MAX, 100), -EAGAIN);
    assert_int_equal(llmp_recv_many(receiver, &message, 1, LLMP_MILLISECONDS(2)), -ETIMEDOUT);
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(receiver, &stats, sizeof stats);
    assert_int_equal(stats.messages, 20);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* Otherwise END_OF_PAGE would leave the page, and the sender could write it again under the views of the batch. */
static void EOP_5_a_batch_ends_with_its_page(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    llmp_receiver *receiver = test_receiver(sender);
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    struct test_view view = test_view_open(&desc);
    assert_int_equal(send_batch(sender, 0, 7, TEST_BIG), 7);
    assert_int_equal(receive_batch(receiver, 0, MAX, TEST_BIG), 3);
    assert_int_equal(view.page->left, 0);
    assert_int_equal(receive_batch(receiver, 3, MAX, TEST_BIG), 3);
    assert_int_equal(view.page->left, 1);
    assert_int_equal(receive_batch(receiver, 6, MAX, TEST_BIG), 1);
    test_view_close(&view);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void RECV_3_EXITING_ends_a_batch(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    llmp_receiver *receiver = test_receiver(sender);
    assert_int_equal(send_batch(sender, 0, 3, 8), 3);
    assert_ok(llmp_sender_exit(sender, LLMP_NOWAIT));
    assert_int_equal(receive_batch(receiver, 0, MAX, 8), 3);
    assert_int_equal(receive_batch(receiver, 3, MAX, 8), -LLMP_E_CLOSED);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* The tags of raw pages are their ids. Returns the count of one call, which must start after `last`. */
static int64_t receive_raw(const struct raw_page *raw, uint64_t last) {
    llmp_message messages[MAX];
    int64_t count = llmp_recv_many(raw->receiver, messages, MAX, LLMP_NOWAIT);
    for (int64_t i = 0; i < count; i++) {
        assert_int_equal(messages[i].tag, last + 1 + (uint64_t)i);
    }
    return count;
}

static void RECV_2_a_corrupt_slot_ends_a_batch(void **state) {
    (void)state;
    const struct {
        struct llmp_slot slot;
        int rc;
    } cases[] = {
        {{.tag = 4, .message_id = 4, .buf_len = 25, .buf_len_padded = 24}, -LLMP_E_MSG_LENGTH},
        {{.tag = 4, .message_id = 4, .buf_len_padded = UINT64_MAX}, -LLMP_E_MSG_BOUNDS},
        {{.tag = 4, .message_id = 4, .buf_len_padded = 25}, -LLMP_E_MSG_ALIGN},
        {{.tag = 4, .message_id = 5, .buf_len_padded = 24}, -LLMP_E_MSG_ID},
        {{.tag = LLMP_TAG_UNSET, .message_id = 4, .buf_len_padded = 24}, -LLMP_E_MSG_UNSET},
        {{.tag = LLMP_TAG_END_OF_PAGE, .message_id = 4, .buf_len_padded = 24}, -LLMP_E_EOP_LENGTH},
        {{.tag = LLMP_TAG_EXITING, .message_id = 4, .buf_len = 1, .buf_len_padded = 24}, -LLMP_E_MSG_EXITING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct raw_page raw = raw_page_new(TEST_MAP);
        raw_page_put(&raw, raw_page_put_messages(&raw, 3), cases[i].slot);
        raw.page->current_msg_id = 1000;
        assert_ok(raw_page_open(&raw));
        assert_int_equal(receive_raw(&raw, 0), 3);
        assert_ok(llmp_receiver_error(raw.receiver));
        assert_rc((int)receive_raw(&raw, 3), cases[i].rc);
        assert_rc((int)receive_raw(&raw, 3), -LLMP_E_BROKEN);
        assert_rc(llmp_receiver_error(raw.receiver), cases[i].rc);
        raw_page_free(&raw);
    }
}

static void RECV_2_a_batch_ends_with_its_map(void **state) {
    (void)state;
    struct raw_page raw = raw_page_new(48 + 80 + 4 * 64);
    assert_int_equal(raw_page_put_messages(&raw, 5), 48 + 80 + 4 * 64);
    raw.page->current_msg_id = UINT64_MAX;
    assert_ok(raw_page_open(&raw));
    assert_int_equal(receive_raw(&raw, 0), 5);
    assert_rc((int)receive_raw(&raw, 5), -LLMP_E_MSG_BOUNDS);
    raw_page_free(&raw);
}

/* The slots behind current_msg_id are written, and not committed. */
static void RECV_1_a_batch_holds_committed_messages_only(void **state) {
    (void)state;
    struct raw_page raw = raw_page_new(TEST_MAP);
    (void)raw_page_put_messages(&raw, 9);
    raw.page->current_msg_id = 4;
    assert_ok(raw_page_open(&raw));
    assert_int_equal(receive_raw(&raw, 0), 4);
    assert_rc((int)receive_raw(&raw, 4), -EAGAIN);
    raw.page->current_msg_id = 9;
    assert_int_equal(receive_raw(&raw, 4), 5);
    raw.page->current_msg_id = 8;
    assert_rc((int)receive_raw(&raw, 9), -LLMP_E_MSG_ID_DECREASED);
    raw_page_free(&raw);
}

/* The first batch has as many messages as a check waits for, the second one is what is there when the time is up. */
static void a_coalesced_check_returns_all_that_is_there(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    llmp_receiver_options options = {
        .provider = llmp_shmem_provider_find("sysv"), .coalesce_messages = 8, .coalesce_us = 2000};
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    llmp_receiver *receiver;
    llmp_message messages[MAX];
    assert_ok(llmp_receiver_new(&desc, &options, &receiver));
    assert_int_equal(send_batch(sender, 0, 10, 8), 10);
    assert_int_equal(llmp_recv_many(receiver, messages, MAX, LLMP_SECONDS(60)), 10);
    assert_int_equal(send_batch(sender, 10, 3, 8), 3);
    assert_int_equal(llmp_recv_many(receiver, messages, MAX, LLMP_SECONDS(60)), 3);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(SEND_3_a_batch_is_published_as_a_whole),
        cmocka_unit_test(a_batch_also_publishes_what_the_option_held_back),
        cmocka_unit_test(RECV_4_a_batch_continues_on_the_next_page),
        cmocka_unit_test(EOP_7_a_batch_stops_at_max_pages),
        cmocka_unit_test(a_full_channel_returns_the_count_and_then_the_timeout),
        cmocka_unit_test(a_timeout_is_for_the_whole_batch),
        cmocka_unit_test(MSG_2_a_refused_message_ends_a_batch),
        cmocka_unit_test(a_reserved_byte_that_is_set_ends_a_batch),
        cmocka_unit_test(a_batch_of_none_is_no_error),
        cmocka_unit_test(batches_and_single_calls_mix),
        cmocka_unit_test(EOP_5_a_batch_ends_with_its_page),
        cmocka_unit_test(RECV_3_EXITING_ends_a_batch),
        cmocka_unit_test(RECV_2_a_corrupt_slot_ends_a_batch),
        cmocka_unit_test(RECV_2_a_batch_ends_with_its_map),
        cmocka_unit_test(RECV_1_a_batch_holds_committed_messages_only),
        cmocka_unit_test(a_coalesced_check_returns_all_that_is_there),
    };
    return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
