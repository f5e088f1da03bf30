/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broker's clients come and go, its end, and its hooks (SPEC.md, section 9). */
#include <string.h>
#include <unistd.h>

#include "suite/cases/sections.h"
#include "suite/kit/broker_fixture.h"

enum { HOOKED = 0xB40D };

/* ---------------------------------------------------------------- coming and going */

static void joins_and_leaves(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &scene);
    uint8_t *page = client->out->map->base;
    lc_check(c, lc_wait_until(lc_is_joined, page, 5000), "that the broker joins a client's page",
             "receivers_joined_count is 0");
    lc_check_u64(c, "receivers_joined_count", 1, lc_get16(page, LC_PAGE_JOINED));
    lc_check_u64(c, "sender_id of the client's page", client->id, lc_get32(page, LC_PAGE_SENDER_ID));
    lc_send_client_exit(client, client->id);
    lc_check(c, lc_wait_until(lc_is_left, page, 5000), "that the broker leaves the page of a client that went",
             "receivers_left_count is 0");
    lc_check_u64(c, "receivers_left_count", 1, lc_get16(page, LC_PAGE_LEFT));
}

static void last_words(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *reader = lc_fixture_connect(c, &scene);
    for (int round = 0; round < 5; round++) {
        struct lc_raw_client *going = lc_fixture_connect(c, &scene);
        for (uint64_t i = 0; i < 300; i++) {
            lc_fixture_send(going, 50, i);
        }
        lc_send_client_exit(going, going->id);
        for (uint64_t i = 0; i < 300; i++) {
            lc_fixture_expect(c, reader, going->id, 50, i);
        }
    }
}

/* The goodbye by TCP may overtake what was sent before it. */
static void last_words_by_tcp(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *reader = lc_fixture_connect(c, &scene);
    for (int round = 0; round < 5; round++) {
        struct lc_raw_client *going = lc_fixture_connect(c, &scene);
        uint8_t body[16];
        struct lc_tcp_message quit = {.kind = LC_CLIENT_QUIT, .id = going->id};
        size_t length = lc_request_encode(body, sizeof body, &quit);
        int socket = lc_raw_connect(c, scene.port, NULL);
        for (uint64_t i = 0; i < 2000; i++) {
            lc_fixture_send(going, 50, i);
        }
        lc_frame_write(socket, body, length, 1000);
        lc_check(c, lc_wait_hangup(socket, 5000) == 0, "a closed connection", "it stays open");
        close(socket);
        for (uint64_t i = 0; i < 2000; i++) {
            lc_fixture_expect(c, reader, going->id, 50, i);
        }
    }
}

static void late_client(struct lc_case *c) {
    enum { BEFORE = 200, LENGTH = 20000 }; /* four pages */
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *early = lc_fixture_connect(c, &scene);
    for (uint64_t i = 0; i < BEFORE; i++) {
        if (!lc_writer_fits(early->out, LENGTH)) {
            lc_writer_turn_page(early->out, lc_new_map(c, LC_PAGE_DEFAULT));
        }
        lc_fixture_send(early, LENGTH, i);
        lc_fixture_expect(c, early, early->id, LENGTH, i);
    }
    struct lc_raw_client *late = lc_fixture_connect(c, &scene);
    lc_fixture_send(early, 100, BEFORE);
    for (uint64_t i = 0; i < BEFORE; i++) {
        lc_fixture_expect(c, late, early->id, LENGTH, i);
    }
    lc_fixture_expect(c, late, early->id, 100, BEFORE);
}

/* A broker that is told to let pages go once they were read: no client ever joined the first one (TCP-2). */
static void pages_let_go(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open_with(c, json_pack("{s:b}", "keep_pages", 0));
    struct lc_raw_client *client = lc_fixture_connect(c, &scene);
    for (uint64_t m = 0; m < 60; m++) {
        if (!lc_writer_fits(client->out, 300000)) {
            lc_writer_turn_page(client->out, lc_new_map(c, LC_PAGE_DEFAULT));
        }
        lc_fixture_send(client, 300000, m);
        lc_fixture_expect(c, client, client->id, 300000, m);
    }
}

/* Nobody reads but one; the others stand on the first page. */
static void some_do_not_read(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *reader = lc_fixture_connect(c, &scene);
    for (int i = 0; i < 3; i++) {
        (void)lc_fixture_connect(c, &scene);
    }
    for (uint64_t m = 0; m < 300; m++) {
        if (!lc_writer_fits(reader->out, 300000)) {
            lc_writer_turn_page(reader->out, lc_new_map(c, LC_PAGE_DEFAULT));
        }
        lc_fixture_send(reader, 300000, m);
        lc_fixture_expect(c, reader, reader->id, 300000, m);
    }
}

static uint64_t resident_and_shared(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "re");
    unsigned long size = 0;
    if (file == NULL || fscanf(file, "%lu", &size) != 1) {
        size = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return (uint64_t)size * 4096;
}

static void bounded_memory(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &scene);
    uint64_t half = 0;
    enum { MESSAGES = 1200, LENGTH = 450000 };
    for (uint64_t m = 0; m < MESSAGES; m++) {
        if (!lc_writer_fits(client->out, LENGTH)) {
            struct lc_map old = *client->out->map;
            lc_writer_turn_page(client->out, lc_new_map(c, LC_PAGE_DEFAULT));
            lc_check(c, lc_wait_until(lc_is_left, old.base, 5000), "that the broker leaves a page it has read",
                     "it stays");
        }
        lc_fixture_send(client, LENGTH, m);
        lc_fixture_expect(c, client, client->id, LENGTH, m);
        half = m == MESSAGES / 2 ? resident_and_shared(lc_actor_pid(scene.broker)) : half;
    }
    uint64_t end = resident_and_shared(lc_actor_pid(scene.broker));
    lc_check(c, end < half + (UINT64_C(64) << 20), "as much memory after 540 MB as after 270 MB", "%d MB and %d MB",
             (int)(end >> 20), (int)(half >> 20));
}

/* ---------------------------------------------------------------- its end */

static void says_exiting(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_raw_client *client = lc_fixture_connect(c, &scene);
    for (uint64_t i = 0; i < 100; i++) {
        lc_fixture_send(client, 40, i);
    }
    lc_fixture_expect(c, client, client->id, 40, 0);
    for (uint64_t i = 1; i < 100; i++) {
        lc_fixture_expect(c, client, client->id, 40, i);
    }
    lc_call(c, scene.broker, "broker.stop", "{}");
    struct lc_message message;
    lc_next_message(c, client->in, &message);
    lc_check(c, message.tag == LC_TAG_EXITING, "EXITING", "tag 0x%08x", message.tag);
    lc_check_u64(c, "its payload", 0, message.length);
}

static void client_sees_the_end(struct lc_case *c) {
    struct lc_broker_fixture scene = lc_fixture_open(c);
    struct lc_actor *client = lc_spawn(c, "client");
    lc_connect_client(c, client, scene.port);
    lc_call(c, scene.broker, "broker.stop", "{}");
    const json_t *reply = lc_call(c, client, "client.recv", "{s:i}", "timeout_ms", 5000);
    lc_check(c, strcmp(lc_field_string(c, reply, "end"), "exiting") == 0, "the channel's end", "%s",
             lc_field_string(c, reply, "end"));
}

static void exit_after(struct lc_case *c) {
    if (!lc_has_option(c, "exit_after")) {
        lc_skip(c, "the option exit_after");
    }
    struct lc_broker_fixture scene = lc_fixture_open_with(c, json_pack("{s:i}", "exit_after", 2));
    struct lc_raw_client *one = lc_fixture_connect(c, &scene);
    lc_send_client_exit(one, one->id);
    struct lc_raw_client *other = lc_fixture_connect(c, &scene);
    lc_fixture_send(other, 10, 1);
    lc_fixture_expect(c, other, other->id, 10, 1);
    lc_send_client_exit(other, other->id);
    lc_call(c, scene.broker, "broker.wait", "{s:i}", "timeout_ms", 10000);
    struct lc_message message;
    lc_next_message(c, other->in, &message);
    lc_check(c, message.tag == LC_TAG_EXITING, "EXITING", "tag 0x%08x", message.tag);
}

/* ---------------------------------------------------------------- hooks */

static struct lc_broker_fixture hooked(struct lc_case *c, const char *action, int64_t value) {
    if (!lc_has_option(c, "hooks")) {
        lc_skip(c, "the option hooks");
    }
    return lc_fixture_open_with(
        c, json_pack("{s:[{s:i, s:s, s:I}]}", "hooks", "tag", HOOKED, "do", action, "value", (json_int_t)value));
}

static void hook_keeps(struct lc_case *c) {
    struct lc_broker_fixture scene = hooked(c, "handled", 0);
    struct lc_raw_client *client = lc_fixture_connect(c, &scene);
    for (uint64_t i = 0; i < 10; i++) {
        lc_writer_send(client->out, HOOKED, 0, 30, i);
        lc_fixture_send(client, 30, i);
        lc_fixture_expect(c, client, client->id, 30, i);
    }
}

static void hook_changes(struct lc_case *c) {
    struct lc_broker_fixture scene = hooked(c, "tag", 4711);
    struct lc_raw_client *client = lc_fixture_connect(c, &scene);
    lc_writer_send(client->out, HOOKED, 5, 30, 1);
    lc_raw_client_expect(c, client, 4711, client->id, 5, 30, 1);
    scene = hooked(c, "flags", 12);
    client = lc_fixture_connect(c, &scene);
    lc_writer_send(client->out, HOOKED, 5, 30, 2);
    lc_raw_client_expect(c, client, HOOKED, client->id, 12, 30, 2);
}

static void hook_adds(struct lc_case *c) {
    struct lc_broker_fixture scene = hooked(c, "add", 4712);
    struct lc_raw_client *client = lc_fixture_connect(c, &scene);
    lc_writer_send(client->out, HOOKED, 0, 30, 1);
    bool forwarded = false;
    bool added = false;
    for (int i = 0; i < 2; i++) {
        struct lc_message message;
        lc_next_message(c, client->in, &message);
        forwarded = forwarded || (message.tag == HOOKED && message.length == 30);
        added = added || (message.tag == 4712 && message.length == 0);
    }
    lc_check(c, forwarded && added, "the message and one more", "%s", forwarded ? "no added one" : "not the message");
}

const struct lc_case_def lc_broker_life_cases[] = {
    {"BROKER-6/joins-and-leaves", "counts and sender_id of a client's page", "broker", LC_NAMED_PROVIDERS,
     joins_and_leaves, 0, false},
    {"BROKER-11/last-words", "300 messages and a goodbye", "broker", LC_NAMED_PROVIDERS, last_words, 0, false},
    {"BROKER-11/last-words-by-tcp", "2000 messages and ClientQuit", "broker", LC_NAMED_PROVIDERS, last_words_by_tcp, 0,
     false},
    {"BROKER-17/late", "a late client gets what the first page still has", "broker", LC_NAMED_PROVIDERS, late_client, 0,
     false},
    {"BROKER-16/some-do-not-read", "90 MB past three clients that do not read", "broker", LC_NAMED_PROVIDERS,
     some_do_not_read, 60, false},
    {"BROKER-15/pages-let-go", "twenty pages through a broker that keeps none", "broker", LC_NAMED_PROVIDERS,
     pages_let_go, 60, false},
    {"BROKER-15/bounded", "540 MB through one client", "broker", LC_NAMED_PROVIDERS, bounded_memory, 60, false},
    {"BROKER-5/exiting", "EXITING behind everything", "broker", LC_NAMED_PROVIDERS, says_exiting, 0, false},
    {"BROKER-5/client", "a client learns of it", "broker client", LC_NAMED_PROVIDERS, client_sees_the_end, 0, false},
    {"BROKER-20/exit-after", "two clients come and go", "broker", LC_NAMED_PROVIDERS, exit_after, 0, false},
    {"BROKER-19/handled", "a hook keeps messages back", "broker", LC_NAMED_PROVIDERS, hook_keeps, 0, false},
    {"BROKER-19/changed", "a hook changes tag and flags", "broker", LC_NAMED_PROVIDERS, hook_changes, 0, false},
    {"BROKER-19/added", "a hook adds a message", "broker", LC_NAMED_PROVIDERS, hook_adds, 0, false},
    {0},
};
