/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broker and its clients in one process and one thread: every round is the test's to take. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "broker/broker_internal.h"
#include "channel/sender.h"
#include "support.h"

#define MAP 4096u
#define BIG 1000u

struct seen {
    llmp_event event;
    uint32_t client;
    int code;
};

static struct {
    struct seen items[64];
    int count;
} events;

static void note(void *context, llmp_event event, uint32_t client, int code) {
    (void)context;
    if (events.count < 64) {
        events.items[events.count++] = (struct seen){event, client, code};
    }
}

static int count_of(llmp_event event, int code) {
    int count = 0;
    for (int i = 0; i < events.count; i++) {
        count += events.items[i].event == event && events.items[i].code == code;
    }
    return count;
}

static llmp_broker *new_broker(llmp_broker_options options) {
    events.count = 0;
    options.provider = llmp_shmem_provider_find("sysv");
    options.on_event = note;
    llmp_broker *broker;
    assert_ok(llmp_broker_new(&options, &broker));
    return broker;
}

struct member {
    llmp_sender *tx;
    llmp_receiver *rx;
    uint32_t id;
};

static llmp_receiver *open_broadcast(const llmp_shmem_desc *desc) {
    llmp_receiver_options options = {.provider = llmp_shmem_provider_find("sysv"), .joined = true};
    llmp_receiver *receiver;
    assert_ok(llmp_receiver_new(desc, &options, &receiver));
    return receiver;
}

static struct member join(llmp_broker *broker) {
    struct member member = {.tx = test_sender((llmp_sender_options){.page_size = MAP})};
    llmp_shmem_desc channel = llmp_sender_describe(member.tx);
    llmp_shmem_desc broadcast;
    int64_t id = llmp_broker_register(broker, &channel, &broadcast);
    assert_true(id >= 0);
    member.id = (uint32_t)id;
    llmp_sender_rename(member.tx, member.id);
    member.rx = open_broadcast(&broadcast);
    return member;
}

static void go(struct member *member) {
    llmp_receiver_free(member->rx);
    (void)llmp_sender_free(member->tx, LLMP_TRY);
}

static void settle(llmp_broker *broker) {
    for (int quiet = 0; quiet < 50; quiet++) {
        if (llmp_broker_once(broker) != 0) {
            quiet = 0;
        }
    }
}

static llmp_broker_stats stats_of(const llmp_broker *broker) {
    llmp_broker_stats stats;
    llmp_broker_stats_get(broker, &stats);
    return stats;
}

static void expect_text(llmp_receiver *rx, uint32_t sender, uint32_t tag, const char *text) {
    llmp_message message;
    assert_ok(llmp_recv(rx, &message, LLMP_TRY));
    assert_int_equal(message.sender, sender);
    assert_int_equal(message.tag, tag);
    assert_int_equal(message.length, strlen(text));
    assert_memory_equal(message.payload, text, message.length);
}

static void expect_nothing(llmp_receiver *rx) {
    llmp_message message;
    assert_rc(llmp_recv(rx, &message, LLMP_TRY), -EAGAIN);
}

/* ---------------------------------------------------------------- forwarding */

static void BROKER_1_everybody_sees_everything(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){0});
    struct member a = join(broker);
    struct member b = join(broker);
    assert_ok(llmp_send(a.tx, 7, LLMP_FLAG_COMPRESSED, "one", 3, LLMP_TRY));
    assert_ok(llmp_send(b.tx, 8, 0, "", 0, LLMP_TRY));
    settle(broker);
    const struct member *members[] = {&a, &b};
    for (int i = 0; i < 2; i++) {
        llmp_message message;
        assert_ok(llmp_recv(members[i]->rx, &message, LLMP_TRY));
        assert_int_equal(message.sender, a.id);
        assert_int_equal(message.flags, LLMP_FLAG_COMPRESSED);
        assert_memory_equal(message.payload, "one", 3);
        expect_text(members[i]->rx, b.id, 8, "");
        expect_nothing(members[i]->rx);
    }
    go(&a);
    go(&b);
    llmp_broker_free(broker, LLMP_TRY);
}

static void BROKER_2_ids_count_up_and_are_never_given_twice(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){0});
    assert_int_equal(llmp_broker_take_id(broker), 0);
    for (uint32_t i = 1; i < 5; i++) {
        struct member member = join(broker);
        assert_int_equal(member.id, i);
        assert_ok(llmp_broker_remove(broker, i));
        settle(broker);
        go(&member);
    }
    assert_rc(llmp_broker_remove(broker, 1), -LLMP_E_NO_CLIENT);
    llmp_broker_free(broker, LLMP_TRY);
}

/* The slot holds buf_len bytes and zeros or older broadcasts behind them: nothing of the client's page. */
static void BROKER_3_nothing_leaks_from_behind_the_message(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){0});
    struct member a = join(broker);
    llmp_shmem_desc own = llmp_sender_describe(a.tx);
    struct test_view view = test_view_open(&own);
    void *payload;
    assert_ok(llmp_sender_alloc(a.tx, 200, LLMP_TRY, &payload));
    memset(payload, 'S', 200);
    assert_ok(llmp_sender_shrink(a.tx, 3));
    test_slot(&view, 48)->buf_len_padded = 40;
    assert_ok(llmp_sender_commit(a.tx, 1, 0));
    settle(broker);
    llmp_message message;
    assert_ok(llmp_recv(a.rx, &message, LLMP_TRY));
    const char *bytes = message.payload;
    assert_memory_equal(bytes, "SSS", 3);
    for (size_t i = 3; i < 40; i++) {
        assert_int_equal(bytes[i], 0);
    }
    test_view_close(&view);
    go(&a);
    llmp_broker_free(broker, LLMP_TRY);
}

/* The sender field of a forwarded message is the channel's, whatever its client wrote there. */
static void BROKER_3_a_client_cannot_speak_for_another(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){0});
    struct member a = join(broker);
    struct member b = join(broker);
    void *payload;
    assert_ok(llmp_sender_alloc(a.tx, 0, LLMP_TRY, &payload));
    assert_ok(llmp_sender_commit_as(a.tx, b.id, 1, 0));
    settle(broker);
    expect_text(b.rx, a.id, 1, "");
    go(&a);
    go(&b);
    llmp_broker_free(broker, LLMP_TRY);
}

/* ---------------------------------------------------------------- messages of the protocol itself */

static void send_control(llmp_sender *sender, uint32_t tag, const void *bytes, size_t length) {
    void *payload;
    assert_ok(llmp_sender_alloc(sender, length, LLMP_TRY, &payload));
    if (length != 0) {
        memcpy(payload, bytes, length);
    }
    assert_ok(llmp_sender_commit_as(sender, 0, tag, 0));
}

static void BROKER_4_client_exit_removes_its_sender_alone(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){0});
    struct member a = join(broker);
    struct member b = join(broker);
    struct member c = join(broker);
    uint32_t words[2] = {a.id, 0xFFFFFFFF};
    assert_ok(llmp_send(a.tx, 5, 0, "last words", 10, LLMP_TRY));
    send_control(a.tx, LLMP_TAG_CLIENT_EXIT, words, sizeof words);
    words[0] = b.id;
    send_control(c.tx, LLMP_TAG_CLIENT_EXIT, words, sizeof words);
    settle(broker);
    expect_text(b.rx, a.id, 5, "last words");
    expect_nothing(b.rx);
    assert_int_equal(stats_of(broker).clients_now, 1);
    assert_int_equal(count_of(LLMP_EVENT_CLIENT_LEFT, 0), 1);
    assert_int_equal(count_of(LLMP_EVENT_CLIENT_REMOVED, -LLMP_E_CLIENT_FORGED), 1);
    go(&a);
    go(&b);
    go(&c);
    llmp_broker_free(broker, LLMP_TRY);
}

static void BROKER_4_exiting_removes_the_sender(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){0});
    struct member a = join(broker);
    assert_ok(llmp_send(a.tx, 5, 0, "x", 1, LLMP_TRY));
    assert_ok(llmp_sender_exit(a.tx, LLMP_TRY));
    settle(broker);
    assert_int_equal(stats_of(broker).clients_now, 0);
    assert_int_equal(stats_of(broker).forwarded, 1);
    assert_int_equal(count_of(LLMP_EVENT_CLIENT_LEFT, 0), 1);
    go(&a);
    llmp_broker_free(broker, LLMP_TRY);
}

static void BROKER_4_slow_receiver_is_not_forwarded(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){0});
    struct member a = join(broker);
    send_control(a.tx, LLMP_TAG_SLOW_RECEIVER, NULL, 0);
    settle(broker);
    expect_nothing(a.rx);
    assert_int_equal(stats_of(broker).clients_now, 1);
    go(&a);
    llmp_broker_free(broker, LLMP_TRY);
}

static void BROKER_4_new_shm_client_registers_a_channel(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){0});
    struct member a = join(broker);
    llmp_sender *other = test_sender((llmp_sender_options){.page_size = MAP});
    uint64_t payload[4];
    llmp_shmem_desc desc = llmp_sender_describe(other);
    llmp_eop_write(payload, &desc);
    send_control(a.tx, LLMP_TAG_NEW_SHM_CLIENT, payload, sizeof payload);
    assert_ok(llmp_send(other, 3, 0, "hi", 2, LLMP_TRY));
    settle(broker);
    expect_text(a.rx, a.id + 1, 3, "hi");
    assert_int_equal(stats_of(broker).clients_now, 2);
    (void)llmp_sender_free(other, LLMP_TRY);
    go(&a);
    llmp_broker_free(broker, LLMP_TRY);
}

/* Each of these took a published broker down for all its clients. Here the offender goes, at most. */
static void hostile_clients_cost_nobody_else_anything(void **state) {
    (void)state;
    static const struct {
        uint32_t tag;
        uint64_t length, padded;
        int code;
    } cases[] = {
        {LLMP_TAG_UNSET, 0, 40, -LLMP_E_MSG_UNSET},
        {LLMP_TAG_UNINITIALIZED, 0, 40, -LLMP_E_MSG_UNINITIALIZED},
        {LLMP_TAG_END_OF_PAGE, 31, 32, -LLMP_E_EOP_LENGTH},
        {LLMP_TAG_END_OF_PAGE, 32, 32, -LLMP_E_SIZE_ZERO},
        {LLMP_TAG_EXITING, 8, 40, -LLMP_E_MSG_EXITING},
        {LLMP_TAG_NEW_SHM_CLIENT, 31, 40, -LLMP_E_EOP_LENGTH},
        {LLMP_TAG_CLIENT_EXIT, 4, 40, -LLMP_E_MSG_LENGTH},
        {1, (uint64_t)64 << 20, 40, -LLMP_E_MSG_LENGTH},
        {1, UINT64_MAX, UINT64_MAX, -LLMP_E_MSG_BOUNDS},
        {1, 8, MAP, -LLMP_E_MSG_BOUNDS},
        {1, 8, 41, -LLMP_E_MSG_ALIGN},
    };
    llmp_broker *broker = new_broker((llmp_broker_options){0});
    struct member good = join(broker);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct member bad = join(broker);
        llmp_shmem_desc desc = llmp_sender_describe(bad.tx);
        struct test_view view = test_view_open(&desc);
        *test_slot(&view, 48) = (struct llmp_slot){
            .tag = cases[i].tag, .message_id = 1, .buf_len = cases[i].length, .buf_len_padded = cases[i].padded};
        view.page->current_msg_id = 1;
        settle(broker);
        assert_int_equal(count_of(LLMP_EVENT_CLIENT_REMOVED, cases[i].code) > 0, 1);
        events.count = 0;
        assert_ok(llmp_send(good.tx, 1, 0, "still here", 10, LLMP_TRY));
        settle(broker);
        expect_text(good.rx, good.id, 1, "still here");
        assert_int_equal(stats_of(broker).clients_now, 1);
        test_view_close(&view);
        go(&bad);
    }
    go(&good);
    llmp_broker_free(broker, LLMP_TRY);
}

static void hostile_descriptions_are_refused(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){.max_clients = 1});
    llmp_shmem_desc desc = {.size = MAP};
    llmp_shmem_desc broadcast;
    assert_ok(llmp_shmem_id_set(&desc.id, "abc"));
    assert_rc((int)llmp_broker_register(broker, &desc, &broadcast), -LLMP_E_ID_NOT_A_NUMBER);
    assert_ok(llmp_shmem_id_set(&desc.id, "2147483647"));
    assert_rc((int)llmp_broker_register(broker, &desc, &broadcast), -LLMP_E_NO_SEGMENT);
    struct member only = join(broker);
    desc = llmp_sender_describe(only.tx);
    assert_rc((int)llmp_broker_register(broker, &desc, &broadcast), -LLMP_E_CLIENTS_FULL);
    go(&only);
    llmp_broker_free(broker, LLMP_TRY);
}

/* ---------------------------------------------------------------- hooks */

static llmp_verdict hook(void *context, llmp_broker *broker, llmp_routed *message) {
    static char text[] = "changed";
    int *calls = context;
    (*calls)++;
    switch (message->tag) {
    case 1: return LLMP_HANDLED;
    case 2:
        message->tag = 20;
        message->flags = LLMP_FLAG_FROM_MM;
        message->payload = text;
        message->length = 7;
        return LLMP_FORWARD;
    case 3: assert_ok(llmp_broker_send(broker, 30, 0, "added", 5)); return LLMP_FORWARD;
    case 4: message->tag = LLMP_TAG_EXITING; return LLMP_FORWARD;
    default: return LLMP_FORWARD;
    }
}

static void BROKER_4_hooks_handle_change_and_add(void **state) {
    (void)state;
    int calls = 0;
    llmp_broker *broker = new_broker((llmp_broker_options){.hook = hook, .hook_context = &calls});
    (void)llmp_broker_take_id(broker);
    struct member a = join(broker);
    for (uint32_t tag = 1; tag <= 5; tag++) {
        assert_ok(llmp_send(a.tx, tag, 0, "text", 4, LLMP_TRY));
    }
    settle(broker);
    assert_int_equal(calls, 5);
    expect_text(a.rx, a.id, 20, "changed");
    expect_text(a.rx, 0, 30, "added");
    expect_text(a.rx, a.id, 3, "text");
    expect_text(a.rx, a.id, 5, "text");
    expect_nothing(a.rx);
    assert_int_equal(stats_of(broker).handled, 2);
    go(&a);
    llmp_broker_free(broker, LLMP_TRY);
}

/* A message that has to wait for room went through the hook already, and must not go through it again. */
static void hooks_see_a_message_once(void **state) {
    (void)state;
    int calls = 0;
    llmp_broker *broker = new_broker((llmp_broker_options){
        .page_size = MAP, .history = 2, .slow_client_ns = LLMP_SECONDS(1000), .hook = hook, .hook_context = &calls});
    struct member a = join(broker);
    int sent = 0;
    for (; sent < 20; sent++) {
        assert_ok(test_send_number(a.tx, (uint64_t)sent + 100, BIG, LLMP_TRY));
    }
    settle(broker);
    assert_int_equal(calls, 7);
    for (int i = 0; i < sent; i++) {
        test_expect_number(a.rx, (uint64_t)i + 100, BIG, LLMP_TRY);
        settle(broker);
    }
    assert_int_equal(calls, sent);
    go(&a);
    llmp_broker_free(broker, LLMP_TRY);
}

/* ---------------------------------------------------------------- history, slow clients, vanished clients */

static void late_clients_see_history(void **state) {
    (void)state;
    const uint32_t histories[] = {LLMP_HISTORY_ALL, 3};
    const uint64_t first[] = {0, 93};
    for (int h = 0; h < 2; h++) {
        llmp_broker *broker = new_broker((llmp_broker_options){.page_size = MAP, .history = histories[h]});
        struct member a = join(broker);
        for (uint64_t i = 0; i < 100; i++) {
            assert_ok(test_send_number(a.tx, i, BIG, LLMP_TRY));
            settle(broker);
            test_expect_number(a.rx, i, BIG, LLMP_TRY);
        }
        struct member late = join(broker);
        for (uint64_t i = first[h]; i < 100; i++) {
            test_expect_number(late.rx, i, BIG, LLMP_TRY);
        }
        expect_nothing(late.rx);
        go(&a);
        go(&late);
        llmp_broker_free(broker, LLMP_TRY);
    }
}

/* Memory stays bounded, the others go on, and whoever does not read is told that it was cut off. */
static void a_client_that_never_reads_is_cut_off(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){.page_size = MAP, .history = 4, .slow_client_ns = 1});
    struct member reader = join(broker);
    struct member sleeper = join(broker);
    for (uint64_t i = 0; i < 300; i++) {
        assert_ok(test_send_number(reader.tx, i, BIG, LLMP_TRY));
        settle(broker);
        test_expect_number(reader.rx, i, BIG, LLMP_TRY);
    }
    assert_true(count_of(LLMP_EVENT_CUT_OFF, -ETIMEDOUT) > 10);
    assert_true(stats_of(broker).broadcast.pages_live <= 4);
    llmp_message message;
    int rc;
    do {
        rc = llmp_recv(sleeper.rx, &message, LLMP_TRY);
    } while (rc == 0);
    assert_rc(rc, -LLMP_E_EOP_GONE);
    go(&reader);
    go(&sleeper);
    llmp_broker_free(broker, LLMP_TRY);
}

/* One hangs and was given up on. That is no reason to cut off another one, which merely took a break. */
static void a_hung_client_takes_nothing_from_the_others(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){.page_size = MAP, .history = 4, .slow_client_ns = 1});
    struct member reader = join(broker);
    struct member hung = join(broker);
    uint64_t sent = 0;
    while (count_of(LLMP_EVENT_CUT_OFF, -ETIMEDOUT) == 0) {
        assert_ok(test_send_number(reader.tx, sent, BIG, LLMP_TRY));
        settle(broker);
        test_expect_number(reader.rx, sent++, BIG, LLMP_TRY);
    }
    broker->options.slow_client_ns = LLMP_SECONDS(1000);
    int cuts = events.count;
    for (int round = 0; round < 20; round++) {
        uint64_t read = sent;
        while (!broker->pending.is) {
            assert_ok(test_send_number(reader.tx, sent++, BIG, LLMP_TRY));
            settle(broker);
        }
        assert_true(sent - read > 6);
        for (; read < sent; read++) {
            test_expect_number(reader.rx, read, BIG, LLMP_TRY);
            settle(broker);
        }
    }
    assert_true(events.count > cuts);
    go(&reader);
    go(&hung);
    llmp_broker_free(broker, LLMP_TRY);
}

static void a_client_that_left_is_not_waited_for(void **state) {
    (void)state;
    llmp_broker *broker =
        new_broker((llmp_broker_options){.page_size = MAP, .history = 2, .slow_client_ns = LLMP_SECONDS(1000)});
    struct member stays = join(broker);
    struct member leaves = join(broker);
    assert_ok(llmp_sender_exit(leaves.tx, LLMP_TRY));
    for (uint64_t i = 0; i < 100; i++) {
        assert_ok(test_send_number(stays.tx, i, BIG, LLMP_TRY));
        settle(broker);
        test_expect_number(stays.rx, i, BIG, LLMP_TRY);
    }
    go(&stays);
    go(&leaves);
    llmp_broker_free(broker, LLMP_TRY);
}

/* A busy channel is looked at every 20 µs or so; one that is about to be removed has to be looked at now. */
static void what_a_busy_client_sent_before_it_was_removed_is_forwarded(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){0});
    struct member a = join(broker);
    uint64_t sent = 0;
    for (int burst = 0; burst < 200; burst++) {
        for (int i = 0; i < 20; i++) {
            assert_ok(test_send_number(a.tx, sent++, 8, LLMP_TRY));
        }
        assert_true(llmp_broker_once(broker) >= 0);
    }
    assert_ok(llmp_broker_remove(broker, a.id));
    settle(broker);
    assert_int_equal(stats_of(broker).forwarded, sent);
    go(&a);
    llmp_broker_free(broker, LLMP_TRY);
}

static void back_pressure_reaches_the_sender(void **state) {
    (void)state;
    llmp_broker *broker =
        new_broker((llmp_broker_options){.page_size = MAP, .history = 2, .slow_client_ns = LLMP_SECONDS(1000)});
    struct member a = {.tx = test_sender((llmp_sender_options){.page_size = MAP, .max_pages = 2})};
    llmp_shmem_desc channel = llmp_sender_describe(a.tx);
    llmp_shmem_desc broadcast;
    assert_true(llmp_broker_register(broker, &channel, &broadcast) >= 0);
    a.rx = open_broadcast(&broadcast);
    uint64_t sent = 0;
    while (sent < 1000 && test_send_number(a.tx, sent, BIG, LLMP_TRY) == 0) {
        sent++;
        settle(broker);
    }
    assert_true(sent < 20);
    for (uint64_t i = 0; i < sent; i++) {
        test_expect_number(a.rx, i, BIG, LLMP_TRY);
        settle(broker);
    }
    assert_ok(test_send_number(a.tx, sent, BIG, LLMP_TRY));
    go(&a);
    llmp_broker_free(broker, LLMP_TRY);
}

static void clients_that_vanish_are_removed(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){.vanish_ns = 1});
    struct member a = join(broker);
    struct member b = join(broker);
    assert_ok(llmp_send(a.tx, 1, 0, "before", 6, LLMP_TRY));
    go(&a); /* without a word: as if it had been killed */
    while (stats_of(broker).clients_now == 2) {
        assert_true(llmp_broker_once(broker) >= 0);
    }
    assert_int_equal(count_of(LLMP_EVENT_CLIENT_REMOVED, -LLMP_E_CLIENT_VANISHED), 1);
    expect_text(b.rx, a.id, 1, "before");
    go(&b);
    llmp_broker_free(broker, LLMP_TRY);
}

/* LibAFL's clients mark no segment for removal: one that is killed leaves it in the kernel (ID-4). */
static void what_a_killed_creator_left_is_removed(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){.vanish_ns = 1});
    int id = shmget(IPC_PRIVATE, MAP, IPC_CREAT | 0600);
    assert_true(id >= 0);
    void *page = shmat(id, NULL, 0);
    llmp_page_init(page, MAP, 1, 0);
    llmp_shmem_desc channel = {.size = MAP};
    (void)snprintf(channel.id.bytes, sizeof channel.id.bytes, "%d", id);
    llmp_shmem_desc broadcast;
    assert_true(llmp_broker_register(broker, &channel, &broadcast) >= 0);
    settle(broker);
    assert_int_equal(stats_of(broker).clients_now, 1);
    (void)shmdt(page);
    while (stats_of(broker).clients_now == 1) {
        assert_true(llmp_broker_once(broker) >= 0);
    }
    struct shmid_ds segment;
    assert_int_equal(shmctl(id, IPC_STAT, &segment), -1);
    llmp_broker_free(broker, LLMP_TRY);
}

/* ---------------------------------------------------------------- running and stopping */

static void BROKER_5_exit_after_all_came_and_went(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){.exit_after = 2});
    struct member a = join(broker);
    struct member b = join(broker);
    assert_ok(llmp_send(a.tx, 1, 0, "x", 1, LLMP_TRY));
    assert_ok(llmp_sender_exit(a.tx, LLMP_TRY));
    assert_ok(llmp_sender_exit(b.tx, LLMP_TRY));
    assert_ok(llmp_broker_run(broker));
    expect_text(b.rx, a.id, 1, "x");
    llmp_message message;
    assert_rc(llmp_recv(b.rx, &message, LLMP_TRY), -LLMP_E_CLOSED);
    go(&a);
    go(&b);
    llmp_broker_free(broker, LLMP_TRY);
}

static llmp_broker *to_stop;

static void stop_it(int number) {
    (void)number;
    llmp_broker_stop(to_stop);
}

static void BROKER_5_stop_from_a_signal_handler(void **state) {
    (void)state;
    llmp_broker *broker = new_broker((llmp_broker_options){0});
    struct member a = join(broker);
    assert_ok(llmp_send(a.tx, 1, 0, "x", 1, LLMP_TRY));
    to_stop = broker;
    struct sigaction action = {.sa_handler = stop_it};
    struct sigaction before;
    (void)sigaction(SIGUSR1, &action, &before);
    (void)raise(SIGUSR1);
    assert_ok(llmp_broker_run(broker));
    (void)sigaction(SIGUSR1, &before, NULL);
    expect_text(a.rx, a.id, 1, "x");
    llmp_message message;
    assert_rc(llmp_recv(a.rx, &message, LLMP_TRY), -LLMP_E_CLOSED);
    go(&a);
    llmp_broker_free(broker, LLMP_TRY);
}

static void several_brokers_in_one_process(void **state) {
    (void)state;
    llmp_broker *brokers[4];
    struct member members[4];
    for (uint32_t i = 0; i < 4; i++) {
        brokers[i] = new_broker((llmp_broker_options){0});
        members[i] = join(brokers[i]);
        assert_ok(llmp_send(members[i].tx, i + 1, 0, "", 0, LLMP_TRY));
    }
    for (uint32_t i = 0; i < 4; i++) {
        settle(brokers[i]);
        expect_text(members[i].rx, members[i].id, i + 1, "");
        expect_nothing(members[i].rx);
        go(&members[i]);
        llmp_broker_free(brokers[i], LLMP_TRY);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(BROKER_1_everybody_sees_everything),
        cmocka_unit_test(BROKER_2_ids_count_up_and_are_never_given_twice),
        cmocka_unit_test(BROKER_3_nothing_leaks_from_behind_the_message),
        cmocka_unit_test(BROKER_3_a_client_cannot_speak_for_another),
        cmocka_unit_test(BROKER_4_client_exit_removes_its_sender_alone),
        cmocka_unit_test(BROKER_4_exiting_removes_the_sender),
        cmocka_unit_test(BROKER_4_slow_receiver_is_not_forwarded),
        cmocka_unit_test(BROKER_4_new_shm_client_registers_a_channel),
        cmocka_unit_test(hostile_clients_cost_nobody_else_anything),
        cmocka_unit_test(hostile_descriptions_are_refused),
        cmocka_unit_test(BROKER_4_hooks_handle_change_and_add),
        cmocka_unit_test(hooks_see_a_message_once),
        cmocka_unit_test(late_clients_see_history),
        cmocka_unit_test(a_client_that_never_reads_is_cut_off),
        cmocka_unit_test(a_hung_client_takes_nothing_from_the_others),
        cmocka_unit_test(what_a_killed_creator_left_is_removed),
        cmocka_unit_test(a_client_that_left_is_not_waited_for),
        cmocka_unit_test(what_a_busy_client_sent_before_it_was_removed_is_forwarded),
        cmocka_unit_test(back_pressure_reaches_the_sender),
        cmocka_unit_test(clients_that_vanish_are_removed),
        cmocka_unit_test(BROKER_5_exit_after_all_came_and_went),
        cmocka_unit_test(BROKER_5_stop_from_a_signal_handler),
        cmocka_unit_test(several_brokers_in_one_process),
    };
    return cmocka_run_group_tests_name("broker", tests, NULL, NULL);
}
