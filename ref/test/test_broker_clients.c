/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Clients of a broker that come late, read slowly, leave, hang or die. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "broker_rig.h"
#include "channel/sender.h"

static void late_clients_see_history(void **state) {
    (void)state;
    const uint32_t histories[] = {LLMP_HISTORY_ALL, 3};
    const uint64_t first[] = {0, 93};
    for (int h = 0; h < 2; h++) {
        llmp_broker *broker = rig_new_broker((llmp_broker_options){.page_size = TEST_MAP, .history = histories[h]});
        struct rig_member a = rig_join(broker);
        for (uint64_t i = 0; i < 100; i++) {
            assert_ok(test_send_number(a.tx, i, TEST_BIG, LLMP_NOWAIT));
            rig_settle(broker);
            test_expect_number(a.rx, i, TEST_BIG, LLMP_NOWAIT);
        }
        struct rig_member late = rig_join(broker);
        for (uint64_t i = first[h]; i < 100; i++) {
            test_expect_number(late.rx, i, TEST_BIG, LLMP_NOWAIT);
        }
        rig_expect_nothing(late.rx);
        rig_go(&a);
        rig_go(&late);
        llmp_broker_free(broker, LLMP_NOWAIT);
    }
}

/* Memory stays bounded, the others go on, and whoever does not read is told that it was cut off. */
static void a_client_that_never_reads_is_cut_off(void **state) {
    (void)state;
    llmp_broker *broker =
        rig_new_broker((llmp_broker_options){.page_size = TEST_MAP, .history = 4, .slow_client_timeout_ns = 1});
    struct rig_member reader = rig_join(broker);
    struct rig_member sleeper = rig_join(broker);
    for (uint64_t i = 0; i < 300; i++) {
        assert_ok(test_send_number(reader.tx, i, TEST_BIG, LLMP_NOWAIT));
        rig_settle(broker);
        test_expect_number(reader.rx, i, TEST_BIG, LLMP_NOWAIT);
    }
    assert_true(rig_count_of(LLMP_EVENT_OVERRUN, -ETIMEDOUT) > 10);
    assert_true(rig_stats_of(broker).pages_live <= 4);
    llmp_message message;
    int rc;
    do {
        rc = llmp_recv(sleeper.rx, &message, LLMP_NOWAIT);
    } while (rc == 0);
    assert_rc(rc, -LLMP_E_EOP_GONE);
    rig_go(&reader);
    rig_go(&sleeper);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* One hangs and was given up on. That is no reason to cut off another one, which merely took a break. */
static void a_hung_client_takes_nothing_from_the_others(void **state) {
    (void)state;
    llmp_broker *broker =
        rig_new_broker((llmp_broker_options){.page_size = TEST_MAP, .history = 4, .slow_client_timeout_ns = 1});
    struct rig_member reader = rig_join(broker);
    struct rig_member hung = rig_join(broker);
    uint64_t sent = 0;
    while (rig_count_of(LLMP_EVENT_OVERRUN, -ETIMEDOUT) == 0) {
        assert_ok(test_send_number(reader.tx, sent, TEST_BIG, LLMP_NOWAIT));
        rig_settle(broker);
        test_expect_number(reader.rx, sent++, TEST_BIG, LLMP_NOWAIT);
    }
    broker->options.slow_client_timeout_ns = LLMP_SECONDS(1000);
    int cuts = rig_events.count;
    for (int round = 0; round < 20; round++) {
        uint64_t read = sent;
        while (!broker->has_pending) {
            assert_ok(test_send_number(reader.tx, sent++, TEST_BIG, LLMP_NOWAIT));
            rig_settle(broker);
        }
        assert_true(sent - read > 6);
        for (; read < sent; read++) {
            test_expect_number(reader.rx, read, TEST_BIG, LLMP_NOWAIT);
            rig_settle(broker);
        }
    }
    assert_true(rig_events.count > cuts);
    rig_go(&reader);
    rig_go(&hung);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static void a_client_that_left_is_not_waited_for(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker(
        (llmp_broker_options){.page_size = TEST_MAP, .history = 2, .slow_client_timeout_ns = LLMP_SECONDS(1000)});
    struct rig_member stays = rig_join(broker);
    struct rig_member leaves = rig_join(broker);
    assert_ok(llmp_sender_exit(leaves.tx, LLMP_NOWAIT));
    while (rig_stats_of(broker).clients_now == 2 || broker->departed != NULL) {
        (void)llmp_broker_run_once(broker);
    }
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(stays.tx, i, TEST_BIG, LLMP_NOWAIT));
        rig_settle(broker);
        test_expect_number(stays.rx, i, TEST_BIG, LLMP_NOWAIT);
    }
    rig_go(&stays);
    rig_go(&leaves);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* Its own channel is broken, and it listens all the same: what it reads does not stand for what others have to read. */
static void a_client_that_was_removed_and_reads_on_takes_nothing_from_the_others(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker(
        (llmp_broker_options){.page_size = TEST_MAP, .history = 3, .slow_client_timeout_ns = LLMP_SECONDS(1000)});
    struct rig_member slow = rig_join(broker);
    struct rig_member speaks = rig_join(broker);
    struct rig_member removed = rig_join(broker);
    void *payload;
    assert_ok(llmp_sender_alloc(removed.tx, 1, LLMP_NOWAIT, &payload));
    assert_ok(llmp_sender_commit_as(removed.tx, 0, LLMP_TAG_CLIENT_EXIT, 0));
    rig_settle(broker);
    assert_int_equal(rig_count_of(LLMP_EVENT_CLIENT_REMOVED, -LLMP_E_MSG_LENGTH), 1);
    uint64_t sent = 0;
    for (; !broker->has_pending; sent++) {
        assert_true(sent < 100); /* the slow one is waited for */
        assert_ok(test_send_number(speaks.tx, sent, TEST_BIG, LLMP_NOWAIT));
        rig_settle(broker);
        if (!broker->has_pending) {
            test_expect_big(speaks.rx, sent, sent + 1);
            test_expect_big(removed.rx, sent, sent + 1);
        }
    }
    test_expect_big(slow.rx, 0, sent - 1);
    rig_go(&removed);
    while (broker->departed != NULL || broker->has_pending) {
        (void)llmp_broker_run_once(broker);
    }
    test_expect_big(slow.rx, sent - 1, sent);
    rig_go(&slow);
    rig_go(&speaks);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* A busy channel is looked at every 20 µs or so; one that is about to be removed has to be looked at now. */
static void what_a_busy_client_sent_before_it_was_removed_is_forwarded(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){0});
    struct rig_member a = rig_join(broker);
    uint64_t sent = 0;
    for (int burst = 0; burst < 200; burst++) {
        for (int i = 0; i < 20; i++) {
            assert_ok(test_send_number(a.tx, sent++, 8, LLMP_NOWAIT));
        }
        (void)llmp_broker_run_once(broker);
    }
    assert_ok(llmp_broker_remove_client(broker, a.id));
    rig_settle(broker);
    assert_int_equal(rig_stats_of(broker).forwarded, sent);
    rig_go(&a);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static llmp_hook_result hook_that_lets_it_send(void *context, llmp_broker *broker, llmp_broker_message *message) {
    (void)broker;
    (void)message;
    assert_ok(test_send_number(context, 0, 8, LLMP_NOWAIT));
    return LLMP_HOOK_HANDLED;
}

static void a_client_that_never_ends_is_removed_all_the_same(void **state) {
    (void)state;
    llmp_sender *endless = test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_pages = 4});
    llmp_broker *broker =
        rig_new_broker((llmp_broker_options){.hook = hook_that_lets_it_send, .hook_context = endless});
    llmp_shmem_desc channel = llmp_sender_describe(endless);
    llmp_shmem_desc broadcast;
    int64_t id = llmp_broker_add_client(broker, &channel, &broadcast);
    assert_ok(test_send_number(endless, 0, 8, LLMP_NOWAIT));
    assert_ok(llmp_broker_remove_client(broker, (uint32_t)id));
    while (rig_stats_of(broker).clients_now == 1) {
        (void)llmp_broker_run_once(broker);
    }
    assert_int_equal(rig_count_of(LLMP_EVENT_CLIENT_LEFT, 0), 1);
    (void)llmp_sender_free(endless, LLMP_NOWAIT);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static void back_pressure_reaches_the_sender(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker(
        (llmp_broker_options){.page_size = TEST_MAP, .history = 2, .slow_client_timeout_ns = LLMP_SECONDS(1000)});
    struct rig_member a = {.tx = test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_pages = 2})};
    llmp_shmem_desc channel = llmp_sender_describe(a.tx);
    llmp_shmem_desc broadcast;
    assert_true(llmp_broker_add_client(broker, &channel, &broadcast) >= 0);
    a.rx = rig_open_broadcast(&broadcast);
    uint64_t sent = 0;
    while (sent < 1000 && test_send_number(a.tx, sent, TEST_BIG, LLMP_NOWAIT) == 0) {
        sent++;
        rig_settle(broker);
    }
    assert_true(sent < 20);
    for (uint64_t i = 0; i < sent; i++) {
        test_expect_number(a.rx, i, TEST_BIG, LLMP_NOWAIT);
        rig_settle(broker);
    }
    assert_ok(test_send_number(a.tx, sent, TEST_BIG, LLMP_NOWAIT));
    rig_go(&a);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static llmp_broker *broker_with_one_segment(int64_t patience) {
    return rig_new_broker((llmp_broker_options){
        .provider = test_provider_with(1), .page_size = TEST_MAP, .slow_client_timeout_ns = patience});
}

/* The broadcast has one page, everybody has read it, and there is no other: until somebody gives memory back. */
static void a_machine_without_memory_is_waited_for(void **state) {
    (void)state;
    llmp_broker *broker = broker_with_one_segment(LLMP_SECONDS(1000));
    struct rig_member a = rig_join(broker);
    uint64_t sent = 0;
    while (!broker->has_pending) {
        assert_ok(test_send_number(a.tx, sent++, TEST_BIG, LLMP_NOWAIT));
        rig_settle(broker);
    }
    test_expect_big(a.rx, 0, sent - 1);
    rig_settle(broker);
    rig_expect_nothing(a.rx);
    (void)test_provider_with(1);
    rig_settle(broker);
    test_expect_big(a.rx, sent - 1, sent);
    assert_int_equal(rig_count_of(LLMP_EVENT_MESSAGE_LOST, -ENOSPC), 0);
    rig_go(&a);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static void a_machine_without_memory_is_not_waited_for_without_end(void **state) {
    (void)state;
    llmp_broker *broker = broker_with_one_segment(1);
    struct rig_member a = rig_join(broker);
    for (uint64_t i = 0; i < 50; i++) {
        assert_ok(test_send_number(a.tx, i, TEST_BIG, LLMP_NOWAIT));
        rig_settle(broker);
    }
    int lost = rig_count_of(LLMP_EVENT_MESSAGE_LOST, -ENOSPC);
    assert_true(lost > 0);
    assert_int_equal(lost + rig_stats_of(broker).forwarded, 50);
    assert_int_equal(rig_count_of(LLMP_EVENT_OVERRUN, -ETIMEDOUT), 0);
    rig_go(&a);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

static void clients_that_vanish_are_removed(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){.liveness_timeout_ns = 1});
    struct rig_member a = rig_join(broker);
    struct rig_member b = rig_join(broker);
    assert_ok(llmp_send(a.tx, 1, 0, "before", 6, LLMP_NOWAIT));
    rig_go(&a); /* without a word: as if it had been killed */
    while (rig_stats_of(broker).clients_now == 2) {
        (void)llmp_broker_run_once(broker);
    }
    assert_int_equal(rig_count_of(LLMP_EVENT_CLIENT_REMOVED, -LLMP_E_CLIENT_GONE), 1);
    rig_expect_text(b.rx, a.id, 1, "before");
    rig_go(&b);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* LibAFL's clients mark no segment for removal: one that is killed leaves it in the kernel (ID-4). */
static void what_a_killed_creator_left_is_removed(void **state) {
    (void)state;
    llmp_broker *broker = rig_new_broker((llmp_broker_options){.liveness_timeout_ns = 1});
    int id = shmget(IPC_PRIVATE, TEST_MAP, IPC_CREAT | 0600);
    assert_true(id >= 0);
    void *page = shmat(id, NULL, 0);
    llmp_page_init(page, TEST_MAP, 1, 0);
    llmp_shmem_desc channel = {.size = TEST_MAP};
    (void)snprintf(channel.id.bytes, sizeof channel.id.bytes, "%d", id);
    llmp_shmem_desc broadcast;
    assert_true(llmp_broker_add_client(broker, &channel, &broadcast) >= 0);
    rig_settle(broker);
    assert_int_equal(rig_stats_of(broker).clients_now, 1);
    (void)shmdt(page);
    while (rig_stats_of(broker).clients_now == 1) {
        (void)llmp_broker_run_once(broker);
    }
    struct shmid_ds segment;
    assert_int_equal(shmctl(id, IPC_STAT, &segment), -1);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_clients_see_history),
        cmocka_unit_test(a_client_that_never_reads_is_cut_off),
        cmocka_unit_test(a_hung_client_takes_nothing_from_the_others),
        cmocka_unit_test(what_a_killed_creator_left_is_removed),
        cmocka_unit_test(a_client_that_left_is_not_waited_for),
        cmocka_unit_test(a_client_that_was_removed_and_reads_on_takes_nothing_from_the_others),
        cmocka_unit_test(what_a_busy_client_sent_before_it_was_removed_is_forwarded),
        cmocka_unit_test(a_client_that_never_ends_is_removed_all_the_same),
        cmocka_unit_test(back_pressure_reaches_the_sender),
        cmocka_unit_test(a_machine_without_memory_is_waited_for),
        cmocka_unit_test(a_machine_without_memory_is_not_waited_for_without_end),
        cmocka_unit_test(clients_that_vanish_are_removed),
    };
    return cmocka_run_group_tests_name("broker_clients", tests, NULL, NULL);
}
