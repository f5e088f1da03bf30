/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a broker forwards, what it keeps, and how it ends. */
#include <signal.h>
#include <string.h>

#include "broker_rig.h"
#include "channel/sender.h"

/* ---------------------------------------------------------------- forwarding */

static void BROKER_1_everybody_sees_everything(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){0});
    struct rig_member a = rig_join(broker);
    struct rig_member b = rig_join(broker);
    assert_ok(llmp_send(a.tx, 7, LLMP_FLAG_COMPRESSED, "one", 3, LLMP_NOWAIT));
    assert_ok(llmp_send(b.tx, 8, 0, "", 0, LLMP_NOWAIT));
    rig_settle(broker);
    const struct rig_member *members[] = {&a, &b};
    for (int i = 0; i < 2; i++) {
        llmp_message message;
        assert_ok(llmp_recv(members[i]->rx, &message, LLMP_NOWAIT));
        assert_int_equal(message.sender, a.id);
        assert_int_equal(message.flags, LLMP_FLAG_COMPRESSED);
        assert_memory_equal(message.payload, "one", 3);
        rig_expect_text(members[i]->rx, b.id, 8, "");
        rig_expect_nothing(members[i]->rx);
    }
    rig_go(&a);
    rig_go(&b);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static void BROKER_2_ids_count_up_and_are_never_given_twice(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){0});
    assert_int_equal(llmp_broker_take_id(broker), 0);
    for (uint32_t i = 1; i < 5; i++) {
        struct rig_member member = rig_join(broker);
        assert_int_equal(member.id, i);
        assert_ok(llmp_broker_remove_client(broker, i));
        rig_settle(broker);
        rig_go(&member);
    }
    assert_rc(llmp_broker_remove_client(broker, 1), -LLMP_E_NO_CLIENT);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* The slot holds buf_len bytes and zeros or older broadcasts behind them: nothing of the client's page. */
static void BROKER_3_nothing_leaks_from_behind_the_message(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){0});
    struct rig_member a = rig_join(broker);
    llmp_shmem_desc own = llmp_sender_describe(a.tx);
    struct test_view view = test_view_open(&own);
    void *payload;
    assert_ok(llmp_sender_alloc(a.tx, 200, LLMP_NOWAIT, &payload));
    memset(payload, 'S', 200);
    assert_ok(llmp_sender_shrink(a.tx, 3));
    test_slot(&view, 48)->buf_len_padded = 40;
    assert_ok(llmp_sender_commit(a.tx, 1, 0));
    rig_settle(broker);
    llmp_message message;
    assert_ok(llmp_recv(a.rx, &message, LLMP_NOWAIT));
    const char *bytes = message.payload;
    assert_memory_equal(bytes, "SSS", 3);
    for (size_t i = 3; i < 40; i++) {
        assert_int_equal(bytes[i], 0);
    }
    test_view_close(&view);
    rig_go(&a);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* The sender field of a forwarded message is the channel's, whatever its client wrote there. */
/* Whoever asks is counted nowhere: pages go round as if nobody had. */
static void the_broadcast_can_be_described(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){.page_size = 4096, .history = 2});
    llmp_shmem_desc first = llmp_broker_describe(broker);
    struct rig_member member = rig_join(broker);
    assert_int_equal(first.size, 4096);
    struct test_view view = test_view_open(&first);
    assert_int_equal(view.page->sender_id, 0);
    test_view_close(&view);
    for (int i = 0; i < 1000; i++) {
        assert_ok(llmp_send(member.tx, 9, 0, "text", 4, LLMP_NOWAIT));
        rig_settle(broker);
        rig_expect_text(member.rx, member.id, 9, "text");
        (void)llmp_broker_describe(broker);
    }
    llmp_broker_stats stats;
    llmp_broker_stats_get(broker, &stats, sizeof stats);
    assert_true(stats.pages_turned > 10);
    assert_true(stats.pages_created <= 4);
    rig_go(&member);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static void BROKER_3_a_client_cannot_speak_for_another(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){0});
    struct rig_member a = rig_join(broker);
    struct rig_member b = rig_join(broker);
    void *payload;
    assert_ok(llmp_sender_alloc(a.tx, 0, LLMP_NOWAIT, &payload));
    assert_ok(llmp_sender_commit_as(a.tx, b.id, 1, 0));
    rig_settle(broker);
    rig_expect_text(b.rx, a.id, 1, "");
    rig_go(&a);
    rig_go(&b);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* ---------------------------------------------------------------- messages of the protocol itself */

static void send_control(llmp_sender *sender, uint32_t tag, const void *bytes, size_t length) {
    void *payload;
    assert_ok(llmp_sender_alloc(sender, length, LLMP_NOWAIT, &payload));
    if (length != 0) {
        memcpy(payload, bytes, length);
    }
    assert_ok(llmp_sender_commit_as(sender, 0, tag, 0));
}

static void BROKER_4_client_exit_removes_its_sender_alone(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){0});
    struct rig_member a = rig_join(broker);
    struct rig_member b = rig_join(broker);
    struct rig_member c = rig_join(broker);
    uint32_t words[2] = {a.id, 0xFFFFFFFF};
    assert_ok(llmp_send(a.tx, 5, 0, "last words", 10, LLMP_NOWAIT));
    send_control(a.tx, LLMP_TAG_CLIENT_EXIT, words, sizeof words);
    words[0] = b.id;
    send_control(c.tx, LLMP_TAG_CLIENT_EXIT, words, sizeof words);
    rig_settle(broker);
    rig_expect_text(b.rx, a.id, 5, "last words");
    rig_expect_nothing(b.rx);
    assert_int_equal(rig_stats_of(broker).clients_now, 1);
    assert_int_equal(rig_count_of(LLMP_EVENT_CLIENT_LEFT, 0), 1);
    assert_int_equal(rig_count_of(LLMP_EVENT_CLIENT_REMOVED, -LLMP_E_CLIENT_FORGED), 1);
    rig_go(&a);
    rig_go(&b);
    rig_go(&c);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static void BROKER_4_exiting_removes_the_sender(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){0});
    struct rig_member a = rig_join(broker);
    assert_ok(llmp_send(a.tx, 5, 0, "x", 1, LLMP_NOWAIT));
    assert_ok(llmp_sender_exit(a.tx, LLMP_NOWAIT));
    rig_settle(broker);
    assert_int_equal(rig_stats_of(broker).clients_now, 0);
    assert_int_equal(rig_stats_of(broker).forwarded, 1);
    assert_int_equal(rig_count_of(LLMP_EVENT_CLIENT_LEFT, 0), 1);
    rig_go(&a);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static void BROKER_4_slow_receiver_is_not_forwarded(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){0});
    struct rig_member a = rig_join(broker);
    send_control(a.tx, LLMP_TAG_SLOW_RECEIVER, NULL, 0);
    rig_settle(broker);
    rig_expect_nothing(a.rx);
    assert_int_equal(rig_stats_of(broker).clients_now, 1);
    rig_go(&a);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static void BROKER_4_new_shm_client_registers_a_channel(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){0});
    struct rig_member a = rig_join(broker);
    llmp_sender *other = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    uint64_t payload[4];
    llmp_shmem_desc desc = llmp_sender_describe(other);
    llmp_eop_write(payload, &desc);
    send_control(a.tx, LLMP_TAG_NEW_SHM_CLIENT, payload, sizeof payload);
    assert_ok(llmp_send(other, 3, 0, "hi", 2, LLMP_NOWAIT));
    rig_settle(broker);
    rig_expect_text(a.rx, a.id + 1, 3, "hi");
    assert_int_equal(rig_stats_of(broker).clients_now, 2);
    (void)llmp_sender_free(other, LLMP_NOWAIT);
    rig_go(&a);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* Each of these took a published broker down for all its clients. Here the offender goes, at most. */
static void hostile_clients_cost_nobody_else_anything(void **state) {
    (void)state;
    static const struct {
        uint32_t tag;
        uint64_t length, padded;
        int code;
    } cases[] = {
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
    llmp_broker *broker = rig_new_broker((llmp_broker_options){0});
    struct rig_member good = rig_join(broker);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig_member bad = rig_join(broker);
        llmp_shmem_desc desc = llmp_sender_describe(bad.tx);
        struct test_view view = test_view_open(&desc);
        *test_slot(&view, 48) = (struct llmp_slot){
            .tag = cases[i].tag, .message_id = 1, .buf_len = cases[i].length, .buf_len_padded = cases[i].padded};
        view.page->current_msg_id = 1;
        rig_settle(broker);
        assert_int_equal(rig_count_of(LLMP_EVENT_CLIENT_REMOVED, cases[i].code) > 0, 1);
        rig_events.count = 0;
        assert_ok(llmp_send(good.tx, 1, 0, "still here", 10, LLMP_NOWAIT));
        rig_settle(broker);
        rig_expect_text(good.rx, good.id, 1, "still here");
        assert_int_equal(rig_stats_of(broker).clients_now, 1);
        test_view_close(&view);
        rig_go(&bad);
    }
    rig_go(&good);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static void hostile_descriptions_are_refused(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){.max_clients = 1});
    llmp_shmem_desc desc = {.size = TEST_MAP};
    llmp_shmem_desc broadcast;
    assert_ok(llmp_shmem_id_set(&desc.id, "abc"));
    assert_rc((int)llmp_broker_add_client(broker, &desc, &broadcast), -LLMP_E_ID_NOT_A_NUMBER);
    assert_ok(llmp_shmem_id_set(&desc.id, "2147483647"));
    assert_rc((int)llmp_broker_add_client(broker, &desc, &broadcast), -LLMP_E_NO_SEGMENT);
    struct rig_member only = rig_join(broker);
    desc = llmp_sender_describe(only.tx);
    assert_rc((int)llmp_broker_add_client(broker, &desc, &broadcast), -LLMP_E_CLIENTS_FULL);
    rig_go(&only);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* ---------------------------------------------------------------- hooks */

static llmp_hook_result hook(void *context, llmp_broker *broker, llmp_broker_message *message) {
    static char text[] = "changed";
    int *calls = context;
    (*calls)++;
    switch (message->tag) {
    case 1: return LLMP_HOOK_HANDLED;
    case 2:
        message->tag = 20;
        message->flags = LLMP_FLAG_FROM_MM;
        message->payload = text;
        message->length = 7;
        return LLMP_HOOK_FORWARD;
    case 3: assert_ok(llmp_broker_send(broker, 30, 0, "added", 5)); return LLMP_HOOK_FORWARD;
    case 4: message->tag = LLMP_TAG_EXITING; return LLMP_HOOK_FORWARD;
    default: return LLMP_HOOK_FORWARD;
    }
}

static void BROKER_4_hooks_handle_change_and_add(void **state) {
    (void)state;
    int calls = 0;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){.hook = hook, .hook_context = &calls});
    (void)llmp_broker_take_id(broker);
    struct rig_member a = rig_join(broker);
    for (uint32_t tag = 1; tag <= 5; tag++) {
        assert_ok(llmp_send(a.tx, tag, 0, "text", 4, LLMP_NOWAIT));
    }
    rig_settle(broker);
    assert_int_equal(calls, 5);
    rig_expect_text(a.rx, a.id, 20, "changed");
    rig_expect_text(a.rx, 0, 30, "added");
    rig_expect_text(a.rx, a.id, 3, "text");
    rig_expect_text(a.rx, a.id, 5, "text");
    rig_expect_nothing(a.rx);
    assert_int_equal(rig_stats_of(broker).handled, 2);
    rig_go(&a);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* A message that has to wait for room went through the hook already, and must not go through it again. */
static void hooks_see_a_message_once(void **state) {
    (void)state;
    int calls = 0;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){.page_size = TEST_MAP,
                                                               .history = 2,
                                                               .slow_client_timeout_ns = LLMP_SECONDS(1000),
                                                               .hook = hook,
                                                               .hook_context = &calls});
    struct rig_member a = rig_join(broker);
    int sent = 0;
    for (; sent < 20; sent++) {
        assert_ok(test_send_number(a.tx, (uint64_t)sent + 100, TEST_BIG, LLMP_NOWAIT));
    }
    rig_settle(broker);
    assert_int_equal(calls, 7);
    for (int i = 0; i < sent; i++) {
        test_expect_number(a.rx, (uint64_t)i + 100, TEST_BIG, LLMP_NOWAIT);
        rig_settle(broker);
    }
    assert_int_equal(calls, sent);
    rig_go(&a);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* ---------------------------------------------------------------- running and stopping */

static void BROKER_5_exit_after_all_came_and_went(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){.exit_after = 2});
    struct rig_member a = rig_join(broker);
    struct rig_member b = rig_join(broker);
    assert_ok(llmp_send(a.tx, 1, 0, "x", 1, LLMP_NOWAIT));
    assert_ok(llmp_sender_exit(a.tx, LLMP_NOWAIT));
    assert_ok(llmp_sender_exit(b.tx, LLMP_NOWAIT));
    assert_true(llmp_broker_run(broker));
    rig_expect_text(b.rx, a.id, 1, "x");
    llmp_message message;
    assert_rc(llmp_recv(b.rx, &message, LLMP_NOWAIT), -LLMP_E_CLOSED);
    rig_go(&a);
    rig_go(&b);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static llmp_broker *to_stop;

static void stop_it(int number) {
    (void)number;
    llmp_broker_stop(to_stop);
}

static void BROKER_5_stop_from_a_signal_handler(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){0});
    struct rig_member a = rig_join(broker);
    assert_ok(llmp_send(a.tx, 1, 0, "x", 1, LLMP_NOWAIT));
    to_stop = broker;
    struct sigaction action = {.sa_handler = stop_it};
    struct sigaction before;
    (void)sigaction(SIGUSR1, &action, &before);
    (void)raise(SIGUSR1);
    assert_false(llmp_broker_run(broker));
    (void)sigaction(SIGUSR1, &before, NULL);
    rig_expect_text(a.rx, a.id, 1, "x");
    llmp_message message;
    assert_rc(llmp_recv(a.rx, &message, LLMP_NOWAIT), -LLMP_E_CLOSED);
    rig_go(&a);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static void several_brokers_in_one_process(void **state) {
    (void)state;
    llmp_broker *brokers[4];
    struct rig_member members[4];
    for (uint32_t i = 0; i < 4; i++) {
        brokers[i] = rig_new_broker((llmp_broker_options){0});
        members[i] = rig_join(brokers[i]);
        assert_ok(llmp_send(members[i].tx, i + 1, 0, "", 0, LLMP_NOWAIT));
    }
    for (uint32_t i = 0; i < 4; i++) {
        rig_settle(brokers[i]);
        rig_expect_text(members[i].rx, members[i].id, i + 1, "");
        rig_expect_nothing(members[i].rx);
        rig_go(&members[i]);
        llmp_broker_free(brokers[i], LLMP_NOWAIT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(BROKER_1_everybody_sees_everything),
        cmocka_unit_test(BROKER_2_ids_count_up_and_are_never_given_twice),
        cmocka_unit_test(BROKER_3_nothing_leaks_from_behind_the_message),
        cmocka_unit_test(the_broadcast_can_be_described),
        cmocka_unit_test(BROKER_3_a_client_cannot_speak_for_another),
        cmocka_unit_test(BROKER_4_client_exit_removes_its_sender_alone),
        cmocka_unit_test(BROKER_4_exiting_removes_the_sender),
        cmocka_unit_test(BROKER_4_slow_receiver_is_not_forwarded),
        cmocka_unit_test(BROKER_4_new_shm_client_registers_a_channel),
        cmocka_unit_test(hostile_clients_cost_nobody_else_anything),
        cmocka_unit_test(hostile_descriptions_are_refused),
        cmocka_unit_test(BROKER_4_hooks_handle_change_and_add),
        cmocka_unit_test(hooks_see_a_message_once),
        cmocka_unit_test(BROKER_5_exit_after_all_came_and_went),
        cmocka_unit_test(BROKER_5_stop_from_a_signal_handler),
        cmocka_unit_test(several_brokers_in_one_process),
    };
    return cmocka_run_group_tests_name("broker", tests, NULL, NULL);
}
