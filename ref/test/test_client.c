/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Clients of a broker that runs in a thread of its own (BROKER-1, TCP-2), and clients without TCP. */
#include <errno.h>

#include "broker_thread.h"

/* ------------------------------------------------------------------ sending and receiving */

static void BROKER_1_two_clients_exchange(void **state) {
    llmp_client *one = broker_thread_connect(*state);
    llmp_client *two = broker_thread_connect(*state);
    assert_int_equal(llmp_client_id(one), 1);
    assert_int_equal(llmp_client_id(two), 2);
    client_send_text(one, 7, "question");
    assert_int_equal(client_expect_text(two, 7, "question").sender, 1);
    client_send_text(two, 8, "answer");
    assert_int_equal(client_expect_text(one, 8, "answer").sender, 2);
    assert_ok(llmp_client_free(one, TIMEOUT_NS));
    assert_ok(llmp_client_free(two, TIMEOUT_NS));
}

/* Clients without TCP see the same; see test_client_recv.c. */
static void BROKER_1_own_messages_are_skipped(void **state) {
    llmp_client *one = broker_thread_connect(*state);
    llmp_client *two = broker_thread_connect(*state);
    llmp_message message;
    client_send_text(one, 1, "own");
    (void)client_expect_text(two, 1, "own"); /* so it is on the broadcast */
    assert_rc(llmp_client_recv(one, &message, LLMP_NOWAIT), -EAGAIN);
    client_send_text(two, 2, "other");
    (void)client_expect_text(one, 2, "other");
    assert_ok(llmp_client_free(one, TIMEOUT_NS));
    assert_ok(llmp_client_free(two, TIMEOUT_NS));
}

static void SEND_2_many_are_sent_in_order(void **state) {
    llmp_client *one = broker_thread_connect(*state);
    llmp_client *two = broker_thread_connect(*state);
    const llmp_message messages[] = {
        {.tag = 1, .payload = "a", .length = 1}, {.tag = 2}, {.tag = 3, .payload = "ccc", .length = 3}};
    assert_int_equal(llmp_client_send_many(one, messages, 3, TIMEOUT_NS), 3);
    assert_int_equal(llmp_client_send_many(one, messages, 0, TIMEOUT_NS), 0);
    assert_int_equal(client_expect_text(two, 1, "a").sender, llmp_client_id(one));
    (void)client_expect_text(two, 2, "");
    (void)client_expect_text(two, 3, "ccc");
    assert_ok(llmp_client_free(one, TIMEOUT_NS));
    assert_ok(llmp_client_free(two, TIMEOUT_NS));
}

static void SEND_2_many_stop_at_a_reserved_tag(void **state) {
    llmp_client *one = broker_thread_connect(*state);
    llmp_client *two = broker_thread_connect(*state);
    const llmp_message messages[] = {{.tag = 1}, {.tag = LLMP_TAG_EXITING}, {.tag = 3}};
    assert_int_equal(llmp_client_send_many(one, messages, 3, TIMEOUT_NS), 1);
    assert_rc((int)llmp_client_send_many(one, &messages[1], 1, TIMEOUT_NS), -LLMP_E_TAG_RESERVED);
    client_send_text(one, 4, "last");
    (void)client_expect_text(two, 1, "");
    (void)client_expect_text(two, 4, "last");
    assert_ok(llmp_client_free(one, TIMEOUT_NS));
    assert_ok(llmp_client_free(two, TIMEOUT_NS));
}

/* ------------------------------------------------------------------ the end of the broker */

static void BROKER_5_clients_see_the_broker_end(void **state) {
    (void)state;
    struct broker_thread *thread = broker_thread_start((llmp_broker_options){0});
    llmp_client *client = broker_thread_connect(thread);
    llmp_message message;
    broker_thread_stop(thread);
    assert_rc(llmp_client_recv(client, &message, TIMEOUT_NS), -LLMP_E_CLOSED);
    (void)llmp_client_free(client, LLMP_NOWAIT);
    broker_thread_free(thread);
}

/* Before the first client, and between the two, the broker has no client either, and must not end. */
static void BROKER_20_exit_after_waits_for_all_clients(void **state) {
    (void)state;
    struct broker_thread *thread = broker_thread_start((llmp_broker_options){.exit_after = 2});
    for (int i = 0; i < 2; i++) {
        assert_ok(llmp_client_free(broker_thread_connect(thread), TIMEOUT_NS));
    }
    broker_thread_join(thread);
    assert_int_equal(thread->left, 2);
    broker_thread_free(thread);
}

/* ------------------------------------------------------------------ without TCP */

static llmp_client *attach_client(llmp_broker *broker, uint32_t expected_id) {
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    llmp_shmem_desc channel = llmp_sender_describe(sender);
    llmp_shmem_desc broadcast;
    int64_t id = llmp_broker_add_client(broker, &channel, &broadcast);
    assert_int_equal(id, expected_id);
    llmp_client *client;
    assert_ok(llmp_client_attach(sender, &broadcast, (uint32_t)id, NULL, &client));
    return client;
}

/* Without a listener, the first client gets id 0, which is also the sender of the broker's own messages. */
static void BROKER_6_client_without_tcp(void **state) {
    (void)state;
    llmp_broker *broker;
    assert_ok(llmp_broker_new(&(llmp_broker_options){.provider = llmp_shmem_provider_find("sysv")}, &broker));
    llmp_client *first = attach_client(broker, 0);
    assert_ok(llmp_broker_send(broker, 5, 0, "abc", 3));
    (void)llmp_client_free(first, LLMP_NOWAIT);
    llmp_client *second = attach_client(broker, 1);
    llmp_message message;
    assert_ok(llmp_client_recv(second, &message, LLMP_NOWAIT));
    assert_int_equal(message.tag, 5);
    (void)llmp_client_free(second, LLMP_NOWAIT);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static void TCP_2_a_failed_attach_keeps_the_sender(void **state) {
    (void)state;
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    llmp_client *client;
    llmp_shmem_desc nothing = {.size = 4096, .id = {"none"}};
    assert_rc(llmp_client_attach(sender, &nothing, 1, NULL, &client), -LLMP_E_ID_NOT_A_NUMBER);
    assert_null(client);
    assert_ok(llmp_send(sender, 1, 0, "x", 1, LLMP_NOWAIT));
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, broker_thread_setup, broker_thread_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(BROKER_1_two_clients_exchange),
        WITH(BROKER_1_own_messages_are_skipped),
        WITH(SEND_2_many_are_sent_in_order),
        WITH(SEND_2_many_stop_at_a_reserved_tag),
        cmocka_unit_test(BROKER_5_clients_see_the_broker_end),
        cmocka_unit_test(BROKER_20_exit_after_waits_for_all_clients),
        cmocka_unit_test(BROKER_6_client_without_tcp),
        cmocka_unit_test(TCP_2_a_failed_attach_keeps_the_sender),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
