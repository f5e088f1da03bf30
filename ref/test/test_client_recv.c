/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Receiving by a client: one message, a copy, several at once; with its own messages and without them. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "broker/client.h"
#include "broker_rig.h"
#include "channel/sender.h"
#include "os/atomic.h"
#include "os/os.h"

/* Two clients of a broker in this process: `one` is tested, `two` sends to it. */
struct fixture {
    llmp_broker *broker;
    llmp_client *one, *two;
};

/* ------------------------------------------------------------------ the fixture */

static llmp_client *attach(llmp_broker *broker, bool receive_own) {
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    llmp_shmem_desc channel = llmp_sender_describe(sender);
    llmp_shmem_desc broadcast;
    int64_t id = llmp_broker_add_client(broker, &channel, &broadcast);
    assert_true(id >= 0);
    const llmp_client_options options = {.receive_own = receive_own};
    llmp_client *client;
    assert_ok(llmp_client_attach(sender, &broadcast, (uint32_t)id, &options, &client));
    return client;
}

static struct fixture *fixture_new(bool receive_own) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->broker = rig_broker_new((llmp_broker_options){0});
    (void)llmp_broker_take_id(fixture->broker); /* so that no client has the broker's own id, 0 */
    fixture->one = attach(fixture->broker, receive_own);
    fixture->two = attach(fixture->broker, false);
    return fixture;
}

static int setup(void **state) {
    *state = fixture_new(false);
    return 0;
}

static int setup_receive_own(void **state) {
    *state = fixture_new(true);
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    (void)llmp_client_free(fixture->one, LLMP_NOWAIT);
    (void)llmp_client_free(fixture->two, LLMP_NOWAIT);
    llmp_broker_free(fixture->broker, LLMP_NOWAIT);
    free(fixture);
    return 0;
}

/* Each message goes through the broker before the next is sent, so that the order on the broadcast is known. */
static void send_text(const struct fixture *fixture, llmp_client *client, const char *text) {
    assert_ok(llmp_client_send(client, 1, 0, text, strlen(text), LLMP_NOWAIT));
    rig_run_until_idle(fixture->broker);
}

static void expect_text(const llmp_message *message, const llmp_client *sender, const char *text) {
    assert_int_equal(message->sender, llmp_client_id(sender));
    assert_int_equal(message->length, strlen(text));
    assert_memory_equal(message->payload, text, message->length);
}

/* ------------------------------------------------------------------ one message */

static void BROKER_1_own_messages_are_skipped_and_counted(void **state) {
    const struct fixture *fixture = *state;
    llmp_message message;
    send_text(fixture, fixture->one, "own");
    send_text(fixture, fixture->two, "other");
    send_text(fixture, fixture->one, "own");
    assert_ok(llmp_client_recv(fixture->one, &message, LLMP_NOWAIT));
    expect_text(&message, fixture->two, "other");
    assert_rc(llmp_client_recv(fixture->one, &message, LLMP_NOWAIT), -EAGAIN);
    assert_int_equal(fixture->one->returned, 2);
}

static void BROKER_1_own_messages_on_request(void **state) {
    const struct fixture *fixture = *state;
    llmp_message message;
    char buffer[8];
    send_text(fixture, fixture->one, "first");
    send_text(fixture, fixture->one, "second");
    send_text(fixture, fixture->one, "third");
    assert_ok(llmp_client_recv(fixture->one, &message, LLMP_NOWAIT));
    expect_text(&message, fixture->one, "first");
    assert_ok(llmp_client_recv_copy(fixture->one, &message, buffer, sizeof buffer, LLMP_NOWAIT));
    expect_text(&message, fixture->one, "second");
    assert_int_equal(llmp_client_recv_many(fixture->one, &message, 1, LLMP_NOWAIT), 1);
    expect_text(&message, fixture->one, "third");
    assert_int_equal(fixture->one->returned, 3);
}

/* ------------------------------------------------------------------ a copy */

static void recv_copy_copies(void **state) {
    const struct fixture *fixture = *state;
    llmp_message message;
    char buffer[5];
    send_text(fixture, fixture->two, "other");
    assert_ok(llmp_client_recv_copy(fixture->one, &message, buffer, sizeof buffer, LLMP_NOWAIT));
    assert_ptr_equal(message.payload, buffer);
    expect_text(&message, fixture->two, "other");
    assert_rc(llmp_client_recv_copy(fixture->one, &message, buffer, sizeof buffer, LLMP_NOWAIT), -EAGAIN);
}

/* The own message is larger than the buffer: it is skipped, not refused. */
static void recv_copy_skips_own_messages(void **state) {
    const struct fixture *fixture = *state;
    llmp_message message;
    char buffer[5];
    send_text(fixture, fixture->one, "larger than the buffer");
    send_text(fixture, fixture->two, "other");
    assert_ok(llmp_client_recv_copy(fixture->one, &message, buffer, sizeof buffer, LLMP_NOWAIT));
    expect_text(&message, fixture->two, "other");
    assert_int_equal(fixture->one->returned, 1);
}

static void expect_too_small(const struct fixture *fixture, const char *text) {
    llmp_message message = {0};
    char buffer[4] = "???";
    assert_rc(llmp_client_recv_copy(fixture->one, &message, buffer, 4, LLMP_NOWAIT), -LLMP_E_BUFFER_TOO_SMALL);
    assert_int_equal(message.length, strlen(text));
    assert_memory_equal(buffer, "???", 4);
}

static void recv_copy_keeps_a_message_that_is_too_large(void **state) {
    const struct fixture *fixture = *state;
    llmp_message message;
    char buffer[8];
    send_text(fixture, fixture->two, "large");
    send_text(fixture, fixture->two, "next");
    expect_too_small(fixture, "large");
    expect_too_small(fixture, "large");
    assert_ok(llmp_client_recv_copy(fixture->one, &message, buffer, sizeof buffer, LLMP_NOWAIT));
    expect_text(&message, fixture->two, "large");
    assert_ok(llmp_client_recv(fixture->one, &message, LLMP_NOWAIT));
    expect_text(&message, fixture->two, "next");
}

/* An own message that stays is counted when it is received, once. */
static void recv_copy_keeps_an_own_message_that_is_too_large(void **state) {
    const struct fixture *fixture = *state;
    llmp_message message;
    send_text(fixture, fixture->one, "large");
    expect_too_small(fixture, "large");
    assert_int_equal(fixture->one->returned, 0);
    assert_ok(llmp_client_recv(fixture->one, &message, LLMP_NOWAIT));
    expect_text(&message, fixture->one, "large");
    assert_int_equal(fixture->one->returned, 1);
}

/* ------------------------------------------------------------------ several messages */

static void recv_many_drops_own_messages(void **state) {
    const struct fixture *fixture = *state;
    llmp_message seen[8];
    const char *texts[] = {"own", "first", "own", "own", "second", "own"};
    for (int i = 0; i < 6; i++) {
        send_text(fixture, strcmp(texts[i], "own") == 0 ? fixture->one : fixture->two, texts[i]);
    }
    assert_int_equal(llmp_client_recv_many(fixture->one, seen, 8, LLMP_NOWAIT), 2);
    expect_text(&seen[0], fixture->two, "first");
    expect_text(&seen[1], fixture->two, "second");
    assert_int_equal(fixture->one->returned, 4);
}

static void recv_many_goes_on_after_a_batch_of_own_messages(void **state) {
    const struct fixture *fixture = *state;
    llmp_message seen[2];
    for (int i = 0; i < 5; i++) {
        send_text(fixture, fixture->one, "own");
    }
    assert_rc((int)llmp_client_recv_many(fixture->one, seen, 2, LLMP_NOWAIT), -EAGAIN);
    assert_int_equal(fixture->one->returned, 5);
    for (int i = 0; i < 5; i++) {
        send_text(fixture, fixture->one, "own");
    }
    send_text(fixture, fixture->two, "other");
    assert_int_equal(llmp_client_recv_many(fixture->one, seen, 2, LLMP_NOWAIT), 1);
    expect_text(&seen[0], fixture->two, "other");
    assert_int_equal(fixture->one->returned, 10);
}

static void recv_many_of_none(void **state) {
    const struct fixture *fixture = *state;
    send_text(fixture, fixture->two, "other");
    assert_int_equal(llmp_client_recv_many(fixture->one, NULL, 0, LLMP_NOWAIT), 0);
}

/* ------------------------------------------------------------------ timeouts and the end */

#define WAIT_NS LLMP_MILLISECONDS(30)

/* Calls the three ways to receive one message. */
static int recv_by(llmp_client *client, int way) {
    llmp_message message;
    char buffer[8];
    switch (way) {
    case 0: return llmp_client_recv(client, &message, WAIT_NS);
    case 1: return llmp_client_recv_copy(client, &message, buffer, sizeof buffer, WAIT_NS);
    default: return (int)llmp_client_recv_many(client, &message, 1, WAIT_NS);
    }
}

static void own_messages_do_not_end_the_wait(void **state) {
    const struct fixture *fixture = *state;
    for (int way = 0; way < 3; way++) {
        for (int i = 0; i < 100; i++) {
            send_text(fixture, fixture->one, "own");
        }
        int64_t begin = llmp_os_now();
        assert_rc(recv_by(fixture->one, way), -ETIMEDOUT);
        assert_true(llmp_os_now() - begin >= WAIT_NS);
        assert_int_equal(fixture->one->returned, 100 * (way + 1));
    }
}

/* A broadcast on which a message of the client itself arrives every millisecond, for up to 5 s. */
struct stream {
    llmp_sender *broadcast;
    uint32_t client;
    int stop; /* atomic: T1 in the test pairs with T2 in send_stream() */
};

static void *send_stream(void *context) {
    struct stream *stream = context;
    for (int i = 0; i < 5000 && llmp_load_acquire(&stream->stop) == 0; i++) { /* T2 */
        void *payload;
        if (llmp_sender_alloc(stream->broadcast, 0, LLMP_NOWAIT, &payload) == 0) {
            (void)llmp_sender_commit_as(stream->broadcast, stream->client, 1, 0);
        }
        llmp_os_sleep(LLMP_MILLISECONDS(1));
    }
    return NULL;
}

/* An own message that arrives during the wait must not start the timeout anew. */
static void the_timeout_covers_the_whole_call(void **state) {
    (void)state;
    struct stream stream = {.broadcast = test_sender((llmp_sender_options){0}), .client = 7};
    llmp_shmem_desc desc;
    llmp_sender_add_receiver(stream.broadcast, &desc);
    llmp_client *client;
    assert_ok(llmp_client_attach(test_sender((llmp_sender_options){0}), &desc, 7, NULL, &client));
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_stream, &stream), 0);
    for (int way = 0; way < 3; way++) {
        int64_t begin = llmp_os_now();
        assert_rc(recv_by(client, way), -ETIMEDOUT);
        assert_true(llmp_os_now() - begin < LLMP_SECONDS(1));
    }
    llmp_store_release(&stream.stop, 1); /* T1 */
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(client->returned > 0);
    (void)llmp_client_free(client, LLMP_NOWAIT);
    (void)llmp_sender_free(stream.broadcast, LLMP_NOWAIT);
}

static void BROKER_5_every_call_sees_the_end(void **state) {
    const struct fixture *fixture = *state;
    llmp_message message;
    char buffer[8];
    send_text(fixture, fixture->one, "own");
    llmp_broker_stop(fixture->broker);
    (void)llmp_broker_run(fixture->broker);
    assert_rc((int)llmp_client_recv_many(fixture->one, &message, 1, LLMP_FOREVER), -LLMP_E_CLOSED);
    assert_rc(llmp_client_recv_copy(fixture->one, &message, buffer, sizeof buffer, LLMP_FOREVER), -LLMP_E_CLOSED);
    assert_rc(llmp_client_recv(fixture->one, &message, LLMP_FOREVER), -LLMP_E_CLOSED);
}

/* ------------------------------------------------------------------ the receiver, options */

static void the_receiver_shows_own_messages_and_counters(void **state) {
    const struct fixture *fixture = *state;
    llmp_receiver *receiver = llmp_client_receiver(fixture->one);
    llmp_message message;
    send_text(fixture, fixture->one, "own");
    assert_ok(llmp_recv(receiver, &message, LLMP_NOWAIT));
    expect_text(&message, fixture->one, "own");
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(receiver, &stats, sizeof stats);
    assert_int_equal(stats.messages, 1);
    assert_ok(llmp_receiver_error(receiver));
}

/* After a refusal the sender is still the caller's. */
static void unknown_options_are_refused(void **state) {
    const struct fixture *fixture = *state;
    const llmp_client_options bad[] = {
        {.reserved0 = {1}},      {.reserved0 = {[4] = 1}},        {.reserved = {1}},
        {.reserved = {[7] = 1}}, {.receiver = {.reserved = {1}}},
    };
    llmp_shmem_desc broadcast = llmp_broker_describe(fixture->broker);
    llmp_sender *sender = test_sender((llmp_sender_options){0});
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        llmp_client *client;
        assert_rc(llmp_client_attach(sender, &broadcast, 7, &bad[i], &client), -EINVAL);
        assert_null(client);
    }
    assert_ok(llmp_send(sender, 1, 0, "x", 1, LLMP_NOWAIT));
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define WITH_OWN(name) cmocka_unit_test_setup_teardown(name, setup_receive_own, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(BROKER_1_own_messages_are_skipped_and_counted),
        WITH_OWN(BROKER_1_own_messages_on_request),
        WITH(recv_copy_copies),
        WITH(recv_copy_skips_own_messages),
        WITH(recv_copy_keeps_a_message_that_is_too_large),
        WITH_OWN(recv_copy_keeps_an_own_message_that_is_too_large),
        WITH(recv_many_drops_own_messages),
        WITH(recv_many_goes_on_after_a_batch_of_own_messages),
        WITH(recv_many_of_none),
        WITH(own_messages_do_not_end_the_wait),
        cmocka_unit_test(the_timeout_covers_the_whole_call),
        WITH(BROKER_5_every_call_sees_the_end),
        WITH(the_receiver_shows_own_messages_and_counters),
        WITH(unknown_options_are_refused),
    };
    return cmocka_run_group_tests_name("client_recv", tests, NULL, NULL);
}
