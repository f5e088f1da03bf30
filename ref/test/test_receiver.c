/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A receiver on pages of a correct sender, and on pages of a hostile one. */
#include <errno.h>
#include <string.h>

#include "raw_page.h"
#include "support.h"

#define MAP 4096u

/* Returns the code of receiving the one message of a page. After an error, checks that every further call fails. */
static int receive_slot(struct llmp_slot slot, uint64_t current_msg_id) {
    struct raw_page raw = raw_page_new(MAP);
    raw_page_put(&raw, 48, slot);
    raw.page->current_msg_id = current_msg_id;
    assert_ok(raw_page_open(&raw));
    llmp_message message;
    int rc = llmp_recv(raw.receiver, &message, LLMP_NOWAIT);
    if (rc != 0 && rc != -EAGAIN && rc != -LLMP_E_CLOSED) {
        assert_rc(llmp_recv(raw.receiver, &message, LLMP_NOWAIT), -LLMP_E_BROKEN);
        assert_rc(llmp_recv(raw.receiver, &message, LLMP_FOREVER), -LLMP_E_BROKEN);
        assert_rc(llmp_receiver_error(raw.receiver), rc);
    }
    raw_page_free(&raw);
    return rc;
}

static void RECV_1_nothing_to_read(void **state) {
    (void)state;
    assert_rc(receive_slot((struct llmp_slot){.tag = 1, .message_id = 1, .buf_len_padded = 40}, 0), -EAGAIN);
}

static void RECV_2_hostile_headers(void **state) {
    (void)state;
    const struct {
        struct llmp_slot slot;
        int rc;
    } cases[] = {
        {{.tag = 1, .message_id = 1, .buf_len = 40, .buf_len_padded = 40}, 0},
        {{.tag = 1, .message_id = 1, .buf_len = 41, .buf_len_padded = 40}, -LLMP_E_MSG_LENGTH},
        {{.tag = 1, .message_id = 1, .buf_len = 64u << 20, .buf_len_padded = 40}, -LLMP_E_MSG_LENGTH},
        {{.tag = 1, .message_id = 1, .buf_len = UINT64_MAX, .buf_len_padded = 40}, -LLMP_E_MSG_LENGTH},
        {{.tag = 1, .message_id = 1, .buf_len = 0, .buf_len_padded = UINT64_MAX}, -LLMP_E_MSG_BOUNDS},
        {{.tag = 1, .message_id = 1, .buf_len = 0, .buf_len_padded = UINT64_MAX - 119}, -LLMP_E_MSG_BOUNDS},
        {{.tag = 1, .message_id = 1, .buf_len = 0, .buf_len_padded = MAP}, -LLMP_E_MSG_BOUNDS},
        {{.tag = 1, .message_id = 1, .buf_len = 0, .buf_len_padded = 41}, -LLMP_E_MSG_ALIGN},
        {{.tag = 0, .message_id = 0, .buf_len_padded = 40}, -LLMP_E_MSG_ID},
        {{.tag = 1, .message_id = 2, .buf_len_padded = 40}, -LLMP_E_MSG_ID},
        {{.tag = LLMP_TAG_UNSET, .message_id = 1, .buf_len_padded = 40}, -LLMP_E_MSG_UNSET},
        {{.tag = LLMP_TAG_UNINITIALIZED, .message_id = 1, .buf_len_padded = 40}, -LLMP_E_MSG_UNINITIALIZED},
        {{.tag = LLMP_TAG_EXITING, .message_id = 1, .buf_len_padded = 40}, -LLMP_E_CLOSED},
        {{.tag = LLMP_TAG_EXITING, .message_id = 1, .buf_len = 1, .buf_len_padded = 40}, -LLMP_E_MSG_EXITING},
        {{.tag = LLMP_TAG_END_OF_PAGE, .message_id = 1, .buf_len = 0, .buf_len_padded = 40}, -LLMP_E_EOP_LENGTH},
        {{.tag = LLMP_TAG_END_OF_PAGE, .message_id = 1, .buf_len = 31, .buf_len_padded = 32}, -LLMP_E_EOP_LENGTH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_rc(receive_slot(cases[i].slot, 1), cases[i].rc);
    }
}

static void RECV_0_current_msg_id_ahead_of_the_messages(void **state) {
    (void)state;
    struct raw_page raw = raw_page_new(MAP);
    raw_page_put(&raw, 48, (struct llmp_slot){.tag = 7, .message_id = 1, .buf_len_padded = 40});
    raw.page->current_msg_id = 1000;
    assert_ok(raw_page_open(&raw));
    llmp_message message;
    assert_ok(llmp_recv(raw.receiver, &message, LLMP_NOWAIT));
    assert_rc(llmp_recv(raw.receiver, &message, LLMP_NOWAIT), -LLMP_E_MSG_ID);
    raw_page_free(&raw);
}

static void RECV_0_current_msg_id_goes_back(void **state) {
    (void)state;
    struct raw_page raw = raw_page_new(MAP);
    raw_page_put(&raw, 48, (struct llmp_slot){.tag = 7, .message_id = 1, .buf_len_padded = 40});
    raw.page->current_msg_id = 1;
    assert_ok(raw_page_open(&raw));
    llmp_message message;
    assert_ok(llmp_recv(raw.receiver, &message, LLMP_NOWAIT));
    raw.page->current_msg_id = 0;
    assert_rc(llmp_recv(raw.receiver, &message, LLMP_NOWAIT), -LLMP_E_MSG_ID_DECREASED);
    raw_page_free(&raw);
}

/* The last message ends at the end of the map, so the next header would be behind it. */
static void RECV_2_next_header_behind_the_map(void **state) {
    (void)state;
    struct raw_page raw = raw_page_new(MAP);
    raw_page_put(&raw, 48, (struct llmp_slot){.tag = 7, .message_id = 1, .buf_len_padded = MAP - 88});
    raw.page->current_msg_id = 2;
    assert_ok(raw_page_open(&raw));
    llmp_message message;
    assert_ok(llmp_recv(raw.receiver, &message, LLMP_NOWAIT));
    assert_rc(llmp_recv(raw.receiver, &message, LLMP_NOWAIT), -LLMP_E_MSG_BOUNDS);
    raw_page_free(&raw);
}

static void PAGE_3_maps_that_are_no_pages(void **state) {
    (void)state;
    struct raw_page raw = raw_page_new(MAP);
    raw.page->magic = 0;
    assert_rc(raw_page_open(&raw), -LLMP_E_PAGE_MAGIC);
    assert_null(raw.receiver);
    raw.page->magic = LLMP_PAGE_MAGIC_RETIRED;
    assert_rc(raw_page_open(&raw), -LLMP_E_PAGE_RETIRED);
    assert_int_equal(raw.page->joined, 0);
    raw_page_free(&raw);
    struct raw_page tiny = raw_page_new(88);
    llmp_shmem_desc desc = llmp_shmem_describe(tiny.map);
    desc.size = 87;
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv")};
    assert_rc(llmp_receiver_new(&desc, &options, &tiny.receiver), -LLMP_E_PAGE_TOO_SMALL);
    raw_page_free(&tiny);
}

static int follow_to(const llmp_shmem_desc *next) {
    struct raw_page raw = raw_page_new(MAP);
    raw_page_end(&raw, 48, 1, next);
    assert_ok(raw_page_open(&raw));
    llmp_message message;
    int rc = llmp_recv(raw.receiver, &message, LLMP_NOWAIT);
    assert_int_equal(raw.page->left, 0);
    assert_rc(llmp_recv(raw.receiver, &message, LLMP_NOWAIT), -LLMP_E_BROKEN);
    raw_page_free(&raw);
    return rc;
}

static llmp_shmem_desc desc_of(size_t size, const char *id) {
    llmp_shmem_desc desc = {.size = size};
    if (id[0] != '\0') {
        assert_ok(llmp_shmem_id_set(&desc.id, id));
    }
    return desc;
}

/* The receiver must stay on the old page, and must not read it again from its start. */
static void EOP_5_failed_follows(void **state) {
    (void)state;
    struct raw_page target = raw_page_new(MAP);
    llmp_shmem_desc desc = llmp_shmem_describe(target.map);
    desc.size = MAP + 1;
    assert_rc(follow_to(&desc), -LLMP_E_SIZE_CLAIM);
    desc.size = 0;
    assert_rc(follow_to(&desc), -LLMP_E_SIZE_ZERO);
    desc.size = SIZE_MAX;
    assert_rc(follow_to(&desc), -LLMP_E_EOP_SIZE);
    desc.size = MAP;
    target.page->magic = 1;
    assert_rc(follow_to(&desc), -LLMP_E_PAGE_MAGIC);
    raw_page_free(&target);
    assert_rc(follow_to(&desc), -LLMP_E_EOP_GONE);
    desc = desc_of(MAP, "abc");
    assert_rc(follow_to(&desc), -LLMP_E_ID_NOT_A_NUMBER);
    desc = desc_of(MAP, "");
    assert_rc(follow_to(&desc), -LLMP_E_ID_EMPTY);
    memset(desc.id.bytes, '1', sizeof desc.id.bytes);
    assert_rc(follow_to(&desc), -LLMP_E_ID_UNTERMINATED);
}

static void EOP_5_a_page_that_names_itself(void **state) {
    (void)state;
    struct raw_page raw = raw_page_new(MAP);
    llmp_shmem_desc self = llmp_shmem_describe(raw.map);
    self.id.bytes[19] = 'x'; /* behind the NUL, and ignored (ID-1) */
    raw_page_end(&raw, 48, 1, &self);
    assert_ok(raw_page_open(&raw));
    llmp_message message;
    assert_rc(llmp_recv(raw.receiver, &message, LLMP_NOWAIT), -LLMP_E_EOP_SELF);
    raw_page_free(&raw);
}

/* Two pages that name each other: a call must end all the same. */
static void EOP_5_a_ring_of_pages(void **state) {
    (void)state;
    struct raw_page a = raw_page_new(MAP);
    struct raw_page b = raw_page_new(MAP);
    llmp_shmem_desc desc_a = llmp_shmem_describe(a.map);
    llmp_shmem_desc desc_b = llmp_shmem_describe(b.map);
    raw_page_end(&a, 48, 1, &desc_b);
    raw_page_end(&b, 48, 1, &desc_a);
    assert_ok(raw_page_open(&a));
    llmp_message message;
    assert_rc(llmp_recv(a.receiver, &message, LLMP_NOWAIT), -EAGAIN);
    assert_rc(llmp_recv(a.receiver, &message, LLMP_MILLISECONDS(1)), -ETIMEDOUT);
    raw_page_free(&a);
    raw_page_free(&b);
}

static void EOP_5_counts_are_added(void **state) {
    (void)state;
    llmp_sender *sender =
        test_sender((llmp_sender_options){.page_size = MAP, .receivers = 2, .page_policy = LLMP_PAGES_KEEP});
    llmp_shmem_desc first = llmp_sender_describe(sender);
    struct test_view view = test_view_open(&first);
    llmp_receiver *a = test_receiver(sender);
    llmp_receiver *b = test_receiver(sender);
    assert_int_equal(view.page->joined, 2);
    for (uint64_t i = 0; i < 4; i++) {
        assert_ok(test_send_number(sender, i, 1000, LLMP_NOWAIT));
    }
    for (uint64_t i = 0; i < 4; i++) {
        test_expect_number(a, i, 1000, LLMP_NOWAIT);
    }
    assert_int_equal(view.page->left, 1);
    for (uint64_t i = 0; i < 4; i++) {
        test_expect_number(b, i, 1000, LLMP_NOWAIT);
    }
    assert_int_equal(view.page->left, 2);
    test_view_close(&view);
    llmp_receiver_free(a);
    llmp_receiver_free(b);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void TCP_2_a_pre_joined_receiver_does_not_join(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .pre_joined = true};
    llmp_shmem_desc desc;
    llmp_sender_add_receiver(sender, &desc);
    struct test_view view = test_view_open(&desc);
    llmp_receiver *receiver;
    assert_int_equal(view.page->joined, 1);
    assert_ok(llmp_receiver_new(&desc, &options, &receiver));
    assert_int_equal(view.page->joined, 1);
    llmp_receiver_free(receiver);
    assert_int_equal(view.page->left, 1);
    test_view_close(&view);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void RECV_4_a_chain_of_growing_pages(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = 512, .page_policy = LLMP_PAGES_KEEP});
    llmp_receiver *receiver = test_receiver(sender);
    for (uint64_t i = 0; i < 300; i++) {
        assert_ok(test_send_number(sender, i, (i * 37) % 5000, LLMP_NOWAIT));
    }
    for (uint64_t i = 0; i < 300; i++) {
        test_expect_number(receiver, i, (i * 37) % 5000, LLMP_NOWAIT);
    }
    llmp_message message;
    assert_rc(llmp_recv(receiver, &message, LLMP_NOWAIT), -EAGAIN);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void a_message_is_copied_to_the_callers_buffer(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    llmp_receiver *receiver = test_receiver(sender);
    assert_ok(llmp_send(sender, 4, 0, "0123456789", 10, LLMP_NOWAIT));
    char buffer[10];
    llmp_message message;
    assert_rc(llmp_recv_copy(receiver, &message, buffer, 9, LLMP_NOWAIT), -LLMP_E_BUFFER_TOO_SMALL);
    assert_int_equal(message.length, 10);
    assert_rc(llmp_recv_copy(receiver, &message, buffer, 9, LLMP_NOWAIT), -LLMP_E_BUFFER_TOO_SMALL);
    assert_ok(llmp_recv_copy(receiver, &message, buffer, 10, LLMP_NOWAIT));
    assert_ptr_equal(message.payload, buffer);
    assert_memory_equal(buffer, "0123456789", 10);
    assert_rc(llmp_recv_copy(receiver, &message, buffer, 10, LLMP_NOWAIT), -EAGAIN);
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(receiver, &stats, sizeof stats);
    assert_int_equal(stats.messages, 1);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

static void every_wait_ends_at_its_timeout(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    const llmp_wait waits[] = {LLMP_WAIT_ADAPTIVE, LLMP_WAIT_SPIN, LLMP_WAIT_YIELD, LLMP_WAIT_SLEEP};
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .wait = waits[i]};
        llmp_shmem_desc desc = llmp_sender_describe(sender);
        llmp_receiver *receiver;
        llmp_message message;
        assert_ok(llmp_receiver_new(&desc, &options, &receiver));
        assert_rc(llmp_recv(receiver, &message, LLMP_MILLISECONDS(2)), -ETIMEDOUT);
        llmp_receiver_free(receiver);
    }
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* LLMP_NOWAIT checks immediately, whatever the options of coalescing. */
static void coalescing_does_not_delay_a_call_that_does_not_wait(void **state) {
    (void)state;
    const llmp_receiver_options choices[] = {
        {.coalesce_messages = 100, .coalesce_us = 1000000}, {.coalesce_us = 1000000}, {.coalesce_messages = 1}, {0}};
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        llmp_sender *sender = test_sender((llmp_sender_options){0});
        llmp_receiver_options options = choices[i];
        options.provider = llmp_shmem_provider_find("sysv");
        llmp_shmem_desc desc = llmp_sender_describe(sender);
        llmp_receiver *receiver;
        assert_ok(llmp_receiver_new(&desc, &options, &receiver));
        for (uint64_t n = 0; n < 2000; n++) {
            assert_ok(test_send_number(sender, n, 8, LLMP_NOWAIT));
            if (n % 3 == 2) {
                test_expect_number(receiver, n - 2, 8, LLMP_NOWAIT);
                test_expect_number(receiver, n - 1, 8, LLMP_NOWAIT);
                test_expect_number(receiver, n, 8, LLMP_NOWAIT);
            }
        }
        llmp_receiver_free(receiver);
        assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(RECV_1_nothing_to_read),
        cmocka_unit_test(RECV_2_hostile_headers),
        cmocka_unit_test(RECV_0_current_msg_id_ahead_of_the_messages),
        cmocka_unit_test(RECV_0_current_msg_id_goes_back),
        cmocka_unit_test(RECV_2_next_header_behind_the_map),
        cmocka_unit_test(PAGE_3_maps_that_are_no_pages),
        cmocka_unit_test(EOP_5_failed_follows),
        cmocka_unit_test(EOP_5_a_page_that_names_itself),
        cmocka_unit_test(EOP_5_a_ring_of_pages),
        cmocka_unit_test(EOP_5_counts_are_added),
        cmocka_unit_test(TCP_2_a_pre_joined_receiver_does_not_join),
        cmocka_unit_test(RECV_4_a_chain_of_growing_pages),
        cmocka_unit_test(a_message_is_copied_to_the_callers_buffer),
        cmocka_unit_test(every_wait_ends_at_its_timeout),
        cmocka_unit_test(coalescing_does_not_delay_a_call_that_does_not_wait),
    };
    return cmocka_run_group_tests_name("receiver", tests, NULL, NULL);
}
