/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broker: its options, forwarding, hooks, and its end. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "broker/route.h"
#include "broker_rig.h"
#include "channel/sender.h"

/* ---------------------------------------------------------------- options */

static void unknown_options_are_refused(void **state) {
    (void)state;
    const llmp_broker_options bad[] = {
        {.wait = LLMP_WAIT_SLEEP + 1}, {.reserved0 = {1}}, {.reserved0 = {[6] = 1}}, {.reserved = {1}},
        {.reserved = {[7] = 1}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        llmp_broker *broker;
        assert_rc(llmp_broker_new(&bad[i], &broker), -EINVAL);
        assert_null(broker);
    }
}

/* ---------------------------------------------------------------- forwarding */

static void BROKER_1_all_clients_receive_all_messages(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct rig_client clients[] = {rig_add_client(broker), rig_add_client(broker)};
    assert_ok(llmp_send(clients[0].tx, 7, LLMP_FLAG_COMPRESSED, "one", 3, LLMP_NOWAIT));
    assert_ok(llmp_send(clients[1].tx, 8, 0, "", 0, LLMP_NOWAIT));
    rig_run_until_idle(broker);
    for (int i = 0; i < 2; i++) {
        llmp_message message;
        assert_ok(llmp_recv(clients[i].rx, &message, LLMP_NOWAIT));
        assert_int_equal(message.sender, clients[0].id);
        assert_int_equal(message.flags, LLMP_FLAG_COMPRESSED);
        assert_memory_equal(message.payload, "one", 3);
        rig_expect_text(clients[i].rx, clients[1].id, 8, "");
        rig_expect_none(clients[i].rx);
    }
    rig_free_all(broker, clients, 2);
}

static void BROKER_2_ids_count_up_and_are_never_given_twice(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    assert_int_equal(llmp_broker_take_id(broker), 0);
    for (uint32_t i = 1; i < 5; i++) {
        struct rig_client client = rig_add_client(broker);
        assert_int_equal(client.id, i);
        assert_ok(llmp_broker_remove_client(broker, i));
        rig_run_until_idle(broker);
        rig_client_free(&client);
    }
    assert_rc(llmp_broker_remove_client(broker, 1), -LLMP_E_NO_CLIENT);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* Behind the payload, the slot on the broadcast holds zeros or earlier broadcasts: no bytes of the client's page. */
static void BROKER_8_nothing_behind_the_payload_is_copied(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct rig_client a = rig_add_client(broker);
    llmp_shmem_desc channel = llmp_sender_describe(a.tx);
    struct test_view view = test_view_open(&channel);
    void *payload;
    assert_ok(llmp_sender_alloc(a.tx, 200, LLMP_NOWAIT, &payload));
    memset(payload, 'S', 200);
    assert_ok(llmp_sender_shrink(a.tx, 3));
    test_slot(&view, 48)->buf_len_padded = 40;
    assert_ok(llmp_sender_commit(a.tx, 1, 0));
    rig_run_until_idle(broker);
    llmp_message message;
    assert_ok(llmp_recv(a.rx, &message, LLMP_NOWAIT));
    const char *bytes = message.payload;
    assert_memory_equal(bytes, "SSS", 3);
    for (size_t i = 3; i < 40; i++) {
        assert_int_equal(bytes[i], 0);
    }
    test_view_close(&view);
    rig_free_all(broker, &a, 1);
}

/* The sender of a forwarded message is the id of the channel, not the id that the client wrote into the message. */
static void BROKER_9_a_client_cannot_send_as_another(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct rig_client clients[] = {rig_add_client(broker), rig_add_client(broker)};
    void *payload;
    assert_ok(llmp_sender_alloc(clients[0].tx, 0, LLMP_NOWAIT, &payload));
    assert_ok(llmp_sender_commit_as(clients[0].tx, clients[1].id, 1, 0));
    rig_run_until_idle(broker);
    rig_expect_text(clients[1].rx, clients[0].id, 1, "");
    rig_free_all(broker, clients, 2);
}

/* llmp_broker_describe() counts no reader: pages are reused as if it was not called. */
static void the_broadcast_can_be_described(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){.page_size = 4096, .history = 2});
    llmp_shmem_desc first = llmp_broker_describe(broker);
    struct rig_client client = rig_add_client(broker);
    assert_int_equal(first.size, 4096);
    struct test_view view = test_view_open(&first);
    assert_int_equal(view.page->sender_id, 0);
    test_view_close(&view);
    for (int i = 0; i < 1000; i++) {
        rig_send_text(broker, &client, 9, "text");
        rig_expect_text(client.rx, client.id, 9, "text");
        (void)llmp_broker_describe(broker);
    }
    assert_true(rig_stats(broker).pages_turned > 10);
    assert_true(rig_stats(broker).pages_created <= 4);
    rig_free_all(broker, &client, 1);
}

static void several_brokers_in_one_process(void **state) {
    (void)state;
    llmp_broker *brokers[4];
    struct rig_client clients[4];
    for (uint32_t i = 0; i < 4; i++) {
        brokers[i] = rig_broker_new((llmp_broker_options){0});
        clients[i] = rig_add_client(brokers[i]);
        assert_ok(llmp_send(clients[i].tx, i + 1, 0, "", 0, LLMP_NOWAIT));
    }
    for (uint32_t i = 0; i < 4; i++) {
        rig_run_until_idle(brokers[i]);
        rig_expect_text(clients[i].rx, clients[i].id, i + 1, "");
        rig_expect_none(clients[i].rx);
        rig_free_all(brokers[i], &clients[i], 1);
    }
}

/* ---------------------------------------------------------------- hooks */

static llmp_hook_result hook(void *context, llmp_broker *broker, llmp_broker_message *message) {
    static char text[] = "changed";
    int *calls = context;
    (*calls)++;
    switch (message->tag) {
    case 1: return LLMP_HOOK_HANDLED;
    case 2:
        message->client = 999;
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

static void BROKER_19_hooks_handle_change_and_add(void **state) {
    (void)state;
    int calls = 0;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){.hook = hook, .hook_context = &calls});
    (void)llmp_broker_take_id(broker);
    struct rig_client a = rig_add_client(broker);
    for (uint32_t tag = 1; tag <= 5; tag++) {
        assert_ok(llmp_send(a.tx, tag, 0, "text", 4, LLMP_NOWAIT));
    }
    rig_run_until_idle(broker);
    assert_int_equal(calls, 5);
    rig_expect_text(a.rx, a.id, 20, "changed");
    rig_expect_text(a.rx, 0, 30, "added");
    rig_expect_text(a.rx, a.id, 3, "text");
    rig_expect_text(a.rx, a.id, 5, "text");
    rig_expect_none(a.rx);
    assert_int_equal(rig_stats(broker).handled, 2);
    rig_free_all(broker, &a, 1);
}

/* A pending message has passed the hook already, and must not be passed to it again. */
static void hooks_see_a_message_once(void **state) {
    (void)state;
    int calls = 0;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){.page_size = TEST_MAP,
                                                               .history = 2,
                                                               .slow_client_timeout_ns = LLMP_SECONDS(1000),
                                                               .hook = hook,
                                                               .hook_context = &calls});
    struct rig_client a = rig_add_client(broker);
    int sent = 0;
    for (; sent < 20; sent++) {
        assert_ok(test_send_number(a.tx, (uint64_t)sent + 100, TEST_BIG, LLMP_NOWAIT));
    }
    rig_run_until_idle(broker);
    assert_int_equal(calls, 7);
    for (int i = 0; i < sent; i++) {
        test_expect_number(a.rx, (uint64_t)i + 100, TEST_BIG, LLMP_NOWAIT);
        rig_run_until_idle(broker);
    }
    assert_int_equal(calls, sent);
    rig_free_all(broker, &a, 1);
}

/* ---------------------------------------------------------------- running and stopping */

static void BROKER_20_exit_after_all_joined_and_left(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){.exit_after = 2});
    struct rig_client clients[] = {rig_add_client(broker), rig_add_client(broker)};
    assert_ok(llmp_send(clients[0].tx, 1, 0, "x", 1, LLMP_NOWAIT));
    assert_ok(llmp_sender_exit(clients[0].tx, LLMP_NOWAIT));
    assert_ok(llmp_sender_exit(clients[1].tx, LLMP_NOWAIT));
    assert_true(llmp_broker_run(broker));
    rig_expect_text(clients[1].rx, clients[0].id, 1, "x");
    rig_expect_closed(clients[1].rx);
    rig_free_all(broker, clients, 2);
}

static llmp_broker *broker_to_stop;

static void stop_broker(int number) {
    (void)number;
    llmp_broker_stop(broker_to_stop);
}

static void BROKER_5_stop_from_a_signal_handler(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct rig_client a = rig_add_client(broker);
    assert_ok(llmp_send(a.tx, 1, 0, "x", 1, LLMP_NOWAIT));
    broker_to_stop = broker;
    struct sigaction action = {.sa_handler = stop_broker};
    struct sigaction before;
    (void)sigaction(SIGUSR1, &action, &before);
    (void)raise(SIGUSR1);
    assert_false(llmp_broker_run(broker));
    (void)sigaction(SIGUSR1, &before, NULL);
    rig_expect_text(a.rx, a.id, 1, "x");
    rig_expect_closed(a.rx);
    rig_free_all(broker, &a, 1);
}

/* The broadcast is full, and a client has read nothing of it: it still gets all messages, and the end. */
static void BROKER_5_the_end_evicts_nothing(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new(
        (llmp_broker_options){.page_size = TEST_MAP, .history = 2, .slow_client_timeout_ns = LLMP_SECONDS(1000)});
    struct rig_client a = rig_add_client(broker);
    uint64_t sent = 0;
    while (!broker->has_pending) {
        assert_ok(test_send_number(a.tx, sent++, 24, LLMP_NOWAIT));
        rig_run_until_idle(broker);
    }
    llmp_route_exit(broker);
    for (uint64_t i = 0; i + 1 < sent; i++) {
        test_expect_number(a.rx, i, 24, LLMP_NOWAIT);
    }
    rig_expect_closed(a.rx);
    assert_int_equal(rig_event_count(LLMP_EVENT_OVERRUN, -ETIMEDOUT), 0);
    rig_free_all(broker, &a, 1);
}

/* The id after the last one would be 0, the listener's, and then that of a client that is still there. */
static void BROKER_2_no_id_is_given_twice(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    broker->next_id = UINT32_MAX;
    struct rig_client last = rig_add_client(broker);
    assert_int_equal(last.id, UINT32_MAX);
    llmp_sender *late = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    llmp_shmem_desc channel = llmp_sender_describe(late);
    llmp_shmem_desc broadcast;
    for (int i = 0; i < 3; i++) {
        assert_rc((int)llmp_broker_add_client(broker, &channel, &broadcast), -LLMP_E_IDS_USED_UP);
        assert_rc((int)llmp_broker_take_id(broker), -LLMP_E_IDS_USED_UP);
    }
    rig_send_text(broker, &last, 1, "still here");
    rig_expect_text(last.rx, UINT32_MAX, 1, "still here");
    assert_int_equal(rig_stats(broker).clients_now, 1);
    (void)llmp_sender_free(late, LLMP_NOWAIT);
    rig_free_all(broker, &last, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(BROKER_2_no_id_is_given_twice),
        cmocka_unit_test(unknown_options_are_refused),
        cmocka_unit_test(BROKER_1_all_clients_receive_all_messages),
        cmocka_unit_test(BROKER_2_ids_count_up_and_are_never_given_twice),
        cmocka_unit_test(BROKER_8_nothing_behind_the_payload_is_copied),
        cmocka_unit_test(BROKER_9_a_client_cannot_send_as_another),
        cmocka_unit_test(the_broadcast_can_be_described),
        cmocka_unit_test(several_brokers_in_one_process),
        cmocka_unit_test(BROKER_19_hooks_handle_change_and_add),
        cmocka_unit_test(hooks_see_a_message_once),
        cmocka_unit_test(BROKER_20_exit_after_all_joined_and_left),
        cmocka_unit_test(BROKER_5_stop_from_a_signal_handler),
        cmocka_unit_test(BROKER_5_the_end_evicts_nothing),
    };
    return cmocka_run_group_tests_name("broker", tests, NULL, NULL);
}
