/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Clients of a real broker, which runs in a thread of its own (BROKER-1, TCP-2). */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/os.h"
#include "support.h"

#define PATIENCE LLMP_SECONDS(20)

struct world {
    llmp_broker *broker;
    uint16_t port;
    pthread_t thread;
    int left, removed; /* written by the broker's thread, read when it has ended */
};

/* ------------------------------------------------------------------ the broker */

static void on_event(void *context, const llmp_broker_event *event) {
    struct world *world = context;
    world->left += event->type == LLMP_EVENT_CLIENT_LEFT;
    world->removed += event->type == LLMP_EVENT_CLIENT_REMOVED;
}

static void *run_broker(void *broker) {
    (void)llmp_broker_run(broker);
    return NULL;
}

static void world_start(struct world *world, llmp_broker_options options) {
    options.on_event = on_event;
    options.event_context = world;
    assert_ok(llmp_broker_new(&options, &world->broker));
    int port = llmp_broker_listen(world->broker, NULL, world->port);
    assert_in_range(port, 1, 65535);
    world->port = (uint16_t)port;
    assert_int_equal(pthread_create(&world->thread, NULL, run_broker, world->broker), 0);
}

static void world_stop(struct world *world) {
    llmp_broker_stop(world->broker);
    assert_int_equal(pthread_join(world->thread, NULL), 0);
}

static int setup(void **state) {
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world_start(world, (llmp_broker_options){0});
    *state = world;
    return 0;
}

static int teardown(void **state) {
    struct world *world = *state;
    if (world->broker) {
        world_stop(world);
        llmp_broker_free(world->broker, LLMP_NOWAIT);
    }
    free(world);
    return 0;
}

static llmp_client *client_of(const struct world *world, bool receive_own) {
    llmp_client_options options = {.port = world->port, .receive_own = receive_own};
    llmp_client *client = NULL;
    assert_ok(llmp_client_connect(&options, PATIENCE, &client));
    return client;
}

static void say(llmp_client *client, uint32_t tag, const char *text) {
    assert_ok(llmp_client_send(client, tag, 0, text, strlen(text), PATIENCE));
}

static llmp_message hear(llmp_client *client, uint32_t tag, const char *text) {
    llmp_message message;
    assert_ok(llmp_client_recv(client, &message, PATIENCE));
    assert_int_equal(message.tag, tag);
    assert_int_equal(message.length, strlen(text));
    assert_memory_equal(message.payload, text, message.length);
    return message;
}

/* ------------------------------------------------------------------ talking */

static void BROKER_1_two_clients_exchange(void **state) {
    llmp_client *one = client_of(*state, false), *two = client_of(*state, false);
    assert_int_equal(llmp_client_id(one), 1);
    assert_int_equal(llmp_client_id(two), 2);
    say(one, 7, "question");
    assert_int_equal(hear(two, 7, "question").sender, 1);
    say(two, 8, "answer");
    assert_int_equal(hear(one, 8, "answer").sender, 2);
    assert_ok(llmp_client_free(one, PATIENCE));
    assert_ok(llmp_client_free(two, PATIENCE));
}

static void BROKER_1_own_messages_are_skipped(void **state) {
    llmp_client *one = client_of(*state, false), *two = client_of(*state, false);
    llmp_message message;
    say(one, 1, "mine");
    hear(two, 1, "mine"); /* so it is on the broadcast */
    assert_rc(llmp_client_recv(one, &message, LLMP_NOWAIT), -EAGAIN);
    say(two, 2, "yours");
    hear(one, 2, "yours");
    assert_ok(llmp_client_free(one, PATIENCE));
    assert_ok(llmp_client_free(two, PATIENCE));
}

static void BROKER_1_own_messages_on_request(void **state) {
    llmp_client *one = client_of(*state, true);
    say(one, 1, "mine");
    assert_int_equal(hear(one, 1, "mine").sender, llmp_client_id(one));
    assert_ok(llmp_client_free(one, PATIENCE));
}

/* Own messages keep coming and are no reason to wait on. */
static void BROKER_1_deadline_covers_the_skipping(void **state) {
    llmp_client *one = client_of(*state, false);
    llmp_message message;
    int64_t begin = llmp_os_now();
    for (int i = 0; i < 1000; i++) {
        say(one, 1, "mine");
    }
    assert_rc(llmp_client_recv(one, &message, LLMP_MILLISECONDS(30)), -ETIMEDOUT);
    assert_true(llmp_os_now() - begin >= LLMP_MILLISECONDS(30));
    assert_ok(llmp_client_free(one, PATIENCE));
}

/* The child is gone before its messages are read: it stayed until the broker had them. */
static void say_and_go(const struct world *world, uint32_t count) {
    llmp_client_options options = {.port = world->port};
    llmp_client *client;
    int rc = llmp_client_connect(&options, PATIENCE, &client);
    for (uint32_t i = 0; i < count && rc == 0; i++) {
        rc = llmp_client_send(client, i, 0, &i, sizeof i, PATIENCE);
    }
    _exit(rc == 0 && llmp_client_free(client, PATIENCE) == 0 ? 0 : 1);
}

static void TCP_2_a_short_lived_process_loses_nothing(void **state) {
    enum { COUNT = 100000 }; /* several pages of them */
    llmp_client *client = client_of(*state, false);
    pid_t child = test_fork();
    if (child == 0) {
        say_and_go(*state, COUNT);
    }
    assert_int_equal(test_wait(child), 0);
    for (uint32_t i = 0; i < COUNT; i++) {
        llmp_message message;
        assert_ok(llmp_client_recv(client, &message, PATIENCE));
        assert_int_equal(message.tag, i);
        assert_memory_equal(message.payload, &i, sizeof i);
    }
    assert_ok(llmp_client_free(client, PATIENCE));
}

/* The broker waits for a client that does not read. One that leaves reads on, or it would wait for itself. */
static void BROKER_1_a_client_that_never_reads_can_leave(void **state) {
    uint8_t payload[4096] = {0};
    teardown(state);
    struct world *world = *state = calloc(1, sizeof *world);
    assert_non_null(world);
    world_start(world,
                (llmp_broker_options){.page_size = 16384, .history = 2, .slow_client_timeout_ns = LLMP_SECONDS(30)});
    llmp_client_options options = {.port = world->port, .sender = {.page_size = 16384, .max_pages = 8}};
    llmp_client *client;
    assert_ok(llmp_client_connect(&options, PATIENCE, &client));
    int64_t end = llmp_os_now() + LLMP_MILLISECONDS(20);
    do { /* until its own channel is full too, and stays so */
        int rc = llmp_client_send(client, 1, 0, payload, sizeof payload, LLMP_MILLISECONDS(5));
        assert_true(rc == 0 || rc == -ETIMEDOUT);
    } while (llmp_os_now() < end);
    while (llmp_client_send(client, 1, 0, NULL, 0, LLMP_NOWAIT) ==
           0) { /* where a large one did not fit, small ones did */
    }
    assert_ok(llmp_client_free(client, PATIENCE));
}

/* ------------------------------------------------------------------ leaving */

static void BROKER_4_leaving_client_says_so(void **state) {
    struct world *world = *state;
    assert_ok(llmp_client_free(client_of(world, false), PATIENCE));
    world_stop(world);
    assert_int_equal(world->left, 1);
    assert_int_equal(world->removed, 0);
    llmp_broker_free(world->broker, LLMP_NOWAIT);
    world->broker = NULL;
}

/* An allocation that was never committed is no obstacle, and nobody sees it. */
static void BROKER_4_leaving_with_a_message_half_done(void **state) {
    llmp_client *one = client_of(*state, false), *two = client_of(*state, false);
    void *payload;
    assert_ok(llmp_sender_alloc(llmp_client_sender(one), 100, PATIENCE, &payload));
    assert_ok(llmp_client_free(one, PATIENCE));
    say(two, 1, "still here");
    assert_ok(llmp_client_free(two, PATIENCE));
}

static void BROKER_5_clients_see_the_broker_end(void **state) {
    struct world *world = *state;
    llmp_client *client = client_of(world, false);
    llmp_message message;
    world_stop(world);
    assert_rc(llmp_client_recv(client, &message, PATIENCE), -LLMP_E_CLOSED);
    llmp_client_free(client, LLMP_NOWAIT);
    llmp_broker_free(world->broker, LLMP_NOWAIT);
    world->broker = NULL;
}

/* Two have to come and to go: before the first, and between them, there is nobody either. */
static void BROKER_5_exit_after_waits_for_all_to_come(void **state) {
    (void)state;
    struct world world = {0};
    world_start(&world, (llmp_broker_options){.exit_after = 2});
    for (int i = 0; i < 2; i++) {
        assert_ok(llmp_client_free(client_of(&world, false), PATIENCE));
    }
    assert_int_equal(pthread_join(world.thread, NULL), 0);
    assert_int_equal(world.left, 2);
    llmp_broker_free(world.broker, LLMP_NOWAIT);
}

static void SEND_client_after_free_of_null(void **state) {
    (void)state;
    assert_ok(llmp_client_free(NULL, PATIENCE));
}

/* ------------------------------------------------------------------ without TCP */

static void BROKER_6_client_without_tcp(void **state) {
    (void)state;
    llmp_broker *broker;
    llmp_sender *sender;
    llmp_client *client;
    llmp_message message;
    llmp_shmem_desc broadcast;
    assert_ok(llmp_broker_new(NULL, &broker));
    assert_ok(llmp_sender_new(NULL, &sender));
    llmp_shmem_desc channel = llmp_sender_describe(sender);
    int64_t id = llmp_broker_add_client(broker, &channel, &broadcast);
    assert_int_equal(id, 0);
    assert_ok(llmp_client_attach(sender, &broadcast, (uint32_t)id, NULL, &client));
    assert_ok(llmp_broker_send(broker, 5, 0, "abc", 3)); /* from id 0 too, as no listener took it */
    llmp_client_free(client, LLMP_NOWAIT);

    assert_ok(llmp_sender_new(NULL, &sender));
    channel = llmp_sender_describe(sender);
    id = llmp_broker_add_client(broker, &channel, &broadcast);
    assert_int_equal(id, 1);
    assert_ok(llmp_client_attach(sender, &broadcast, (uint32_t)id, NULL, &client));
    assert_ok(llmp_client_recv(client, &message, LLMP_NOWAIT));
    assert_int_equal(message.tag, 5);
    llmp_client_free(client, LLMP_NOWAIT);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* What a broker reads of a client that leaves. */
static void BROKER_4_exit_as_it_is_written(void **state) {
    (void)state;
    llmp_sender *sender, *broadcast;
    llmp_client *client;
    llmp_shmem_desc desc;
    llmp_message message;
    void *half_done;
    assert_ok(llmp_sender_new(NULL, &sender));
    assert_ok(llmp_sender_new(NULL, &broadcast));
    llmp_receiver *receiver = test_receiver(sender);
    llmp_sender_add_receiver(broadcast, &desc);
    assert_ok(llmp_client_attach(sender, &desc, 0x01020304, NULL, &client));
    say(client, 1, "named");
    assert_ok(llmp_sender_alloc(sender, 100, LLMP_NOWAIT, &half_done));
    assert_ok(llmp_client_free(client, PATIENCE));
    assert_ok(llmp_recv(receiver, &message, LLMP_NOWAIT));
    assert_int_equal(message.tag, 1);
    assert_int_equal(message.sender, 0x01020304);
    assert_ok(llmp_recv(receiver, &message, LLMP_NOWAIT));
    assert_int_equal(message.tag, LLMP_TAG_CLIENT_EXIT);
    assert_int_equal(message.sender, 0x01020304);
    const uint32_t wanted[2] = {0x01020304, 0};
    assert_int_equal(message.length, sizeof wanted);
    assert_memory_equal(message.payload, wanted, sizeof wanted);
    assert_rc(llmp_recv(receiver, &message, LLMP_NOWAIT), -LLMP_E_CLOSED);
    llmp_receiver_free(receiver);
    llmp_sender_free(broadcast, LLMP_NOWAIT);
}

/* A forked copy is freed with LLMP_NOWAIT: it must not say goodbye for the other. */
static void BROKER_4_free_without_linger_says_nothing(void **state) {
    (void)state;
    llmp_sender *sender, *broadcast;
    llmp_client *client;
    llmp_shmem_desc desc;
    llmp_message message;
    assert_ok(llmp_sender_new(NULL, &sender));
    assert_ok(llmp_sender_new(NULL, &broadcast));
    llmp_receiver *receiver = test_receiver(sender);
    llmp_sender_add_receiver(broadcast, &desc);
    assert_ok(llmp_client_attach(sender, &desc, 1, NULL, &client));
    assert_ok(llmp_client_free(client, LLMP_NOWAIT));
    assert_rc(llmp_recv(receiver, &message, LLMP_NOWAIT), -EAGAIN);
    llmp_receiver_free(receiver);
    llmp_sender_free(broadcast, LLMP_NOWAIT);
}

static void TCP_2_attach_to_nothing_leaves_the_sender(void **state) {
    (void)state;
    llmp_sender *sender;
    llmp_client *client;
    assert_ok(llmp_sender_new(NULL, &sender));
    llmp_shmem_desc nothing = {.size = 4096, .id = {"none"}};
    assert_rc(llmp_client_attach(sender, &nothing, 1, NULL, &client), -LLMP_E_ID_NOT_A_NUMBER);
    assert_null(client);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(BROKER_1_two_clients_exchange),
        WITH(BROKER_1_own_messages_are_skipped),
        WITH(BROKER_1_own_messages_on_request),
        WITH(BROKER_1_deadline_covers_the_skipping),
        WITH(TCP_2_a_short_lived_process_loses_nothing),
        WITH(BROKER_1_a_client_that_never_reads_can_leave),
        WITH(BROKER_4_leaving_client_says_so),
        WITH(BROKER_4_leaving_with_a_message_half_done),
        WITH(BROKER_5_clients_see_the_broker_end),
        cmocka_unit_test(BROKER_5_exit_after_waits_for_all_to_come),
        cmocka_unit_test(SEND_client_after_free_of_null),
        cmocka_unit_test(BROKER_6_client_without_tcp),
        cmocka_unit_test(BROKER_4_exit_as_it_is_written),
        cmocka_unit_test(BROKER_4_free_without_linger_says_nothing),
        cmocka_unit_test(TCP_2_attach_to_nothing_leaves_the_sender),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
