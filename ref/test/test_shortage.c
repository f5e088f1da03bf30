/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A process without descriptors or memory to map the next page: it waits, and goes on when the shortage is over. */
#include <errno.h>

#include "broker_rig.h"
#include "channel/sender.h"
#include "os/os.h"
#include "raw_peer.h"
#include "shmem/provider.h"

static const int codes[] = {-EMFILE, -ENFILE, -ENOMEM, -ENOSPC};
#define CODES (sizeof codes / sizeof codes[0])

static llmp_receiver *open_receiver(const llmp_sender *sender, const llmp_shmem_provider *provider) {
    llmp_receiver_options options = {.provider = provider};
    llmp_shmem_desc desc = llmp_sender_describe(sender);
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(&desc, &options, &receiver));
    return receiver;
}

static llmp_receiver_stats stats_of(const llmp_receiver *receiver) {
    llmp_receiver_stats stats;
    llmp_receiver_stats_get(receiver, &stats, sizeof stats);
    return stats;
}

/* Each way to receive gets nothing, and does not advance. */
static void expect_to_wait(llmp_receiver *receiver, int code) {
    llmp_message messages[4];
    unsigned char buffer[TEST_BIG];
    for (int i = 0; i < 3; i++) {
        assert_rc(llmp_recv(receiver, messages, LLMP_NOWAIT), -EAGAIN);
        assert_rc(llmp_recv(receiver, messages, LLMP_MILLISECONDS(2)), -ETIMEDOUT);
        assert_rc((int)llmp_recv_many(receiver, messages, 4, LLMP_NOWAIT), -EAGAIN);
        assert_rc(llmp_recv_copy(receiver, messages, buffer, sizeof buffer, LLMP_NOWAIT), -EAGAIN);
    }
    assert_rc((int)stats_of(receiver).shortage, code);
    assert_ok(llmp_receiver_error(receiver));
}

/* A page has three big messages. */
static void EOP_9_a_receiver_waits_for_a_shortage_at_the_end_of_a_page(void **state) {
    (void)state;
    for (size_t i = 0; i < CODES; i++) {
        llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP});
        llmp_receiver *receiver = open_receiver(sender, test_provider_that_may_not_open());
        for (uint64_t n = 0; n < 9; n++) {
            assert_ok(test_send_number(sender, n, TEST_BIG, LLMP_NOWAIT));
        }
        for (uint64_t n = 0; n < 9; n += 3) {
            test_expect_big(receiver, n, n + 3);
            if (n < 6) {
                test_open_error = codes[i];
                expect_to_wait(receiver, codes[i]);
                test_open_error = 0;
            }
        }
        assert_ok((int)stats_of(receiver).shortage);
        assert_int_equal(stats_of(receiver).messages, 9);
        assert_int_equal(stats_of(receiver).pages_turned, 2);
        llmp_receiver_free(receiver);
        assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
    }
}

/* A call that waits receives the message when the shortage ends, which a provider does at its third attempt. */
static int attempts;

static int open_at_the_third_attempt(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_id *id) {
    attempts++;
    bool fails = attempts == 2 || attempts == 3;
    return fails ? -EMFILE : llmp_shmem_provider_find("sysv")->open(self, map, id);
}

static void a_call_that_waits_tries_again(void **state) {
    (void)state;
    llmp_shmem_provider provider = *llmp_shmem_provider_find("sysv");
    provider.open = open_at_the_third_attempt;
    attempts = 0;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    llmp_receiver *receiver = open_receiver(sender, &provider);
    for (uint64_t n = 0; n < 4; n++) {
        assert_ok(test_send_number(sender, n, TEST_BIG, LLMP_NOWAIT));
    }
    for (uint64_t n = 0; n < 4; n++) {
        test_expect_number(receiver, n, TEST_BIG, LLMP_SECONDS(10));
    }
    assert_int_equal(attempts, 4);
    llmp_receiver_free(receiver);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* Address space for two maps: the cache gives up its own before the receiver waits. */
static int open_maps;

static int open_two(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_id *id) {
    int rc = open_maps == 2 ? -ENOMEM : llmp_shmem_provider_find("sysv")->open(self, map, id);
    open_maps += rc == 0;
    return rc;
}

static void close_one(const llmp_shmem_provider *self, struct llmp_shmem *map, bool remove) {
    open_maps--;
    llmp_shmem_provider_find("sysv")->close(self, map, remove);
}

static void without_address_space_the_cache_is_emptied(void **state) {
    (void)state;
    llmp_shmem_provider provider = *llmp_shmem_provider_find("sysv");
    provider.open = open_two;
    provider.close = close_one;
    open_maps = 0;
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_pages = 8, .window = 8});
    llmp_receiver *receiver = open_receiver(sender, &provider);
    for (uint64_t n = 0; n < 100; n++) {
        assert_ok(test_send_number(sender, n, TEST_BIG, LLMP_NOWAIT));
        test_expect_big(receiver, n, n + 1);
    }
    llmp_receiver_free(receiver);
    assert_int_equal(open_maps, 0);
    assert_ok(llmp_sender_free(sender, LLMP_NOWAIT));
}

/* ---------------------------------------------------------------- the broker */

static llmp_broker *broker_that_may_not_open(void) {
    return rig_broker_new((llmp_broker_options){.provider = test_provider_that_may_not_open()});
}

static void a_broker_keeps_clients_whose_pages_it_cannot_map(void **state) {
    (void)state;
    for (size_t i = 0; i < CODES; i++) {
        llmp_broker *broker = broker_that_may_not_open();
        struct rig_client clients[] = {rig_add_client(broker), rig_add_client(broker)};
        test_open_error = codes[i];
        for (uint64_t n = 0; n < 9; n++) {
            assert_ok(test_send_number(clients[0].tx, n, TEST_BIG, LLMP_NOWAIT));
        }
        rig_run_until_idle(broker);
        assert_int_equal(rig_stats(broker).forwarded, 3);
        assert_int_equal(rig_stats(broker).clients_now, 2);
        rig_send_text(broker, &clients[1], 7, "another client");
        assert_int_equal(rig_stats(broker).forwarded, 4);
        test_open_error = 0;
        llmp_os_sleep(LLMP_MILLISECONDS(20));
        rig_run_until_idle(broker);
        assert_int_equal(rig_stats(broker).forwarded, 10);
        assert_int_equal(rig_event_count(LLMP_EVENT_SHORTAGE, codes[i]), 1);
        assert_int_equal(rig_events.items[rig_events.count - 1].client, clients[0].id);
        rig_free_all(broker, clients, 2);
    }
}

static void BROKER_11_a_shortage_does_not_cut_off_a_leaving_client(void **state) {
    (void)state;
    llmp_broker *broker = broker_that_may_not_open();
    struct rig_client leaver = rig_add_client(broker);
    struct rig_client other = rig_add_client(broker);
    test_open_error = -EMFILE;
    for (uint64_t n = 0; n < 9; n++) {
        assert_ok(test_send_number(leaver.tx, n, TEST_BIG, LLMP_NOWAIT));
    }
    assert_ok(llmp_broker_remove_client(broker, leaver.id));
    rig_run_until_idle(broker);
    assert_int_equal(rig_stats(broker).clients_now, 2);
    test_open_error = 0;
    llmp_os_sleep(LLMP_MILLISECONDS(20));
    rig_run_until_idle(broker);
    assert_int_equal(rig_stats(broker).forwarded, 9);
    assert_int_equal(rig_stats(broker).clients_now, 1);
    rig_client_free(&leaver);
    rig_free_all(broker, &other, 1);
}

/* A client that hands in another channel (BROKER-4) is not told of a failure, so the broker must not forget it. */
static void BROKER_4_a_channel_that_cannot_be_opened_is_registered_later(void **state) {
    (void)state;
    llmp_broker *broker = broker_that_may_not_open();
    struct rig_client a = rig_add_client(broker);
    llmp_sender *second = test_sender((llmp_sender_options){.page_size = TEST_MAP});
    llmp_shmem_desc desc = llmp_sender_describe(second);
    void *payload;
    test_open_error = -EMFILE;
    assert_ok(llmp_sender_alloc(a.tx, LLMP_EOP_PAYLOAD, LLMP_NOWAIT, &payload));
    llmp_eop_write(payload, &desc);
    assert_ok(llmp_sender_commit_as(a.tx, a.id, LLMP_TAG_NEW_SHM_CLIENT, 0));
    assert_ok(test_send_number(a.tx, 0, 8, LLMP_NOWAIT));
    rig_run_until_idle(broker);
    assert_int_equal(rig_stats(broker).forwarded, 0);
    assert_int_equal(rig_event_count(LLMP_EVENT_PEER_REFUSED, -EMFILE), 0);
    test_open_error = 0;
    rig_run_until_idle(broker);
    assert_int_equal(rig_stats(broker).clients_now, 2);
    assert_int_equal(rig_stats(broker).forwarded, 1);
    (void)llmp_sender_free(second, LLMP_NOWAIT);
    rig_free_all(broker, &a, 1);
}

/* ---------------------------------------------------------------- joining */

/* A peer that has asked to join a broker that cannot open its channel. */
static struct raw_peer join_during_a_shortage(struct tcp_broker *broker, int code) {
    broker->broker->options.provider = test_provider_that_may_not_open();
    test_open_error = code;
    struct raw_peer peer = raw_peer_connect_hello(broker);
    raw_peer_send_hello(&peer);
    for (int64_t deadline = llmp_os_now() + RAW_TIMEOUT_NS; broker->shortages == 0;) {
        tcp_broker_run_once(broker, deadline);
    }
    assert_rc(broker->shortage_code, code);
    return peer;
}

static void TCP_2_a_client_that_joins_during_a_shortage_is_accepted_after_it(void **state) {
    (void)state;
    for (size_t i = 0; i < CODES; i++) {
        struct tcp_broker *broker = tcp_broker_new(RAW_TIMEOUT_NS, NULL);
        struct raw_peer peer = join_during_a_shortage(broker, codes[i]);
        for (int64_t since = llmp_os_now(); llmp_os_now() - since < LLMP_MILLISECONDS(10);) {
            tcp_broker_run_once(broker, INT64_MAX);
        }
        assert_int_equal(broker->refused + broker->joined, 0);
        test_open_error = 0;
        assert_int_equal(raw_peer_expect(&peer, LLMP_RESPONSE_LOCAL_CLIENT_ACCEPTED).id, 1);
        raw_peer_expect_end(&peer);
        assert_int_equal(broker->shortages, 1);
        tcp_broker_free(broker);
    }
}

static void TCP_5_a_shortage_that_lasts_ends_with_a_refusal(void **state) {
    (void)state;
    struct tcp_broker *broker = tcp_broker_new(LLMP_MILLISECONDS(50), NULL);
    struct raw_peer peer = join_during_a_shortage(broker, -EMFILE);
    (void)raw_peer_expect(&peer, LLMP_RESPONSE_ERROR);
    raw_peer_expect_end(&peer);
    assert_int_equal(broker->refused, 1);
    assert_rc(broker->refused_code, -EMFILE);
    tcp_broker_free(broker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(EOP_9_a_receiver_waits_for_a_shortage_at_the_end_of_a_page),
        cmocka_unit_test(a_call_that_waits_tries_again),
        cmocka_unit_test(without_address_space_the_cache_is_emptied),
        cmocka_unit_test(a_broker_keeps_clients_whose_pages_it_cannot_map),
        cmocka_unit_test(BROKER_11_a_shortage_does_not_cut_off_a_leaving_client),
        cmocka_unit_test(BROKER_4_a_channel_that_cannot_be_opened_is_registered_later),
        cmocka_unit_test(TCP_2_a_client_that_joins_during_a_shortage_is_accepted_after_it),
        cmocka_unit_test(TCP_5_a_shortage_that_lasts_ends_with_a_refusal),
    };
    return cmocka_run_group_tests_name("shortage", tests, NULL, NULL);
}
