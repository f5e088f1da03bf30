/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Messages of the protocol itself (BROKER-4), and clients that violate it. */
#include <string.h>

#include "broker_rig.h"
#include "channel/sender.h"

static void send_control(llmp_sender *sender, uint32_t tag, const void *bytes, size_t length) {
    void *payload;
    assert_ok(llmp_sender_alloc(sender, length, LLMP_NOWAIT, &payload));
    if (length != 0) {
        memcpy(payload, bytes, length);
    }
    assert_ok(llmp_sender_commit_as(sender, 0, tag, 0));
}

static void send_client_exit(llmp_sender *sender, uint32_t id) {
    const uint32_t words[2] = {id, UINT32_MAX};
    send_control(sender, LLMP_TAG_CLIENT_EXIT, words, sizeof words);
}

static void BROKER_10_client_exit_removes_its_own_client_only(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct rig_client clients[] = {rig_add_client(broker), rig_add_client(broker), rig_add_client(broker)};
    assert_ok(llmp_send(clients[0].tx, 5, 0, "last message", 12, LLMP_NOWAIT));
    send_client_exit(clients[0].tx, clients[0].id);
    send_client_exit(clients[2].tx, clients[1].id);
    rig_run_until_idle(broker);
    rig_expect_text(clients[1].rx, clients[0].id, 5, "last message");
    rig_expect_none(clients[1].rx);
    assert_int_equal(rig_stats(broker).clients_now, 1);
    assert_int_equal(rig_event_count(LLMP_EVENT_CLIENT_LEFT, 0), 1);
    assert_int_equal(rig_event_count(LLMP_EVENT_CLIENT_REMOVED, -LLMP_E_CLIENT_FORGED), 1);
    rig_free_all(broker, clients, 3);
}

static void BROKER_4_exiting_removes_the_sender(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct rig_client a = rig_add_client(broker);
    assert_ok(llmp_send(a.tx, 5, 0, "x", 1, LLMP_NOWAIT));
    assert_ok(llmp_sender_exit(a.tx, LLMP_NOWAIT));
    rig_run_until_idle(broker);
    assert_int_equal(rig_stats(broker).clients_now, 0);
    assert_int_equal(rig_stats(broker).forwarded, 1);
    assert_int_equal(rig_event_count(LLMP_EVENT_CLIENT_LEFT, 0), 1);
    rig_free_all(broker, &a, 1);
}

static void BROKER_4_slow_receiver_is_not_forwarded(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct rig_client a = rig_add_client(broker);
    send_control(a.tx, LLMP_TAG_SLOW_RECEIVER, NULL, 0);
    rig_run_until_idle(broker);
    rig_expect_none(a.rx);
    assert_int_equal(rig_stats(broker).clients_now, 1);
    rig_free_all(broker, &a, 1);
}

static void BROKER_4_new_shm_client_registers_a_channel(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct rig_client a = rig_add_client(broker);
    llmp_sender *other = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    uint64_t payload[4];
    llmp_shmem_desc desc = llmp_sender_describe(other);
    llmp_eop_write(payload, &desc);
    send_control(a.tx, LLMP_TAG_NEW_SHM_CLIENT, payload, sizeof payload);
    assert_ok(llmp_send(other, 3, 0, "hi", 2, LLMP_NOWAIT));
    rig_run_until_idle(broker);
    rig_expect_text(a.rx, a.id + 1, 3, "hi");
    assert_int_equal(rig_stats(broker).clients_now, 2);
    (void)llmp_sender_free(other, LLMP_NOWAIT);
    rig_free_all(broker, &a, 1);
}

/* ---------------------------------------------------------------- clients that violate the protocol */

struct violation {
    uint32_t tag;
    uint64_t length, padded;
    int code; /* that the client is removed for */
};

/* Adds a client whose first message is this one. */
static void add_violator(llmp_broker *broker, const struct violation *violation) {
    struct rig_client bad = rig_add_client(broker);
    llmp_shmem_desc desc = llmp_sender_describe(bad.tx);
    struct test_view view = test_view_open(&desc);
    *test_slot(&view, 48) = (struct llmp_slot){
        .tag = violation->tag, .message_id = 1, .buf_len = violation->length, .buf_len_padded = violation->padded};
    view.page->current_msg_id = 1;
    rig_run_until_idle(broker);
    assert_true(rig_event_count(LLMP_EVENT_CLIENT_REMOVED, violation->code) > 0);
    test_view_close(&view);
    rig_client_free(&bad);
}

/* Each of these messages ended a published broker, and with it all clients. Here only the sender is removed. */
static void BROKER_13_a_violation_removes_its_sender_only(void **state) {
    (void)state;
    static const struct violation violations[] = {
        {LLMP_TAG_UNSET, 0, 40, -LLMP_E_MSG_UNSET},
        {LLMP_TAG_UNINITIALIZED, 0, 40, -LLMP_E_MSG_UNINITIALIZED},
        {LLMP_TAG_END_OF_PAGE, 31, 32, -LLMP_E_EOP_LENGTH},
        {LLMP_TAG_END_OF_PAGE, 32, 32, -LLMP_E_SIZE_ZERO},
        {LLMP_TAG_EXITING, 8, 40, -LLMP_E_MSG_EXITING},
        {LLMP_TAG_NEW_SHM_CLIENT, 31, 40, -LLMP_E_EOP_LENGTH},
        {LLMP_TAG_CLIENT_EXIT, 4, 40, -LLMP_E_MSG_LENGTH},
        {1, (uint64_t)64 << 20, 40, -LLMP_E_MSG_LENGTH},
        {1, UINT64_MAX, UINT64_MAX, -LLMP_E_MSG_BOUNDS},
        {1, 8, TEST_MAP, -LLMP_E_MSG_BOUNDS},
        {1, 8, 41, -LLMP_E_MSG_ALIGN},
    };
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct rig_client good = rig_add_client(broker);
    for (size_t i = 0; i < sizeof violations / sizeof violations[0]; i++) {
        add_violator(broker, &violations[i]);
        rig_events.count = 0;
        rig_send_text(broker, &good, 1, "still here");
        rig_expect_text(good.rx, good.id, 1, "still here");
        assert_int_equal(rig_stats(broker).clients_now, 1);
    }
    rig_free_all(broker, &good, 1);
}

static void BROKER_13_unusable_descriptions_are_refused(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){.max_clients = 1});
    llmp_shmem_desc desc = {.size = TEST_MAP};
    llmp_shmem_desc broadcast;
    assert_ok(llmp_shmem_id_set(&desc.id, "abc"));
    assert_rc((int)llmp_broker_add_client(broker, &desc, &broadcast), -LLMP_E_ID_NOT_A_NUMBER);
    assert_ok(llmp_shmem_id_set(&desc.id, "2147483647"));
    assert_rc((int)llmp_broker_add_client(broker, &desc, &broadcast), -LLMP_E_NO_SEGMENT);
    struct rig_client only = rig_add_client(broker);
    desc = llmp_sender_describe(only.tx);
    assert_rc((int)llmp_broker_add_client(broker, &desc, &broadcast), -LLMP_E_CLIENTS_FULL);
    rig_free_all(broker, &only, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(BROKER_10_client_exit_removes_its_own_client_only),
        cmocka_unit_test(BROKER_4_exiting_removes_the_sender),
        cmocka_unit_test(BROKER_4_slow_receiver_is_not_forwarded),
        cmocka_unit_test(BROKER_4_new_shm_client_registers_a_channel),
        cmocka_unit_test(BROKER_13_a_violation_removes_its_sender_only),
        cmocka_unit_test(BROKER_13_unusable_descriptions_are_refused),
    };
    return cmocka_run_group_tests_name("broker_control", tests, NULL, NULL);
}
