/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Parts of a broker that are clients themselves: what they receive, and how they forward. */
#include <errno.h>

#include "broker/parts.h"
#include "broker/route.h"
#include "channel/sender.h"
#include "toy_part.h"

/* ---------------------------------------------------------------- receiving */

static void a_part_receives_what_clients_and_the_broker_send(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct toy toy = {0};
    (void)llmp_broker_take_id(broker);
    toy_attach(broker, &toy);
    struct rig_client clients[] = {rig_add_client(broker), rig_add_client(broker)};
    rig_send_text(broker, &clients[0], 5, "first");
    rig_send_text(broker, &clients[1], 6, "");
    assert_ok(llmp_broker_send(broker, 7, 0, "own", 3));
    assert_int_equal(toy.count, 3);
    toy_expect_received(&toy, 0, clients[0].id, 5, "first");
    toy_expect_received(&toy, 1, clients[1].id, 6, "");
    toy_expect_received(&toy, 2, 0, 7, "own");
    rig_free_all(broker, clients, 2);
    assert_true(toy.freed);
}

static void a_part_does_not_receive_control_messages(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct toy toy = {0};
    toy_attach(broker, &toy);
    struct rig_client a = rig_add_client(broker);
    void *payload;
    assert_ok(llmp_sender_alloc(a.tx, 0, LLMP_NOWAIT, &payload));
    assert_ok(llmp_sender_commit_as(a.tx, a.id, LLMP_TAG_SLOW_RECEIVER, 0));
    assert_ok(llmp_sender_exit(a.tx, LLMP_NOWAIT));
    rig_run_until_idle(broker);
    assert_int_equal(rig_stats(broker).clients_now, 0);
    assert_int_equal(toy.count, 0);
    rig_free_all(broker, &a, 1);
}

/* ---------------------------------------------------------------- forwarding */

/* The echo is sent under the part's id, is seen by clients and other parts, and not by the part itself: otherwise it
 * would echo without end. */
static void a_part_does_not_receive_its_own_messages(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct toy echo = {.echoes = true};
    struct toy counter = {0};
    toy_attach(broker, &echo);
    toy_attach(broker, &counter);
    struct rig_client a = rig_add_client(broker);
    rig_send_text(broker, &a, 5, "hello");
    rig_expect_text(a.rx, a.id, 5, "hello");
    rig_expect_text(a.rx, echo.id, TOY_ECHO_TAG + 5, "hello");
    rig_expect_none(a.rx);
    assert_int_equal(echo.count, 1);
    assert_int_equal(counter.count, 2);
    toy_expect_received(&counter, 1, echo.id, TOY_ECHO_TAG + 5, "hello");
    rig_free_all(broker, &a, 1);
}

static void a_part_is_not_a_registered_client(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){.max_clients = 1});
    struct toy toy = {0};
    toy_attach(broker, &toy);
    struct rig_client a = rig_add_client(broker);
    assert_int_equal(a.id, toy.id + 1);
    assert_int_equal(rig_stats(broker).clients_now, 1);
    assert_int_equal(rig_stats(broker).clients_joined, 1);
    assert_rc(llmp_broker_remove_client(broker, toy.id), -LLMP_E_NO_CLIENT);
    rig_free_all(broker, &a, 1);
}

static void B2B_4_reserved_tags_are_refused(void **state) {
    (void)state;
    static const uint32_t tags[] = {LLMP_TAG_UNSET,        LLMP_TAG_UNINITIALIZED,  LLMP_TAG_EXITING,
                                    LLMP_TAG_END_OF_PAGE,  LLMP_TAG_NEW_SHM_CLIENT, LLMP_TAG_CLIENT_EXIT,
                                    LLMP_TAG_SLOW_RECEIVER};
    llmp_broker *broker = rig_broker_new((llmp_broker_options){.max_message = 8});
    struct toy toy = {0};
    toy_attach(broker, &toy);
    struct rig_client a = rig_add_client(broker);
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        toy_queue(&toy, tags[i], "x");
        rig_run_until_idle(broker);
        assert_rc(toy.last_rc, -LLMP_E_TAG_RESERVED);
    }
    toy_queue(&toy, 1, "nine byte");
    rig_run_until_idle(broker);
    assert_rc(toy.last_rc, -LLMP_E_TOO_LARGE);
    toy_queue(&toy, 2, "eight by");
    rig_run_until_idle(broker);
    rig_expect_text(a.rx, toy.id, 2, "eight by");
    rig_expect_none(a.rx);
    rig_free_all(broker, &a, 1);
}

static void forwarding_after_the_end_is_refused(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct toy toy = {0};
    toy_attach(broker, &toy);
    llmp_broker_stop(broker);
    (void)llmp_broker_run(broker);
    toy_queue(&toy, 1, "late");
    (void)llmp_broker_run_once(broker);
    assert_rc(toy.last_rc, -LLMP_E_CLOSED);
    llmp_broker_free(broker, LLMP_NOWAIT);
}

/* ---------------------------------------------------------------- hooks */

struct hook_log {
    int calls;
    uint32_t client;
};

static llmp_hook_result hook(void *context, llmp_broker *broker, llmp_broker_message *message) {
    struct hook_log *log = context;
    (void)broker;
    log->calls++;
    log->client = message->client;
    message->client = 999;
    if (message->tag == 2) {
        message->payload = "changed";
        message->length = 7;
    }
    return message->tag == 1 ? LLMP_HOOK_HANDLED : LLMP_HOOK_FORWARD;
}

static void BROKER_19_what_a_part_forwards_passes_the_hook(void **state) {
    (void)state;
    struct hook_log log = {0};
    llmp_broker *broker = rig_broker_new((llmp_broker_options){.hook = hook, .hook_context = &log});
    struct toy toy = {0};
    struct toy other = {0};
    (void)llmp_broker_take_id(broker);
    toy_attach(broker, &toy);
    toy_attach(broker, &other);
    struct rig_client a = rig_add_client(broker);
    toy_queue(&toy, 1, "handled");
    toy_queue(&toy, 2, "original");
    rig_run_until_idle(broker);
    assert_int_equal(log.calls, 2);
    assert_int_equal(log.client, toy.id);
    assert_ok(toy.last_rc);
    assert_int_equal(rig_stats(broker).handled, 1);
    rig_expect_text(a.rx, toy.id, 2, "changed");
    rig_expect_none(a.rx);
    assert_int_equal(other.count, 1);
    toy_expect_received(&other, 0, toy.id, 2, "changed");
    rig_free_all(broker, &a, 1);
}

/* ---------------------------------------------------------------- back-pressure */

/* With a message pending, a part's message is not taken. When there is room, the pending message goes out first, and
 * the part's message is next, although the client has more to send. */
static void a_blocked_part_gets_its_turn(void **state) {
    (void)state;
    struct hook_log log = {0};
    llmp_broker *broker = rig_broker_new((llmp_broker_options){.page_size = TEST_MAP,
                                                               .history = 2,
                                                               .slow_client_timeout_ns = LLMP_SECONDS(1000),
                                                               .hook = hook,
                                                               .hook_context = &log});
    struct toy toy = {0};
    toy_attach(broker, &toy);
    struct rig_client a = rig_add_client(broker);
    uint64_t sent = 0;
    for (; sent < 20; sent++) {
        assert_ok(test_send_number(a.tx, sent + 100, TEST_BIG, LLMP_NOWAIT));
    }
    rig_run_until_idle(broker);
    assert_true(broker->has_pending);
    toy_queue(&toy, 77, "from the part");
    rig_run_until_idle(broker);
    assert_rc(toy.last_rc, -EAGAIN);
    uint64_t pending = rig_stats(broker).forwarded;
    assert_true(pending < sent - 1);
    for (uint64_t i = 0; i < sent; i++) {
        test_expect_number(a.rx, i + 100, TEST_BIG, LLMP_NOWAIT);
        rig_run_until_idle(broker);
        if (i == pending) {
            rig_expect_text(a.rx, toy.id, 77, "from the part");
            rig_run_until_idle(broker);
        }
    }
    assert_ok(toy.last_rc);
    assert_int_equal(log.calls, sent + 1);
    rig_free_all(broker, &a, 1);
}

/* A part's message finds no room itself: the broker takes it and keeps a copy. */
static void the_broker_keeps_a_message_of_a_part_that_finds_no_room(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new(
        (llmp_broker_options){.page_size = TEST_MAP, .history = 2, .slow_client_timeout_ns = LLMP_SECONDS(1000)});
    struct toy toy = {0};
    struct toy other = {0};
    toy_attach(broker, &toy);
    toy_attach(broker, &other);
    struct rig_client a = rig_add_client(broker);
    uint32_t taken = 0;
    while (!broker->has_pending) {
        toy.queued = toy.forwarded = 0;
        toy_queue(&toy, ++taken, "0123456789");
        (void)llmp_broker_run_once(broker);
        other.count = 0;
    }
    assert_ok(toy.last_rc);
    toy_queue(&toy, 9999, "refused");
    (void)llmp_broker_run_once(broker);
    assert_rc(toy.last_rc, -EAGAIN);
    for (uint32_t tag = 1; tag <= taken; tag++) {
        rig_expect_text(a.rx, toy.id, tag, "0123456789");
        (void)llmp_broker_run_once(broker);
    }
    assert_int_equal(toy.count, 0);
    rig_expect_text(a.rx, toy.id, 9999, "refused");
    rig_free_all(broker, &a, 1);
}

/* It needs a larger page than the two that the broker has, and there is no memory for one. */
static void a_message_of_a_part_is_lost_without_memory(void **state) {
    (void)state;
    static const char large[20000];
    llmp_broker *broker = rig_broker_new(
        (llmp_broker_options){.provider = test_provider_with(2), .page_size = TEST_MAP, .slow_client_timeout_ns = 1});
    struct toy toy = {0};
    toy_attach(broker, &toy);
    struct rig_client a = rig_add_client(broker);
    llmp_broker_message message = {.client = toy.id, .tag = 1, .payload = large, .length = sizeof large};
    assert_ok(llmp_broker_forward(broker, &toy, &message));
    toy_queue(&toy, 2, "small");
    rig_run_until_idle(broker);
    assert_ok(toy.last_rc);
    assert_int_equal(rig_event_count(LLMP_EVENT_MESSAGE_LOST, -ENOSPC), 1);
    const llmp_broker_event *last = &rig_events.items[rig_events.count - 1];
    assert_int_equal(last->type, LLMP_EVENT_MESSAGE_LOST);
    assert_int_equal(last->client, toy.id);
    rig_expect_text(a.rx, toy.id, 2, "small");
    rig_free_all(broker, &a, 1);
}

/* ---------------------------------------------------------------- attaching */

static bool attach_other(void *self) {
    struct toy *other = self;
    if (other->broker != NULL) {
        llmp_broker *broker = other->broker;
        other->broker = NULL;
        toy_attach(broker, &other[1]);
    }
    return false;
}

static void ignore_free(void *self) {
    (void)self;
}

static void a_tick_may_attach_a_part(void **state) {
    (void)state;
    llmp_broker *broker = rig_broker_new((llmp_broker_options){0});
    struct toy toys[2] = {{.broker = broker}};
    struct llmp_broker_part part = {.tick = attach_other, .free = ignore_free, .self = toys};
    assert_ok(llmp_broker_attach(broker, part));
    struct rig_client a = rig_add_client(broker);
    rig_send_text(broker, &a, 5, "x");
    assert_true(toys[1].ticks > 0);
    assert_int_equal(toys[1].count, 1);
    rig_free_all(broker, &a, 1);
    assert_true(toys[1].freed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_receives_what_clients_and_the_broker_send),
        cmocka_unit_test(a_part_does_not_receive_control_messages),
        cmocka_unit_test(a_part_does_not_receive_its_own_messages),
        cmocka_unit_test(a_part_is_not_a_registered_client),
        cmocka_unit_test(B2B_4_reserved_tags_are_refused),
        cmocka_unit_test(forwarding_after_the_end_is_refused),
        cmocka_unit_test(BROKER_19_what_a_part_forwards_passes_the_hook),
        cmocka_unit_test(a_blocked_part_gets_its_turn),
        cmocka_unit_test(the_broker_keeps_a_message_of_a_part_that_finds_no_room),
        cmocka_unit_test(a_message_of_a_part_is_lost_without_memory),
        cmocka_unit_test(a_tick_may_attach_a_part),
    };
    return cmocka_run_group_tests_name("parts", tests, NULL, NULL);
}
