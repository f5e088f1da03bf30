/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Clients that join and leave, the broker's shutdown, and its hooks (SPEC.md, section 9). */
#include <string.h>
#include <unistd.h>

#include "suite/cases/sections.h"
#include "suite/kit/broker_fixture.h"

enum { HOOK_TAG = 0xB40D };

static void send_large(struct lc_case *c, struct lc_raw_client *client, uint64_t length, uint64_t seed) {
    lc_raw_client_send(c, client, LC_FIXTURE_TAG, length, seed);
}

/* ---------------------------------------------------------------- joining and leaving */

static void counters_of_client_page(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    uint8_t *page = client->out->map->base;
    lc_check_within(c, lc_is_joined, page, 5000, "the broker joins the client's page", "receivers_joined_count is 0");
    lc_check_u64(c, "receivers_joined_count", 1, lc_get16(page, LC_PAGE_JOINED));
    lc_check_u64(c, "sender_id of the client's page:", client->id, lc_get32(page, LC_PAGE_SENDER_ID));
    lc_raw_client_exit(client, client->id);
    lc_check_within(c, lc_is_left, page, 5000, "the broker leaves the page of a client that left",
                    "receivers_left_count is 0");
    lc_check_u64(c, "receivers_left_count", 1, lc_get16(page, LC_PAGE_LEFT));
}

static void last_messages(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *reader = lc_fixture_connect(c, &fixture);
    for (int round = 0; round < 5; round++) {
        struct lc_raw_client *leaving = lc_fixture_connect(c, &fixture);
        for (uint64_t i = 0; i < 300; i++) {
            lc_fixture_send(leaving, 50, i);
        }
        lc_raw_client_exit(leaving, leaving->id);
        for (uint64_t i = 0; i < 300; i++) {
            lc_fixture_expect(c, reader, leaving->id, 50, i);
        }
    }
}

/* The broker may receive ClientQuit before it has read all messages that were sent earlier. */
static void last_messages_before_quit(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *reader = lc_fixture_connect(c, &fixture);
    for (int round = 0; round < 5; round++) {
        struct lc_raw_client *leaving = lc_fixture_connect(c, &fixture);
        uint8_t body[16];
        struct lc_tcp_message quit = {.kind = LC_CLIENT_QUIT, .id = leaving->id};
        size_t length = lc_request_encode(body, sizeof body, &quit);
        int socket = lc_raw_connect(c, fixture.port, NULL);
        for (uint64_t i = 0; i < 2000; i++) {
            lc_fixture_send(leaving, 50, i);
        }
        (void)lc_frame_write(socket, body, length, 1000);
        int rc = lc_wait_hangup(socket, 5000);
        lc_check(c, rc == 0, "the broker closes the connection", "%s", strerror(-rc));
        (void)close(socket);
        for (uint64_t i = 0; i < 2000; i++) {
            lc_fixture_expect(c, reader, leaving->id, 50, i);
        }
    }
}

static void late_client(struct lc_case *c) {
    enum { BEFORE = 200, LENGTH = 20000 }; /* four pages */
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *early = lc_fixture_connect(c, &fixture);
    for (uint64_t i = 0; i < BEFORE; i++) {
        send_large(c, early, LENGTH, i);
        lc_fixture_expect(c, early, early->id, LENGTH, i);
    }
    struct lc_raw_client *late = lc_fixture_connect(c, &fixture);
    lc_fixture_send(early, 100, BEFORE);
    for (uint64_t i = 0; i < BEFORE; i++) {
        lc_fixture_expect(c, late, early->id, LENGTH, i);
    }
    lc_fixture_expect(c, late, early->id, 100, BEFORE);
}

/* No client joins the first broadcast page, because it was joined on its behalf (TCP-2). */
static void broker_without_history(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open_with(c, json_pack("{s:b}", "keep_pages", 0));
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    for (uint64_t m = 0; m < 60; m++) {
        send_large(c, client, 300000, m);
        lc_fixture_expect(c, client, client->id, 300000, m);
    }
}

/* One client reads; three others stay on the first page. */
static void clients_that_do_not_read(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *reader = lc_fixture_connect(c, &fixture);
    for (int i = 0; i < 3; i++) {
        (void)lc_fixture_connect(c, &fixture);
    }
    for (uint64_t m = 0; m < 300; m++) {
        send_large(c, reader, 300000, m);
        lc_fixture_expect(c, reader, reader->id, 300000, m);
    }
}

/* Returns the size of the process's address space in bytes, which includes its maps. */
static uint64_t address_space(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "re");
    unsigned long pages = 0;
    if (file == NULL || fscanf(file, "%lu", &pages) != 1) {
        pages = 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return (uint64_t)pages * 4096;
}

static void bounded_memory(struct lc_case *c) {
    enum { MESSAGES = 1200, LENGTH = 450000 };
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    uint64_t half = 0;
    for (uint64_t m = 0; m < MESSAGES; m++) {
        if (!lc_writer_fits(client->out, LENGTH)) {
            struct lc_map old = *client->out->map;
            lc_writer_turn_page(client->out, lc_new_map(c, LC_PAGE_DEFAULT));
            lc_check_within(c, lc_is_left, old.base, 5000, "the broker leaves a page that it has read",
                            "receivers_left_count is 0");
        }
        lc_fixture_send(client, LENGTH, m);
        lc_fixture_expect(c, client, client->id, LENGTH, m);
        half = m == MESSAGES / 2 ? address_space(lc_actor_pid(fixture.broker)) : half;
    }
    uint64_t end = address_space(lc_actor_pid(fixture.broker));
    lc_check(c, end < half + (UINT64_C(64) << 20), "after 540 MB at most 64 MB more memory than after 270 MB",
             "%d MB, and %d MB before", (int)(end >> 20), (int)(half >> 20));
}

/* ---------------------------------------------------------------- shutdown */

static void expect_exiting(struct lc_case *c, struct lc_raw_client *client) {
    struct lc_message message;
    lc_next_message(c, client->in, &message);
    lc_check(c, message.tag == LC_TAG_EXITING, "EXITING", "tag 0x%08x", message.tag);
    lc_check_u64(c, "length of EXITING", 0, message.length);
}

static void sends_exiting(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    for (uint64_t i = 0; i < 100; i++) {
        lc_fixture_send(client, 40, i);
    }
    for (uint64_t i = 0; i < 100; i++) {
        lc_fixture_expect(c, client, client->id, 40, i);
    }
    lc_call(c, fixture.broker, "broker.stop", "{}");
    expect_exiting(c, client);
}

static void client_receives_exiting(struct lc_case *c) {
    struct lc_broker_fixture fixture = lc_fixture_open(c);
    struct lc_actor *client = lc_spawn(c, "client");
    lc_connect_client(c, client, fixture.port);
    lc_call(c, fixture.broker, "broker.stop", "{}");
    lc_expect_recv_exiting(c, client, 5000);
}

static void exit_after(struct lc_case *c) {
    lc_require_option(c, "exit_after");
    struct lc_broker_fixture fixture = lc_fixture_open_with(c, json_pack("{s:i}", "exit_after", 2));
    struct lc_raw_client *one = lc_fixture_connect(c, &fixture);
    lc_raw_client_exit(one, one->id);
    struct lc_raw_client *other = lc_fixture_connect(c, &fixture);
    lc_fixture_send(other, 10, 1);
    lc_fixture_expect(c, other, other->id, 10, 1);
    lc_raw_client_exit(other, other->id);
    lc_call(c, fixture.broker, "broker.wait", "{s:i}", "timeout_ms", 10000);
    expect_exiting(c, other);
}

/* ---------------------------------------------------------------- hooks */

static struct lc_broker_fixture open_with_hook(struct lc_case *c, const char *action, int64_t value) {
    lc_require_option(c, "hooks");
    return lc_fixture_open_with(
        c, json_pack("{s:[{s:i, s:s, s:I}]}", "hooks", "tag", HOOK_TAG, "do", action, "value", (json_int_t)value));
}

static void hook_handles(struct lc_case *c) {
    struct lc_broker_fixture fixture = open_with_hook(c, "handled", 0);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    for (uint64_t i = 0; i < 10; i++) {
        lc_writer_send(client->out, HOOK_TAG, 0, 30, i);
        lc_fixture_send(client, 30, i);
        lc_fixture_expect(c, client, client->id, 30, i);
    }
}

static void hook_changes(struct lc_case *c) {
    struct lc_broker_fixture fixture = open_with_hook(c, "tag", 4711);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    lc_writer_send(client->out, HOOK_TAG, 5, 30, 1);
    lc_raw_client_expect(c, client, 4711, client->id, 5, 30, 1);
    fixture = open_with_hook(c, "flags", 12);
    client = lc_fixture_connect(c, &fixture);
    lc_writer_send(client->out, HOOK_TAG, 5, 30, 2);
    lc_raw_client_expect(c, client, HOOK_TAG, client->id, 12, 30, 2);
}

static void hook_adds(struct lc_case *c) {
    struct lc_broker_fixture fixture = open_with_hook(c, "add", 4712);
    struct lc_raw_client *client = lc_fixture_connect(c, &fixture);
    lc_writer_send(client->out, HOOK_TAG, 0, 30, 1);
    bool forwarded = false;
    bool added = false;
    for (int i = 0; i < 2; i++) {
        struct lc_message message;
        lc_next_message(c, client->in, &message);
        forwarded = forwarded || (message.tag == HOOK_TAG && message.length == 30);
        added = added || (message.tag == 4712 && message.length == 0);
    }
    lc_check(c, forwarded && added, "the client's message and the hook's message", "no message of the %s",
             forwarded ? "hook" : "client");
}

const struct lc_case_def lc_broker_life_cases[] = {
    {"BROKER-6/joins-and-leaves", "the counters and the sender_id of a client's page", "broker", LC_NAMED_PROVIDERS,
     counters_of_client_page, 0, false},
    {"BROKER-11/last-words", "300 messages before CLIENT_EXIT are forwarded", "broker", LC_NAMED_PROVIDERS,
     last_messages, 0, false},
    {"BROKER-11/last-words-by-tcp", "2000 messages before ClientQuit are forwarded", "broker", LC_NAMED_PROVIDERS,
     last_messages_before_quit, 0, false},
    {"BROKER-17/late", "a late client gets the messages from the first page on", "broker", LC_NAMED_PROVIDERS,
     late_client, 0, false},
    {"BROKER-16/some-do-not-read", "90 MB are forwarded although three clients do not read", "broker",
     LC_NAMED_PROVIDERS, clients_that_do_not_read, 60, false},
    {"BROKER-15/pages-let-go", "twenty pages through a broker that keeps none", "broker", LC_NAMED_PROVIDERS,
     broker_without_history, 60, false},
    {"BROKER-15/bounded", "the broker's memory is bounded while it forwards 540 MB", "broker", LC_NAMED_PROVIDERS,
     bounded_memory, 60, false},
    {"BROKER-5/exiting", "EXITING is the last message of the broadcast", "broker", LC_NAMED_PROVIDERS, sends_exiting, 0,
     false},
    {"BROKER-5/client", "a client receives the end of the broadcast", "broker client", LC_NAMED_PROVIDERS,
     client_receives_exiting, 0, false},
    {"BROKER-20/exit-after", "a broker exits after two clients have joined and left", "broker", LC_NAMED_PROVIDERS,
     exit_after, 0, false},
    {"BROKER-19/handled", "a hook prevents that messages are forwarded", "broker", LC_NAMED_PROVIDERS, hook_handles, 0,
     false},
    {"BROKER-19/changed", "a hook changes tag and flags", "broker", LC_NAMED_PROVIDERS, hook_changes, 0, false},
    {"BROKER-19/added", "a hook adds a message", "broker", LC_NAMED_PROVIDERS, hook_adds, 0, false},
    {0},
};
