/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Clients of a broker that join late, read slowly, leave, hang or die, and a system that runs out of memory. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "broker_rig.h"
#include "channel/sender.h"

/* A broker that blocks for slow clients for as long as a test takes. */
static llmp_broker *patient_broker(uint32_t history) {
    return rig_broker_new(
        (llmp_broker_options){.page_size = TEST_MAP, .history = history, .slow_client_timeout_ns = LLMP_SECONDS(1000)});
}

/* A broker that evicts as soon as the broadcast is full. */
static llmp_broker *impatient_broker(uint32_t history) {
    return rig_broker_new(
        (llmp_broker_options){.page_size = TEST_MAP, .history = history, .slow_client_timeout_ns = 1});
}

static void send_big(llmp_broker *broker, const struct rig_client *client, uint64_t number) {
    assert_ok(test_send_number(client->tx, number, TEST_BIG, LLMP_NOWAIT));
    rig_run_until_idle(broker);
}

/* The client sends messages number `from` to `to` - 1, and reads each. */
static void exchange_big(llmp_broker *broker, const struct rig_client *client, uint64_t from, uint64_t to) {
    for (uint64_t i = from; i < to; i++) {
        send_big(broker, client, i);
        test_expect_number(client->rx, i, TEST_BIG, LLMP_NOWAIT);
    }
}

static void run_until_left(llmp_broker *broker, uint64_t clients) {
    while (rig_stats(broker).clients_now > clients) {
        (void)llmp_broker_run_once(broker);
    }
}

/* ---------------------------------------------------------------- late and slow clients */

static void BROKER_17_late_clients_receive_the_history(void **state) {
    (void)state;
    const uint32_t histories[] = {LLMP_HISTORY_ALL, 3};
    const uint64_t first[] = {0, 93};
    for (int h = 0; h < 2; h++) {
        llmp_broker *broker = rig_broker_new((llmp_broker_options){.page_size = TEST_MAP, .history = histories[h]});
        struct rig_client clients[2] = {rig_add_client(broker)};
        exchange_big(broker, &clients[0], 0, 100);
        clients[1] = rig_add_client(broker);
        test_expect_big(clients[1].rx, first[h], 100);
        rig_expect_none(clients[1].rx);
        rig_free_all(broker, clients, 2);
    }
}

/* Memory stays bounded, the other clients go on, and the client that does not read gets an error. */
static void BROKER_16_a_client_that_never_reads_is_evicted(void **state) {
    (void)state;
    llmp_broker *broker = impatient_broker(4);
    struct rig_client clients[] = {rig_add_client(broker), rig_add_client(broker)};
    exchange_big(broker, &clients[0], 0, 300);
    assert_true(rig_overruns(broker) > 10);
    assert_true(rig_stats(broker).pages_live <= 4);
    llmp_message message;
    int rc;
    do {
        rc = llmp_recv(clients[1].rx, &message, LLMP_NOWAIT);
    } while (rc == 0);
    assert_rc(rc, -LLMP_E_EOP_GONE);
    rig_free_all(broker, clients, 2);
}

/* Sends until a message is pending. Returns the number of the next message. */
static uint64_t send_until_blocked(llmp_broker *broker, const struct rig_client *client, uint64_t number) {
    while (!broker->has_pending) {
        send_big(broker, client, number++);
    }
    return number;
}

/* One client hangs and is written off. Another client that pauses must not lose messages because of that. */
static void a_hung_client_takes_nothing_from_the_others(void **state) {
    (void)state;
    llmp_broker *broker = impatient_broker(4);
    struct rig_client clients[] = {rig_add_client(broker), rig_add_client(broker)};
    struct rig_client *reader = &clients[0];
    uint64_t sent = 0;
    while (rig_overruns(broker) == 0) {
        exchange_big(broker, reader, sent, sent + 1);
        sent++;
    }
    broker->options.slow_client_timeout_ns = LLMP_SECONDS(1000);
    int overruns = rig_overruns(broker);
    for (int round = 0; round < 20; round++) {
        uint64_t read = sent;
        sent = send_until_blocked(broker, reader, sent);
        assert_true(sent - read > 6);
        for (; read < sent; read++) {
            test_expect_number(reader->rx, read, TEST_BIG, LLMP_NOWAIT);
            rig_run_until_idle(broker);
        }
    }
    assert_true(rig_overruns(broker) > overruns);
    rig_free_all(broker, clients, 2);
}

static void back_pressure_reaches_the_sender(void **state) {
    (void)state;
    llmp_broker *broker = patient_broker(2);
    struct rig_client a = rig_add_client_with(broker, (llmp_sender_options){.page_size = TEST_MAP, .max_pages = 2});
    uint64_t sent = 0;
    while (sent < 1000 && test_send_number(a.tx, sent, TEST_BIG, LLMP_NOWAIT) == 0) {
        sent++;
        rig_run_until_idle(broker);
    }
    assert_true(sent < 20);
    for (uint64_t i = 0; i < sent; i++) {
        test_expect_number(a.rx, i, TEST_BIG, LLMP_NOWAIT);
        rig_run_until_idle(broker);
    }
    assert_ok(test_send_number(a.tx, sent, TEST_BIG, LLMP_NOWAIT));
    rig_free_all(broker, &a, 1);
}

/* ---------------------------------------------------------------- clients that leave or are removed */

static void a_client_that_left_is_not_waited_for(void **state) {
    (void)state;
    llmp_broker *broker = patient_broker(2);
    struct rig_client clients[] = {rig_add_client(broker), rig_add_client(broker)};
    assert_ok(llmp_sender_exit(clients[1].tx, LLMP_NOWAIT));
    run_until_left(broker, 1);
    while (broker->departed != NULL) {
        (void)llmp_broker_run_once(broker);
    }
    exchange_big(broker, &clients[0], 0, 100);
    rig_free_all(broker, clients, 2);
}

static void break_protocol(llmp_broker *broker, const struct rig_client *client) {
    void *payload;
    assert_ok(llmp_sender_alloc(client->tx, 1, LLMP_NOWAIT, &payload));
    assert_ok(llmp_sender_commit_as(client->tx, 0, LLMP_TAG_CLIENT_EXIT, 0));
    rig_run_until_idle(broker);
    assert_int_equal(rig_event_count(LLMP_EVENT_CLIENT_REMOVED, -LLMP_E_MSG_LENGTH), 1);
}

/* A client is removed because its own channel is broken, and goes on to read: the broker must not mistake its progress
 * for that of another, slow client. */
static void a_removed_client_that_reads_on_takes_nothing_from_the_others(void **state) {
    (void)state;
    llmp_broker *broker = patient_broker(3);
    struct rig_client slow = rig_add_client(broker);
    struct rig_client sender = rig_add_client(broker);
    struct rig_client removed = rig_add_client(broker);
    break_protocol(broker, &removed);
    uint64_t sent = 0;
    for (; !broker->has_pending; sent++) {
        assert_true(sent < 100); /* the broker blocks for the slow client */
        send_big(broker, &sender, sent);
        if (!broker->has_pending) {
            test_expect_big(sender.rx, sent, sent + 1);
            test_expect_big(removed.rx, sent, sent + 1);
        }
    }
    test_expect_big(slow.rx, 0, sent - 1);
    rig_client_free(&removed);
    while (broker->departed != NULL || broker->has_pending) {
        (void)llmp_broker_run_once(broker);
    }
    test_expect_big(slow.rx, sent - 1, sent);
    rig_client_free(&slow);
    rig_free_all(broker, &sender, 1);
}

/* A busy channel is polled about every 20 µs; before the client is removed, the broker must not wait for that. */
static void BROKER_11_messages_sent_before_the_removal_are_forwarded(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct rig_client a = rig_add_client(broker);
    uint64_t sent = 0;
    for (int burst = 0; burst < 200; burst++) {
        for (int i = 0; i < 20; i++) {
            assert_ok(test_send_number(a.tx, sent++, 8, LLMP_NOWAIT));
        }
        (void)llmp_broker_run_once(broker);
    }
    assert_ok(llmp_broker_remove_client(broker, a.id));
    rig_run_until_idle(broker);
    assert_int_equal(rig_stats(broker).forwarded, sent);
    rig_free_all(broker, &a, 1);
}

static llmp_hook_result send_another(void *sender, llmp_broker *broker, llmp_broker_message *message) {
    (void)broker;
    (void)message;
    assert_ok(test_send_number(sender, 0, 8, LLMP_NOWAIT));
    return LLMP_HOOK_HANDLED;
}

/* For each message that is read, the hook makes the client send another. */
static void a_client_that_never_stops_sending_is_removed(void **state) {
    (void)state;
    llmp_sender *endless = test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_pages = 4});
    llmp_broker *broker = rig_broker_new((llmp_broker_options){.hook = send_another, .hook_context = endless});
    llmp_shmem_desc channel = llmp_sender_describe(endless);
    llmp_shmem_desc broadcast;
    int64_t id = llmp_broker_add_client(broker, &channel, &broadcast);
    assert_ok(test_send_number(endless, 0, 8, LLMP_NOWAIT));
    assert_ok(llmp_broker_remove_client(broker, (uint32_t)id));
    run_until_left(broker, 0);
    assert_int_equal(rig_event_count(LLMP_EVENT_CLIENT_LEFT, 0), 1);
    (void)llmp_sender_free(endless, LLMP_NOWAIT);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* ---------------------------------------------------------------- clients that die */

static void BROKER_12_killed_clients_are_removed(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){.liveness_timeout_ns = 1});
    struct rig_client killed = rig_add_client(broker);
    struct rig_client other = rig_add_client(broker);
    assert_ok(llmp_send(killed.tx, 1, 0, "before", 6, LLMP_NOWAIT));
    rig_client_free(&killed);
    run_until_left(broker, 1);
    assert_int_equal(rig_event_count(LLMP_EVENT_CLIENT_REMOVED, -LLMP_E_CLIENT_GONE), 1);
    rig_expect_text(other.rx, killed.id, 1, "before");
    rig_free_all(broker, &other, 1);
}

/* LibAFL's clients do not mark their segments for removal: the segment of a killed one stays in the kernel (ID-4). */
static void ID_4_the_segment_of_a_killed_client_is_removed(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){.liveness_timeout_ns = 1});
    int id = shmget(IPC_PRIVATE, TEST_MAP, IPC_CREAT | 0600);
    assert_true(id >= 0);
    void *page = shmat(id, NULL, 0);
    llmp_page_init(page, TEST_MAP, 1, 0);
    llmp_shmem_desc channel = {.size = TEST_MAP};
    (void)snprintf(channel.id.bytes, sizeof channel.id.bytes, "%d", id);
    llmp_shmem_desc broadcast;
    assert_true(llmp_broker_add_client(broker, &channel, &broadcast) >= 0);
    rig_run_until_idle(broker);
    assert_int_equal(rig_stats(broker).clients_now, 1);
    (void)shmdt(page);
    run_until_left(broker, 0);
    struct shmid_ds segment;
    assert_int_equal(shmctl(id, IPC_STAT, &segment), -1);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* ---------------------------------------------------------------- a system without memory */

static llmp_broker *broker_with_two_segments(int64_t slow_client_timeout_ns) {
    return rig_broker_new((llmp_broker_options){
        .provider = test_provider_with(2), .page_size = TEST_MAP, .slow_client_timeout_ns = slow_client_timeout_ns});
}

/* Two pages are created at the start, and are enough for clients that keep up. */
static void the_broker_owns_the_pages_that_it_needs_to_turn(void **state) {
    (void)state;
    llmp_broker *broker = broker_with_two_segments(1);
    (void)test_provider_with(0);
    struct rig_client a = rig_add_client(broker);
    exchange_big(broker, &a, 0, 100);
    assert_int_equal(rig_stats(broker).pages_live, 2);
    assert_int_equal(rig_stats(broker).pages_created, 2);
    assert_int_equal(rig_event_count(LLMP_EVENT_MESSAGE_LOST, -ENOSPC), 0);
    rig_free_all(broker, &a, 1);
}

/* A message needs a larger page than those that the broker has, and there is no memory for one, until some is freed. */
static void the_broker_waits_for_memory(void **state) {
    (void)state;
    llmp_broker *broker = broker_with_two_segments(LLMP_SECONDS(1000));
    struct rig_client a = rig_add_client(broker);
    exchange_big(broker, &a, 0, 2);
    assert_ok(test_send_number(a.tx, 2, 20000, LLMP_NOWAIT));
    rig_run_until_idle(broker);
    rig_expect_none(a.rx);
    assert_int_equal(rig_event_count(LLMP_EVENT_SHORTAGE, -ENOSPC), 1);
    (void)test_provider_with(2);
    rig_run_until_idle(broker);
    test_expect_number(a.rx, 2, 20000, LLMP_NOWAIT);
    exchange_big(broker, &a, 3, 100);
    assert_int_equal(rig_event_count(LLMP_EVENT_MESSAGE_LOST, -ENOSPC), 0);
    rig_free_all(broker, &a, 1);
}

/* One message that is too large for the machine is lost, and no other one. */
static void the_wait_for_memory_ends(void **state) {
    (void)state;
    llmp_broker *broker = broker_with_two_segments(1);
    struct rig_client a = rig_add_client(broker);
    for (uint64_t i = 0; i < 100; i += 10) {
        exchange_big(broker, &a, i, i + 9);
        assert_ok(test_send_number(a.tx, i + 9, 20000, LLMP_NOWAIT));
        rig_run_until_idle(broker);
        rig_expect_none(a.rx);
    }
    assert_int_equal(rig_event_count(LLMP_EVENT_MESSAGE_LOST, -ENOSPC), 10);
    assert_int_equal(rig_stats(broker).forwarded, 90);
    assert_int_equal(rig_event_count(LLMP_EVENT_OVERRUN, -ETIMEDOUT), 0);
    rig_free_all(broker, &a, 1);
}

/* Evicting unread pages would not make room for it. */
static void a_message_that_is_too_large_costs_a_slow_client_nothing(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new(
        (llmp_broker_options){.provider = test_provider_with(4), .page_size = TEST_MAP, .slow_client_timeout_ns = 1});
    struct rig_client clients[] = {rig_add_client(broker), rig_add_client(broker)};
    exchange_big(broker, &clients[0], 0, 8);
    assert_ok(test_send_number(clients[0].tx, 8, 20000, LLMP_NOWAIT));
    rig_run_until_idle(broker);
    assert_int_equal(rig_event_count(LLMP_EVENT_MESSAGE_LOST, -ENOSPC), 1);
    assert_int_equal(rig_event_count(LLMP_EVENT_OVERRUN, -ETIMEDOUT), 0);
    test_expect_big(clients[1].rx, 0, 8);
    rig_free_all(broker, clients, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(BROKER_17_late_clients_receive_the_history),
        cmocka_unit_test(BROKER_16_a_client_that_never_reads_is_evicted),
        cmocka_unit_test(a_hung_client_takes_nothing_from_the_others),
        cmocka_unit_test(back_pressure_reaches_the_sender),
        cmocka_unit_test(a_client_that_left_is_not_waited_for),
        cmocka_unit_test(a_removed_client_that_reads_on_takes_nothing_from_the_others),
        cmocka_unit_test(BROKER_11_messages_sent_before_the_removal_are_forwarded),
        cmocka_unit_test(a_client_that_never_stops_sending_is_removed),
        cmocka_unit_test(BROKER_12_killed_clients_are_removed),
        cmocka_unit_test(ID_4_the_segment_of_a_killed_client_is_removed),
        cmocka_unit_test(the_broker_owns_the_pages_that_it_needs_to_turn),
        cmocka_unit_test(the_broker_waits_for_memory),
        cmocka_unit_test(the_wait_for_memory_ends),
        cmocka_unit_test(a_message_that_is_too_large_costs_a_slow_client_nothing),
    };
    return cmocka_run_group_tests_name("broker_clients", tests, NULL, NULL);
}
