/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Clients whose channel leads to pages that are not theirs, and clients that want more than their share. */
#include <errno.h>
#include <string.h>

#include "broker_rig.h"
#include "channel/receiver.h"
#include "channel/sender.h"
#include "channel/sender_state.h"
#include "os/os.h"

static const char *const providers[] = {"sysv", "posix"};

/* It keeps all pages, so it waits for no reader. */
static llmp_broker *broker_over(const char *provider) {
    return rig_broker_new((llmp_broker_options){
        .provider = llmp_shmem_provider_find(provider), .page_size = TEST_MAP, .history = LLMP_HISTORY_ALL});
}

static llmp_sender *sender_over(const char *provider) {
    return test_sender(
        (llmp_sender_options){.provider = llmp_shmem_provider_find(provider), .page_size = TEST_MAP, .max_pages = 4});
}

static uint32_t add_sender(llmp_broker *broker, llmp_sender *sender) {
    llmp_shmem_desc channel = llmp_sender_describe(sender);
    llmp_shmem_desc ignored;
    int64_t id = llmp_broker_add_client(broker, &channel, &ignored);
    assert_true(id >= 0);
    llmp_sender_set_id(sender, (uint32_t)id);
    return (uint32_t)id;
}

static void send_desc(llmp_sender *sender, uint32_t tag, const llmp_shmem_desc *desc) {
    void *payload;
    assert_ok(llmp_sender_alloc(sender, LLMP_EOP_PAYLOAD, LLMP_NOWAIT, &payload));
    llmp_eop_write(payload, desc);
    assert_ok(llmp_sender_commit_as(sender, 0, tag, 0));
}

/* Ends the page at `offset` with an END_OF_PAGE that names `next`. */
static void end_page(const struct test_view *view, size_t offset, uint64_t id, const llmp_shmem_desc *next) {
    struct llmp_slot *slot = test_slot(view, offset);
    *slot = (struct llmp_slot){
        .tag = LLMP_TAG_END_OF_PAGE, .message_id = id, .buf_len = LLMP_EOP_PAYLOAD, .buf_len_padded = LLMP_EOP_PAYLOAD};
    llmp_eop_write(llmp_slot_payload(slot), next);
    llmp_store_release(&view->page->current_msg_id, id);
}

static struct test_view view_over(const char *provider, const llmp_shmem_desc *desc) {
    struct test_view view;
    assert_ok(llmp_shmem_open(llmp_shmem_provider_find(provider), desc, NULL, &view.map));
    view.page = llmp_shmem_data(view.map);
    return view;
}

/* ---------------------------------------------------------------- the broadcast */

/* A handshake, NEW_SHM_CLIENT and END_OF_PAGE: none makes the broker read its own broadcast, or touch its counters. */
static void BROKER_13_a_channel_that_is_the_broadcast_is_refused(void **state) {
    (void)state;
    for (size_t p = 0; p < 2; p++) {
        llmp_broker *broker = broker_over(providers[p]);
        llmp_sender *good = sender_over(providers[p]);
        llmp_sender *bad = sender_over(providers[p]);
        (void)add_sender(broker, good);
        (void)add_sender(broker, bad);
        llmp_shmem_desc own = llmp_broker_describe(broker);
        llmp_shmem_desc ignored;
        struct test_view broadcast = view_over(providers[p], &own);
        assert_ok(llmp_send(good, 7, 0, "x", 1, LLMP_NOWAIT));
        rig_run_until_idle(broker);
        assert_rc((int)llmp_broker_add_client(broker, &own, &ignored), -LLMP_E_PAGE_TAKEN);
        send_desc(bad, LLMP_TAG_NEW_SHM_CLIENT, &own);
        rig_run_until_idle(broker);
        assert_int_equal(rig_event_count(LLMP_EVENT_PEER_REFUSED, -LLMP_E_PAGE_TAKEN), 1);
        llmp_shmem_desc channel = llmp_sender_describe(bad);
        struct test_view view = view_over(providers[p], &channel);
        end_page(&view, 128, 2, &own);
        rig_run_until_idle(broker);
        assert_int_equal(rig_event_count(LLMP_EVENT_CLIENT_REMOVED, -LLMP_E_PAGE_TAKEN), 1);
        assert_int_equal(rig_stats(broker).forwarded, 1);
        assert_int_equal(rig_stats(broker).clients_now, 1);
        assert_int_equal(broadcast.page->joined, 2); /* on behalf of the two clients */
        assert_int_equal(broadcast.page->left, 0);
        test_view_close(&view);
        test_view_close(&broadcast);
        (void)llmp_sender_free(good, LLMP_NOWAIT);
        (void)llmp_sender_free(bad, LLMP_NOWAIT);
        llmp_broker_free(broker, LLMP_NOWAIT);
    }
}

/* A free page can be made to look initialised, because every client can write to it. */
static void BROKER_13_a_free_page_of_the_broadcast_is_refused(void **state) {
    (void)state;
    llmp_broker *broker =
        rig_broker_new((llmp_broker_options){.page_size = TEST_MAP, .history = 4, .preallocate = true});
    llmp_shmem_desc free_page = llmp_shmem_describe(broker->broadcast->pages.spare.items[0].map);
    struct test_view view = test_view_open(&free_page);
    view.page->magic = LLMP_PAGE_MAGIC;
    llmp_shmem_desc ignored;
    assert_rc((int)llmp_broker_add_client(broker, &free_page, &ignored), -LLMP_E_PAGE_TAKEN);
    test_view_close(&view);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* ---------------------------------------------------------------- another client's page */

static void BROKER_13_a_page_of_another_client_is_refused(void **state) {
    (void)state;
    for (size_t p = 0; p < 2; p++) {
        llmp_broker *broker = broker_over(providers[p]);
        llmp_sender *good = sender_over(providers[p]);
        llmp_sender *bad = sender_over(providers[p]);
        (void)add_sender(broker, good);
        (void)add_sender(broker, bad);
        llmp_shmem_desc taken = llmp_sender_describe(good);
        llmp_shmem_desc ignored;
        assert_rc((int)llmp_broker_add_client(broker, &taken, &ignored), -LLMP_E_PAGE_TAKEN);
        llmp_shmem_desc channel = llmp_sender_describe(bad);
        struct test_view view = view_over(providers[p], &channel);
        end_page(&view, 48, 1, &taken);
        rig_run_until_idle(broker);
        assert_int_equal(rig_event_count(LLMP_EVENT_CLIENT_REMOVED, -LLMP_E_PAGE_TAKEN), 1);
        assert_ok(llmp_send(good, 7, 0, "x", 1, LLMP_NOWAIT));
        rig_run_until_idle(broker);
        assert_int_equal(rig_stats(broker).forwarded, 1);
        test_view_close(&view);
        (void)llmp_sender_free(good, LLMP_NOWAIT);
        (void)llmp_sender_free(bad, LLMP_NOWAIT);
        llmp_broker_free(broker, LLMP_NOWAIT);
    }
}

/* Sends messages until the channel has two pages. Returns how many. */
static uint64_t fill_a_page(llmp_sender *sender) {
    llmp_sender_stats stats = {0};
    uint64_t sent = 0;
    while (stats.pages_turned == 0) {
        assert_ok(test_send_number(sender, sent++, TEST_BIG, LLMP_NOWAIT));
        llmp_sender_stats_get(sender, &stats, sizeof stats);
    }
    return sent;
}

/* A client is on the page before its owner's channel gets there: the owner stays, and loses no message. */
static void BROKER_13_the_owner_of_a_page_keeps_it(void **state) {
    (void)state;
    llmp_broker *broker = broker_over("sysv");
    llmp_sender *owner = sender_over("sysv");
    uint32_t id = add_sender(broker, owner);
    struct rig_client witness = rig_add_client(broker);
    uint64_t sent = fill_a_page(owner);
    llmp_shmem_desc second = llmp_shmem_describe(llmp_pages_newest(&owner->pages)->map);
    llmp_shmem_desc ignored;
    assert_true(llmp_broker_add_client(broker, &second, &ignored) > 0);
    for (int i = 0; i < 10; i++) {
        rig_run_until_idle(broker);
        assert_ok(test_send_number(owner, sent++, TEST_BIG, LLMP_NOWAIT));
    }
    rig_run_until_idle(broker);
    assert_int_equal(rig_event_count(LLMP_EVENT_CLIENT_REMOVED, -LLMP_E_PAGE_TAKEN), 1);
    assert_int_equal(rig_stats(broker).clients_now, 2);
    uint64_t received = 0;
    llmp_message message;
    while (llmp_recv(witness.rx, &message, LLMP_NOWAIT) == 0) {
        if (message.sender == id) {
            test_payload_expect(&message, received++, TEST_BIG);
        }
    }
    assert_int_equal(received, sent);
    (void)llmp_sender_free(owner, LLMP_NOWAIT);
    rig_free_all(broker, &witness, 1);
}

/* ---------------------------------------------------------------- pages that name each other */

static void BROKER_13_a_ring_of_pages_is_refused(void **state) {
    (void)state;
    llmp_broker *broker = broker_over("sysv");
    llmp_sender *halves[2] = {sender_over("sysv"), sender_over("sysv")};
    llmp_shmem_desc descs[2] = {llmp_sender_describe(halves[0]), llmp_sender_describe(halves[1])};
    for (int i = 0; i < 2; i++) {
        struct test_view view = test_view_open(&descs[i]);
        assert_ok(llmp_send(halves[i], 7, 0, "x", 1, LLMP_NOWAIT));
        end_page(&view, 128, 2, &descs[1 - i]);
        test_view_close(&view);
    }
    (void)add_sender(broker, halves[0]);
    for (int i = 0; i < 100; i++) {
        (void)llmp_broker_run_once(broker);
    }
    assert_int_equal(rig_event_count(LLMP_EVENT_CLIENT_REMOVED, -LLMP_E_EOP_LOOP), 1);
    assert_int_equal(rig_stats(broker).forwarded, 2);
    (void)llmp_sender_free(halves[0], LLMP_NOWAIT);
    (void)llmp_sender_free(halves[1], LLMP_NOWAIT);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* A page can have one message, and a page turn costs more than a message. */
static void a_round_turns_few_pages_of_one_client(void **state) {
    (void)state;
    enum { PAGES = 100 };
    llmp_broker *broker = broker_over("sysv");
    llmp_sender *sender = test_sender((llmp_sender_options){.page_size = TEST_MAP, .max_pages = PAGES + 2});
    (void)add_sender(broker, sender);
    llmp_sender_stats stats = {0};
    for (uint64_t i = 0; stats.pages_turned < PAGES; i++) {
        assert_ok(test_send_number(sender, i, TEST_BIG, LLMP_NOWAIT));
        llmp_sender_stats_get(sender, &stats, sizeof stats);
    }
    (void)llmp_broker_run_once(broker);
    uint64_t turned = llmp_receiver_pages_turned(broker->clients[0]->channel);
    assert_in_range(turned, 1, 20);
    rig_run_until_idle(broker);
    assert_int_equal(llmp_receiver_pages_turned(broker->clients[0]->channel), PAGES);
    (void)llmp_sender_free(sender, LLMP_NOWAIT);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* ---------------------------------------------------------------- shares */

/* The channels of one client that floods the broker with NEW_SHM_CLIENT, and of another that helps it. */
static void one_client_cannot_take_all_places(void **state) {
    (void)state;
    enum { MAX = 32, MANY = 40 };
    llmp_broker *broker = rig_broker_new((llmp_broker_options){.page_size = TEST_MAP, .max_clients = MAX});
    llmp_sender *channels[2][MANY];
    struct rig_client greedy[5];
    for (size_t g = 0; g < 5; g++) {
        greedy[g] = rig_add_client(broker);
    }
    for (size_t g = 0; g < 2; g++) {
        for (size_t i = 0; i < MANY; i++) {
            channels[g][i] = sender_over("sysv");
            llmp_shmem_desc desc = llmp_sender_describe(channels[g][i]);
            send_desc(greedy[g].tx, LLMP_TAG_NEW_SHM_CLIENT, &desc);
            rig_run_until_idle(broker);
        }
        assert_int_equal(rig_stats(broker).clients_now, 5 + (g + 1) * MAX / 8);
    }
    assert_true(rig_event_count(LLMP_EVENT_PEER_REFUSED, -LLMP_E_CLIENTS_FULL) > 0);
    for (size_t g = 2; g < 5; g++) { /* together they get half of the places */
        for (size_t i = 0; i < MAX / 8; i++) {
            llmp_shmem_desc desc = llmp_sender_describe(channels[g % 2][MANY - 1 - (g / 2) * MAX / 8 - i]);
            send_desc(greedy[g].tx, LLMP_TAG_NEW_SHM_CLIENT, &desc);
            rig_run_until_idle(broker);
        }
    }
    assert_int_equal(rig_stats(broker).clients_now, 5 + MAX / 2);
    struct rig_client newcomer = rig_add_client(broker);
    rig_send_text(broker, &newcomer, 1, "hello");
    rig_expect_text(greedy[0].rx, newcomer.id, 1, "hello");
    rig_client_free(&newcomer);
    for (size_t i = 0; i < MANY; i++) {
        (void)llmp_sender_free(channels[0][i], LLMP_NOWAIT);
        (void)llmp_sender_free(channels[1][i], LLMP_NOWAIT);
    }
    rig_free_all(broker, greedy, 5);
}

/* ---------------------------------------------------------------- floods of events */

/* The first is reported at once, the others once a second, all of them. */
static void a_flood_of_refusals_is_counted(void **state) {
    (void)state;
    llmp_broker *broker = broker_over("sysv");
    struct rig_client client = rig_add_client(broker);
    rig_events.count = 0;
    llmp_broker_report(broker, LLMP_EVENT_PEER_REFUSED, 0, -EPIPE);
    assert_int_equal(rig_events.count, 1);
    int64_t end = llmp_os_now() + LLMP_MILLISECONDS(2500);
    int sent = 1;
    for (; llmp_os_now() < end; sent++) {
        llmp_broker_report(broker, LLMP_EVENT_PEER_REFUSED, 0, -EPIPE);
        (void)llmp_broker_run_once(broker);
    }
    assert_int_equal(rig_events.count, 3);
    assert_int_equal(rig_events.items[0].count, 1);
    assert_true(rig_events.items[1].count > 100);
    llmp_broker_report(broker, LLMP_EVENT_PEER_REFUSED, 1, -EPIPE);
    llmp_broker_report(broker, LLMP_EVENT_PEER_REFUSED, 0, -ECONNRESET);
    assert_int_equal(rig_events.count, 5);
    end = llmp_os_now() + LLMP_MILLISECONDS(1500);
    while (llmp_os_now() < end) {
        (void)llmp_broker_run_once(broker);
    }
    assert_int_equal(rig_event_count(LLMP_EVENT_PEER_REFUSED, -EPIPE), sent + 1);
    rig_free_all(broker, &client, 1);
}

/* A peer can vary what it is refused for, and several clients can be refused. */
static void a_flood_of_many_kinds_is_bounded(void **state) {
    (void)state;
    llmp_broker *broker = broker_over("sysv");
    rig_events.count = 0;
    for (int i = 0; i < 10000; i++) {
        llmp_broker_report(broker, LLMP_EVENT_PEER_REFUSED, (uint32_t)i % 1000, -1 - i % 20);
    }
    assert_in_range(rig_events.count, 1, LLMP_EVENT_KINDS_MAX);
    llmp_broker_free(broker, LLMP_NOWAIT);
    uint64_t count = 0;
    for (int i = 0; i < rig_events.count; i++) {
        count += rig_events.items[i].count;
    }
    assert_int_equal(count, 10000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(BROKER_13_a_channel_that_is_the_broadcast_is_refused),
        cmocka_unit_test(BROKER_13_a_free_page_of_the_broadcast_is_refused),
        cmocka_unit_test(BROKER_13_a_page_of_another_client_is_refused),
        cmocka_unit_test(BROKER_13_the_owner_of_a_page_keeps_it),
        cmocka_unit_test(BROKER_13_a_ring_of_pages_is_refused),
        cmocka_unit_test(a_round_turns_few_pages_of_one_client),
        cmocka_unit_test(one_client_cannot_take_all_places),
        cmocka_unit_test(a_flood_of_refusals_is_counted),
        cmocka_unit_test(a_flood_of_many_kinds_is_bounded),
    };
    return cmocka_run_group_tests_name("broker_hostile", tests, NULL, NULL);
}
