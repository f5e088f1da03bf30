/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Clients that the broker removes, and clients whose broker has ended: each call tells, and none waits. */
#include <errno.h>

#include "broker_rig.h"
#include "channel/sender.h"
#include "channel/sender_state.h"
#include "channel/sender_watch.h"
#include "os/os.h"

#define SOON_NS LLMP_SECONDS(3)

struct rig {
    llmp_broker *broker;
    llmp_client *client, *other;
};

static llmp_client *attach_client(llmp_broker *broker, llmp_sender_options options) {
    llmp_sender *sender = test_sender(options);
    llmp_shmem_desc channel = llmp_sender_describe(sender);
    llmp_shmem_desc broadcast;
    int64_t id = llmp_broker_add_client(broker, &channel, &broadcast);
    assert_true(id >= 0);
    llmp_client *client;
    assert_ok(llmp_client_attach(sender, &broadcast, (uint32_t)id, NULL, &client));
    return client;
}

/* A broker that removes clients for messages of more than 1000 bytes. */
static struct rig rig_new(void) {
    const llmp_sender_options options = {.page_size = TEST_MAP, .max_pages = 4};
    struct rig rig = {.broker = rig_broker_new((llmp_broker_options){.page_size = TEST_MAP, .max_message = 1000})};
    (void)llmp_broker_take_id(rig.broker); /* so that no client has the broker's own id, 0 */
    rig.client = attach_client(rig.broker, options);
    rig.other = attach_client(rig.broker, options);
    return rig;
}

static void rig_free(struct rig *rig) {
    (void)llmp_client_free(rig->other, LLMP_NOWAIT);
    llmp_broker_free(rig->broker, LLMP_NOWAIT);
}

static void break_a_rule(const struct rig *rig) {
    const char big[1001] = {0};
    assert_ok(llmp_client_send(rig->client, 1, 0, big, sizeof big, LLMP_NOWAIT));
    rig_run_until_idle(rig->broker);
    assert_int_equal(rig_event_count(LLMP_EVENT_CLIENT_REMOVED, -LLMP_E_TOO_LARGE), 1);
}

static void remove_politely(const struct rig *rig) {
    assert_ok(llmp_broker_remove_client(rig->broker, llmp_client_id(rig->client)));
    rig_run_until_idle(rig->broker);
    assert_int_equal(rig_event_count(LLMP_EVENT_CLIENT_LEFT, 0), 1);
}

static void (*const removals[])(const struct rig *) = {break_a_rule, remove_politely};
#define REMOVALS (sizeof removals / sizeof removals[0])

/* ---------------------------------------------------------------- removed clients */

static void the_next_send_tells(void **state) {
    (void)state;
    for (size_t i = 0; i < REMOVALS; i++) {
        struct rig rig = rig_new();
        assert_ok(llmp_client_send(rig.client, 1, 0, "x", 1, LLMP_NOWAIT));
        removals[i](&rig);
        assert_rc(llmp_client_send(rig.client, 1, 0, "x", 1, LLMP_NOWAIT), -LLMP_E_REMOVED);
        assert_rc(llmp_client_send(rig.client, 1, 0, "x", 1, LLMP_NOWAIT), -LLMP_E_REMOVED);
        const llmp_message message = {.tag = 1};
        assert_rc((int)llmp_client_send_many(rig.client, &message, 1, LLMP_NOWAIT), -LLMP_E_REMOVED);
        assert_rc(llmp_client_free(rig.client, LLMP_SECONDS(100)), -LLMP_E_REMOVED);
        rig_free(&rig);
    }
}

static void the_next_receive_tells(void **state) {
    (void)state;
    for (size_t i = 0; i < REMOVALS; i++) {
        struct rig rig = rig_new();
        llmp_message message;
        assert_rc(llmp_client_recv(rig.client, &message, LLMP_NOWAIT), -EAGAIN);
        removals[i](&rig);
        assert_rc(llmp_client_recv(rig.client, &message, LLMP_NOWAIT), -LLMP_E_REMOVED);
        assert_rc(llmp_client_recv(rig.client, &message, LLMP_FOREVER), -LLMP_E_REMOVED);
        assert_rc((int)llmp_client_recv_many(rig.client, &message, 1, LLMP_FOREVER), -LLMP_E_REMOVED);
        (void)llmp_client_free(rig.client, LLMP_NOWAIT);
        rig_free(&rig);
    }
}

/* There is always another message to receive. */
static void a_busy_receiver_is_told(void **state) {
    (void)state;
    struct rig rig = rig_new();
    remove_politely(&rig);
    int rc = 0;
    for (int i = 0; i < 200 && rc == 0; i++) {
        llmp_message message;
        assert_ok(llmp_client_send(rig.other, 1, 0, "x", 1, LLMP_NOWAIT));
        rig_run_until_idle(rig.broker);
        rc = llmp_client_recv(rig.client, &message, LLMP_NOWAIT);
    }
    assert_rc(rc, -LLMP_E_REMOVED);
    (void)llmp_client_free(rig.client, LLMP_NOWAIT);
    rig_free(&rig);
}

static void free_tells_and_does_not_wait(void **state) {
    (void)state;
    for (size_t i = 0; i < REMOVALS; i++) {
        struct rig rig = rig_new();
        removals[i](&rig);
        int64_t begun = llmp_os_now();
        assert_rc(llmp_client_free(rig.client, LLMP_SECONDS(100)), -LLMP_E_REMOVED);
        assert_true(llmp_os_now() - begun < SOON_NS);
        rig_free(&rig);
    }
}

/* The broker leaves an old page. The client fills its channel, and waits for the broker to read. */
static void a_client_with_unread_pages_is_told(void **state) {
    (void)state;
    struct rig rig = rig_new();
    const char big[1001] = {0};
    assert_ok(llmp_client_send(rig.client, 1, 0, big, sizeof big, LLMP_NOWAIT));
    llmp_sender_stats stats = {0};
    for (; stats.pages_turned < 2; llmp_sender_stats_get(llmp_client_sender(rig.client), &stats, sizeof stats)) {
        assert_ok(llmp_client_send(rig.client, 1, 0, big, 100, LLMP_NOWAIT));
    }
    rig_run_until_idle(rig.broker);
    int64_t begun = llmp_os_now();
    int rc = 0;
    while (rc == 0) {
        rc = llmp_client_send(rig.client, 1, 0, big, 100, LLMP_FOREVER);
    }
    assert_rc(rc, -LLMP_E_REMOVED);
    assert_true(llmp_os_now() - begun < SOON_NS);
    llmp_message message;
    assert_rc(llmp_client_recv(rig.client, &message, LLMP_FOREVER), -LLMP_E_REMOVED);
    assert_rc(llmp_client_free(rig.client, LLMP_SECONDS(100)), -LLMP_E_REMOVED);
    rig_free(&rig);
}

/* ---------------------------------------------------------------- clients that are not removed */

/* A broker of LibAFL leaves a page before it joins the next one, and does not join the first one. */
static void a_broker_between_two_pages_has_not_left(void **state) {
    (void)state;
    llmp_sender *broadcast = test_sender((llmp_sender_options){0});
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    struct llmp_page *first = llmp_pages_newest(&sender->pages)->page;
    llmp_shmem_desc desc;
    llmp_client *client;
    llmp_message message;
    llmp_sender_add_receiver(broadcast, &desc);
    assert_ok(llmp_client_attach(sender, &desc, 1, NULL, &client));
    for (int i = 0; sender->pages_turned == 0; i++) {
        assert_ok(llmp_client_send(client, 1, 0, "x", 1, LLMP_NOWAIT));
    }
    first->left = 1;
    for (int i = 0; i < 20; i++) {
        assert_ok(llmp_client_send(client, 1, 0, "x", 1, LLMP_NOWAIT));
        assert_rc(llmp_client_recv(client, &message, LLMP_MILLISECONDS(1)), -ETIMEDOUT);
    }
    llmp_pages_newest(&sender->pages)->page->joined = 1;
    llmp_os_sleep(LLMP_ABANDONED_NS);
    assert_ok(llmp_client_send(client, 1, 0, "x", 1, LLMP_NOWAIT));
    assert_rc(llmp_client_recv(client, &message, LLMP_NOWAIT), -EAGAIN);
    (void)llmp_client_free(client, LLMP_NOWAIT);
    (void)llmp_sender_free(broadcast, LLMP_NOWAIT);
}

static void a_client_that_ended_its_channel_left_by_itself(void **state) {
    (void)state;
    struct rig rig = rig_new();
    assert_ok(llmp_sender_exit(llmp_client_sender(rig.client), LLMP_NOWAIT));
    rig_run_until_idle(rig.broker);
    assert_int_equal(rig_event_count(LLMP_EVENT_CLIENT_LEFT, 0), 1);
    assert_ok(llmp_client_free(rig.client, LLMP_SECONDS(100)));
    rig_free(&rig);
}

/* ---------------------------------------------------------------- the end of the broker */

/* The broker ends while the client has pages that it has not mapped. */
static void BROKER_5_free_does_not_wait_for_a_broker_that_ended(void **state) {
    (void)state;
    struct rig rig = rig_new();
    for (int i = 0; i < 100; i++) {
        (void)llmp_client_send(rig.client, 1, 0, "x", 1, LLMP_NOWAIT);
    }
    (void)llmp_client_free(rig.other, LLMP_NOWAIT);
    llmp_broker_free(rig.broker, 1);
    int64_t begun = llmp_os_now();
    assert_rc(llmp_client_free(rig.client, LLMP_SECONDS(100)), -LLMP_E_CLOSED);
    assert_true(llmp_os_now() - begun < SOON_NS);
}

static void BROKER_5_a_broker_that_ended_has_not_removed(void **state) {
    (void)state;
    struct rig rig = rig_new();
    llmp_message message;
    (void)llmp_client_free(rig.other, LLMP_NOWAIT);
    llmp_broker_free(rig.broker, 1);
    assert_rc(llmp_client_recv(rig.client, &message, LLMP_NOWAIT), -LLMP_E_CLOSED);
    assert_rc(llmp_client_send(rig.client, 1, 0, "x", 1, LLMP_NOWAIT), -LLMP_E_REMOVED);
    assert_ok(llmp_client_free(rig.client, LLMP_SECONDS(100)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_send_tells),
        cmocka_unit_test(the_next_receive_tells),
        cmocka_unit_test(a_busy_receiver_is_told),
        cmocka_unit_test(free_tells_and_does_not_wait),
        cmocka_unit_test(a_client_with_unread_pages_is_told),
        cmocka_unit_test(a_broker_between_two_pages_has_not_left),
        cmocka_unit_test(a_client_that_ended_its_channel_left_by_itself),
        cmocka_unit_test(BROKER_5_free_does_not_wait_for_a_broker_that_ended),
        cmocka_unit_test(BROKER_5_a_broker_that_ended_has_not_removed),
    };
    return cmocka_run_group_tests_name("client_removed", tests, NULL, NULL);
}
