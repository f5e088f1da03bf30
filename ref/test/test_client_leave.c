/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Clients that leave: the messages they send, and the waits before they end (BROKER-4, BROKER-11). */
#include <errno.h>
#include <unistd.h>

#include "broker_thread.h"
#include "os/os.h"

/* ------------------------------------------------------------------ with a broker */

/* The child has ended before its messages are read: it left only when the broker had mapped them. */
static void send_and_exit(const struct broker_thread *thread, uint32_t count) {
    const llmp_client_options options = {.port = thread->port};
    llmp_client *client;
    int rc = llmp_client_connect(&options, TIMEOUT_NS, &client);
    for (uint32_t i = 0; i < count && rc == 0; i++) {
        rc = llmp_client_send(client, i, 0, &i, sizeof i, TIMEOUT_NS);
    }
    _exit(rc == 0 && llmp_client_free(client, TIMEOUT_NS) == 0 ? 0 : 1);
}

static void BROKER_11_a_short_lived_process_loses_nothing(void **state) {
    enum { COUNT = 100000 }; /* several pages of messages */
    llmp_client *client = broker_thread_connect(*state);
    pid_t child = test_fork();
    if (child == 0) {
        send_and_exit(*state, COUNT);
    }
    assert_int_equal(test_wait(child), 0);
    for (uint32_t i = 0; i < COUNT; i++) {
        llmp_message message;
        assert_ok(llmp_client_recv(client, &message, TIMEOUT_NS));
        assert_int_equal(message.tag, i);
        assert_memory_equal(message.payload, &i, sizeof i);
    }
    assert_ok(llmp_client_free(client, TIMEOUT_NS));
}

/* Sends until the broker blocks for this client, which does not read, and its own channel is full, too: where a large
 * message finds no room, an empty one still may. */
static void fill_channel(llmp_client *client) {
    const uint8_t payload[4096] = {0};
    int64_t end = llmp_os_now() + LLMP_MILLISECONDS(20);
    do {
        int rc = llmp_client_send(client, 1, 0, payload, sizeof payload, LLMP_MILLISECONDS(5));
        assert_true(rc == 0 || rc == -ETIMEDOUT);
    } while (llmp_os_now() < end);
    while (llmp_client_send(client, 1, 0, NULL, 0, LLMP_NOWAIT) == 0) {
    }
}

/* The broker does not read the client's channel as long as the client does not read the broadcast: so the client has to
 * read while it leaves. */
static void BROKER_11_a_client_that_never_reads_can_leave(void **state) {
    (void)state;
    struct broker_thread *thread = broker_thread_start(
        (llmp_broker_options){.page_size = 16384, .history = 2, .slow_client_timeout_ns = LLMP_SECONDS(30)});
    const llmp_client_options options = {.port = thread->port, .sender = {.page_size = 16384, .max_pages = 8}};
    llmp_client *client;
    assert_ok(llmp_client_connect(&options, TIMEOUT_NS, &client));
    fill_channel(client);
    assert_ok(llmp_client_free(client, TIMEOUT_NS));
    broker_thread_stop(thread);
    broker_thread_free(thread);
}

static void BROKER_4_the_broker_sees_a_client_leave(void **state) {
    (void)state;
    struct broker_thread *thread = broker_thread_start((llmp_broker_options){0});
    assert_ok(llmp_client_free(broker_thread_connect(thread), TIMEOUT_NS));
    broker_thread_stop(thread);
    assert_int_equal(thread->left, 1);
    assert_int_equal(thread->removed, 0);
    broker_thread_free(thread);
}

/* An allocation that was not committed does not keep the client from leaving, and is not sent. */
static void BROKER_4_leaving_with_an_open_allocation(void **state) {
    llmp_client *one = broker_thread_connect(*state);
    llmp_client *two = broker_thread_connect(*state);
    void *payload;
    assert_ok(llmp_sender_alloc(llmp_client_sender(one), 100, TIMEOUT_NS, &payload));
    assert_ok(llmp_client_free(one, TIMEOUT_NS));
    client_send_text(two, 1, "still here");
    assert_ok(llmp_client_free(two, TIMEOUT_NS));
}

/* ------------------------------------------------------------------ what is written */

#define ID 0x01020304u

/* A client without a broker: the test reads its channel. */
struct pair {
    llmp_sender *broadcast;
    llmp_receiver *channel;
    llmp_client *client;
};

static struct pair pair_new(void) {
    struct pair pair = {.broadcast = test_sender((llmp_sender_options){0})};
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    pair.channel = test_receiver(sender);
    llmp_shmem_desc desc;
    llmp_sender_add_receiver(pair.broadcast, &desc);
    assert_ok(llmp_client_attach(sender, &desc, ID, NULL, &pair.client));
    return pair;
}

static void pair_free(struct pair *pair) {
    llmp_receiver_free(pair->channel);
    (void)llmp_sender_free(pair->broadcast, LLMP_NOWAIT);
}

static void BROKER_4_client_exit_as_it_is_written(void **state) {
    (void)state;
    struct pair pair = pair_new();
    llmp_message message;
    void *open;
    client_send_text(pair.client, 1, "text");
    assert_ok(llmp_sender_alloc(llmp_client_sender(pair.client), 100, LLMP_NOWAIT, &open));
    assert_ok(llmp_client_free(pair.client, TIMEOUT_NS));
    assert_ok(llmp_recv(pair.channel, &message, LLMP_NOWAIT));
    assert_int_equal(message.tag, 1);
    assert_int_equal(message.sender, ID);
    assert_ok(llmp_recv(pair.channel, &message, LLMP_NOWAIT));
    assert_int_equal(message.tag, LLMP_TAG_CLIENT_EXIT);
    assert_int_equal(message.sender, ID);
    const uint32_t wanted[2] = {ID, 0};
    assert_int_equal(message.length, sizeof wanted);
    assert_memory_equal(message.payload, wanted, sizeof wanted);
    assert_rc(llmp_recv(pair.channel, &message, LLMP_NOWAIT), -LLMP_E_CLOSED);
    pair_free(&pair);
}

/* A forked copy is freed with LLMP_NOWAIT: it must not send CLIENT_EXIT for the process that goes on. */
static void BROKER_4_free_without_linger_sends_nothing(void **state) {
    (void)state;
    struct pair pair = pair_new();
    llmp_message message;
    assert_ok(llmp_client_free(pair.client, LLMP_NOWAIT));
    assert_rc(llmp_recv(pair.channel, &message, LLMP_NOWAIT), -EAGAIN);
    pair_free(&pair);
}

static void free_of_null_does_nothing(void **state) {
    (void)state;
    assert_ok(llmp_client_free(NULL, TIMEOUT_NS));
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, broker_thread_setup, broker_thread_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(BROKER_11_a_short_lived_process_loses_nothing),
        cmocka_unit_test(BROKER_11_a_client_that_never_reads_can_leave),
        cmocka_unit_test(BROKER_4_the_broker_sees_a_client_leave),
        WITH(BROKER_4_leaving_with_an_open_allocation),
        cmocka_unit_test(BROKER_4_client_exit_as_it_is_written),
        cmocka_unit_test(BROKER_4_free_without_linger_sends_nothing),
        cmocka_unit_test(free_of_null_does_nothing),
    };
    return cmocka_run_group_tests_name("client_leave", tests, NULL, NULL);
}
