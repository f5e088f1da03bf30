/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broker with clients that behave: forwarding, ids, leaving, hooks, its end (SPEC.md, section 9). */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "suite/sections.h"

enum { TAG = 0xB40C, HOOKED = 0xB40D };

struct scene {
    struct lc_party *broker;
    struct lc_desc broadcast;
    uint16_t port;
};

static struct scene open_scene_with(struct lc_case *c, json_t *more) {
    struct scene scene = {.broker = lc_play(c, "broker")};
    scene.port = lc_open_broker_with(c, scene.broker, &scene.broadcast, more);
    return scene;
}

static struct scene open_scene(struct lc_case *c) {
    return open_scene_with(c, json_object());
}

static struct lc_raw_client *come(struct lc_case *c, struct scene *scene) {
    return lc_raw_connect(c, scene->broker, scene->port);
}

static void send(struct lc_raw_client *client, uint64_t length, uint64_t seed) {
    lc_writer_send(client->out, TAG, 0, length, seed);
}

static void expect(struct lc_case *c, struct lc_raw_client *client, uint32_t sender, uint64_t length, uint64_t seed) {
    lc_raw_expect(c, client, TAG, sender, 0, length, seed);
}

/* ---------------------------------------------------------------- forwarding */

static void everyone_gets_everything(struct lc_case *c) {
    enum { CLIENTS = 3, MESSAGES = 20 };
    struct scene scene = open_scene(c);
    struct lc_raw_client *clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = come(c, &scene);
    }
    for (uint64_t m = 0; m < MESSAGES; m++) {
        struct lc_raw_client *from = clients[m % CLIENTS];
        send(from, 30 * m, m);
        for (int i = 0; i < CLIENTS; i++) {
            expect(c, clients[i], from->id, 30 * m, m);
        }
    }
}

static void order_of_each_client(struct lc_case *c) {
    enum { MESSAGES = 500 };
    struct scene scene = open_scene(c);
    struct lc_raw_client *one = come(c, &scene);
    struct lc_raw_client *other = come(c, &scene);
    for (uint64_t m = 0; m < MESSAGES; m++) {
        send(one, m % 90, m);
        send(other, m % 70, m + MESSAGES);
    }
    uint64_t next[2] = {0, MESSAGES};
    for (uint64_t m = 0; m < 2 * (uint64_t)MESSAGES; m++) {
        struct lc_message message;
        lc_next(c, one->in, &message);
        bool first = message.sender == one->id;
        lc_check(c, first || message.sender == other->id, "one of the two senders", "%u", message.sender);
        uint64_t seed = next[first ? 0 : 1]++;
        lc_check_u64(c, "length", first ? seed % 90 : (seed - MESSAGES) % 70, message.length);
        lc_check_u64(c, "digest", lc_payload_digest((size_t)message.length, seed),
                     lc_crc(0, message.payload, (size_t)message.length));
    }
}

static void fields_kept(struct lc_case *c) {
    static const uint32_t values[] = {0, 1, 3, 0x7fffffff, 0x80000000, 0xffffffff};
    struct scene scene = open_scene(c);
    struct lc_raw_client *client = come(c, &scene);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        lc_writer_send(client->out, values[i], values[i], 2000 + i, i);
        lc_raw_expect(c, client, values[i], client->id, values[i], 2000 + i, i);
    }
}

static void many_pages(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_raw_client *client = come(c, &scene);
    struct lc_raw_client *reader = come(c, &scene);
    for (uint64_t m = 0; m < 40; m++) {
        if (!lc_writer_fits(client->out, 300000)) {
            lc_writer_turn(client->out, lc_new_map(c, LC_PAGE_DEFAULT));
        }
        send(client, 300000, m);
        expect(c, reader, client->id, 300000, m);
    }
    lc_check(c, reader->in->pages >= 10, "at least ten broadcast pages", "%d", (int)reader->in->pages);
}

/* Lengths from a client's first slot and from later ones, to the broadcast's first slot and to later ones. */
static void each_length(struct lc_case *c, void (*check)(struct lc_case *c, const struct lc_message *message)) {
    struct scene scene = open_scene(c);
    for (uint64_t first = 0; first <= 75; first += 25) {
        struct lc_raw_client *client = come(c, &scene);
        struct lc_message message;
        while (client->in->last_id < lc_current_msg_id(client->in->map.base)) {
            lc_next(c, client->in, &message); /* what was sent before it came */
        }
        for (uint64_t length = first; length <= 150; length++) {
            send(client, length, length);
            lc_next(c, client->in, &message); /* the oracle checks it against BROKER-7 */
            lc_check_u64(c, "length", length, message.length);
            check(c, &message);
        }
    }
}

static void nothing_more(struct lc_case *c, const struct lc_message *message) {
    (void)c;
    (void)message;
}

static void shortest(struct lc_case *c, const struct lc_message *message) {
    lc_check_u64(c, "buf_len_padded", lc_padded(message->offset, message->length), message->padded);
}

static void slots_long_enough(struct lc_case *c) {
    each_length(c, nothing_more);
}

static void slots_short_enough(struct lc_case *c) {
    each_length(c, shortest);
}

static bool contains(const uint8_t *bytes, size_t length, const char *what) {
    return memmem(bytes, length, what, strlen(what)) != NULL;
}

/* What lies behind a payload in its slot is marked, and must not turn up in the broadcast. */
static void nothing_from_behind(struct lc_case *c) {
    static const char secret[] = "SECRET";
    struct scene scene = open_scene(c);
    struct lc_raw_client *client = come(c, &scene);
    for (uint64_t length = 1; length <= 64; length++) {
        uint64_t slot = lc_writer_prepare(client->out, TAG, 0, length, length);
        uint8_t *behind = client->out->map->base + slot + LC_MSG_HEADER + length;
        uint64_t padding = lc_get64(client->out->map->base, slot + LC_MSG_PADDED) - length;
        for (uint64_t i = 0; i < padding; i++) {
            behind[i] = (uint8_t)secret[i % (sizeof secret - 1)];
        }
        lc_writer_commit(client->out);
        struct lc_message message;
        lc_next(c, client->in, &message);
        bool leaked = contains(message.payload + message.length, (size_t)(message.padded - message.length), secret);
        lc_check(c, !leaked, "nothing but the payload", "bytes from behind a payload of %d bytes", (int)length);
    }
}

static void sender_is_the_channel(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_raw_client *one = come(c, &scene);
    struct lc_raw_client *other = come(c, &scene);
    one->out->sender = other->id;
    send(one, 10, 1);
    one->out->sender = one->id;
    send(other, 20, 2);
    for (int i = 0; i < 2; i++) { /* a broker may also throw out who speaks in another's name */
        struct lc_message message;
        lc_next(c, other->in, &message);
        if (message.length == 20) {
            lc_check_u64(c, "sender of the other client's own message", other->id, message.sender);
            return;
        }
        lc_check_u64(c, "sender of a message that names another client", one->id, message.sender);
    }
}

/* ---------------------------------------------------------------- ids */

static void ids_count_up(struct lc_case *c) {
    struct scene scene = open_scene(c);
    for (uint32_t id = 1; id <= 8; id++) {
        struct lc_raw_client *client = come(c, &scene);
        lc_check_u64(c, "client id", id, client->id);
        send(client, 10, id);
        expect(c, client, id, 10, id);
    }
}

static void end_client(struct lc_case *c, struct lc_raw_client *client, uint32_t names) {
    uint8_t payload[8] = {0};
    memcpy(payload, &names, sizeof names);
    lc_writer_prepare_bytes(client->out, LC_TAG_CLIENT_EXIT, 0, payload, sizeof payload);
    lc_writer_commit(client->out);
    (void)c;
}

static void ids_not_again(struct lc_case *c) {
    struct scene scene = open_scene(c);
    for (uint32_t id = 1; id <= 4; id++) {
        struct lc_raw_client *client = come(c, &scene);
        lc_check_u64(c, "client id", id, client->id);
        end_client(c, client, client->id);
    }
}

/* ---------------------------------------------------------------- the protocol's own messages */

static void expect_only(struct lc_case *c, struct lc_raw_client *reader, struct lc_raw_client *sender) {
    send(sender, 11, 99);
    expect(c, reader, sender->id, 11, 99); /* in order: nothing came before it */
}

static void exit_not_forwarded(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_raw_client *going = come(c, &scene);
    struct lc_raw_client *staying = come(c, &scene);
    end_client(c, going, going->id);
    expect_only(c, staying, staying);
}

static void exiting_not_forwarded(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_raw_client *going = come(c, &scene);
    struct lc_raw_client *staying = come(c, &scene);
    lc_writer_send(going->out, LC_TAG_EXITING, 0, 0, 0);
    expect_only(c, staying, staying);
}

static void slow_receiver_not_forwarded(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_raw_client *client = come(c, &scene);
    lc_writer_send(client->out, LC_TAG_SLOW_RECEIVER, 0, 0, 0);
    expect_only(c, client, client);
}

static void end_not_forwarded(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_raw_client *client = come(c, &scene);
    for (int i = 0; i < 3; i++) {
        lc_writer_turn(client->out, lc_new_map(c, LC_PAGE_DEFAULT));
        expect_only(c, client, client);
    }
}

static bool has_joined(void *page) {
    return lc_get16(page, LC_PAGE_JOINED) != 0;
}

static void new_client_by_message(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_raw_client *client = come(c, &scene);
    struct lc_writer *other = lc_new_channel(c, 0, client->id + 1);
    uint8_t payload[LC_EOP_PAYLOAD];
    lc_eop_payload(payload, &other->map->desc);
    lc_writer_prepare_bytes(client->out, LC_TAG_NEW_SHM_CLIENT, 0, payload, sizeof payload);
    lc_writer_commit(client->out);
    lc_check(c, lc_until(has_joined, other->map->base, 5000), "that the broker joins the channel",
             "receivers_joined_count is 0");
    lc_writer_send(other, TAG, 0, 44, 4);
    struct lc_message message;
    lc_next(c, client->in, &message);
    lc_check_u64(c, "length of what the new client sent", 44, message.length);
    lc_check_u64(c, "its sender", client->id + 1, message.sender);
}

static void exit_of_another(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_raw_client *liar = come(c, &scene);
    struct lc_raw_client *other = come(c, &scene);
    end_client(c, liar, other->id);
    for (uint64_t i = 0; i < 20; i++) {
        send(other, 10, i);
        expect(c, other, other->id, 10, i);
    }
}

/* ---------------------------------------------------------------- coming and going */

static bool has_left(void *page) {
    return lc_get16(page, LC_PAGE_LEFT) == 1;
}

static void joins_and_leaves(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_raw_client *client = come(c, &scene);
    uint8_t *page = client->out->map->base;
    lc_check(c, lc_until(has_joined, page, 5000), "that the broker joins a client's page",
             "receivers_joined_count is 0");
    lc_check_u64(c, "receivers_joined_count", 1, lc_get16(page, LC_PAGE_JOINED));
    lc_check_u64(c, "sender_id of the client's page", client->id, lc_get32(page, LC_PAGE_SENDER_ID));
    end_client(c, client, client->id);
    lc_check(c, lc_until(has_left, page, 5000), "that the broker leaves the page of a client that went",
             "receivers_left_count is %d", lc_get16(page, LC_PAGE_LEFT));
}

static void last_words(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_raw_client *reader = come(c, &scene);
    for (int round = 0; round < 5; round++) {
        struct lc_raw_client *going = come(c, &scene);
        for (uint64_t i = 0; i < 300; i++) {
            send(going, 50, i);
        }
        end_client(c, going, going->id);
        for (uint64_t i = 0; i < 300; i++) {
            expect(c, reader, going->id, 50, i);
        }
    }
}

/* The goodbye by TCP may overtake what was sent before it. */
static void last_words_by_tcp(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_raw_client *reader = come(c, &scene);
    for (int round = 0; round < 5; round++) {
        struct lc_raw_client *going = come(c, &scene);
        uint8_t body[16];
        struct lc_tcp_message quit = {.kind = LC_CLIENT_QUIT, .id = going->id};
        size_t length = lc_request_encode(body, sizeof body, &quit);
        int socket = lc_raw_hello(c, scene.port, NULL);
        for (uint64_t i = 0; i < 2000; i++) {
            send(going, 50, i);
        }
        lc_frame_write(socket, body, length, 1000);
        lc_check(c, lc_wait_hangup(socket, 5000) == 0, "a closed connection", "it stays open");
        close(socket);
        for (uint64_t i = 0; i < 2000; i++) {
            expect(c, reader, going->id, 50, i);
        }
    }
}

static void late_client(struct lc_case *c) {
    enum { BEFORE = 200, LENGTH = 20000 }; /* four pages */
    struct scene scene = open_scene(c);
    struct lc_raw_client *early = come(c, &scene);
    for (uint64_t i = 0; i < BEFORE; i++) {
        if (!lc_writer_fits(early->out, LENGTH)) {
            lc_writer_turn(early->out, lc_new_map(c, LC_PAGE_DEFAULT));
        }
        send(early, LENGTH, i);
        expect(c, early, early->id, LENGTH, i);
    }
    struct lc_raw_client *late = come(c, &scene);
    send(early, 100, BEFORE);
    for (uint64_t i = 0; i < BEFORE; i++) {
        expect(c, late, early->id, LENGTH, i);
    }
    expect(c, late, early->id, 100, BEFORE);
}

/* A broker that is told to let pages go once they were read: no client ever joined the first one (TCP-2). */
static void pages_let_go(struct lc_case *c) {
    struct scene scene = open_scene_with(c, json_pack("{s:b}", "keep_pages", 0));
    struct lc_raw_client *client = come(c, &scene);
    for (uint64_t m = 0; m < 60; m++) {
        if (!lc_writer_fits(client->out, 300000)) {
            lc_writer_turn(client->out, lc_new_map(c, LC_PAGE_DEFAULT));
        }
        send(client, 300000, m);
        expect(c, client, client->id, 300000, m);
    }
}

/* Nobody reads but one; the others stand on the first page. */
static void some_do_not_read(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_raw_client *reader = come(c, &scene);
    for (int i = 0; i < 3; i++) {
        (void)come(c, &scene);
    }
    for (uint64_t m = 0; m < 300; m++) {
        if (!lc_writer_fits(reader->out, 300000)) {
            lc_writer_turn(reader->out, lc_new_map(c, LC_PAGE_DEFAULT));
        }
        send(reader, 300000, m);
        expect(c, reader, reader->id, 300000, m);
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
    struct scene scene = open_scene(c);
    struct lc_raw_client *client = come(c, &scene);
    uint64_t half = 0;
    enum { MESSAGES = 1200, LENGTH = 450000 };
    for (uint64_t m = 0; m < MESSAGES; m++) {
        if (!lc_writer_fits(client->out, LENGTH)) {
            struct lc_map old = *client->out->map;
            lc_writer_turn(client->out, lc_new_map(c, LC_PAGE_DEFAULT));
            lc_check(c, lc_until(has_left, old.base, 5000), "that the broker leaves a page it has read", "it stays");
        }
        send(client, LENGTH, m);
        expect(c, client, client->id, LENGTH, m);
        half = m == MESSAGES / 2 ? resident_and_shared(lc_party_pid(scene.broker)) : half;
    }
    uint64_t end = resident_and_shared(lc_party_pid(scene.broker));
    lc_check(c, end < half + (UINT64_C(64) << 20), "as much memory after 540 MB as after 270 MB", "%d MB and %d MB",
             (int)(end >> 20), (int)(half >> 20));
}

/* ---------------------------------------------------------------- its end */

static void says_exiting(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_raw_client *client = come(c, &scene);
    for (uint64_t i = 0; i < 100; i++) {
        send(client, 40, i);
    }
    expect(c, client, client->id, 40, 0);
    for (uint64_t i = 1; i < 100; i++) {
        expect(c, client, client->id, 40, i);
    }
    lc_ask(c, scene.broker, "broker.stop", "{}");
    struct lc_message message;
    lc_next(c, client->in, &message);
    lc_check(c, message.tag == LC_TAG_EXITING, "EXITING", "tag 0x%08x", message.tag);
    lc_check_u64(c, "its payload", 0, message.length);
}

static void client_sees_the_end(struct lc_case *c) {
    struct scene scene = open_scene(c);
    struct lc_party *client = lc_play(c, "client");
    lc_connect(c, client, scene.port);
    lc_ask(c, scene.broker, "broker.stop", "{}");
    const json_t *answer = lc_ask(c, client, "client.recv", "{s:i}", "timeout_ms", 5000);
    lc_check(c, strcmp(lc_field_string(c, answer, "end"), "exiting") == 0, "the channel's end", "%s",
             lc_field_string(c, answer, "end"));
}

static void exit_after(struct lc_case *c) {
    if (!lc_has_option(c, "exit_after")) {
        lc_skip(c, "the option exit_after");
    }
    struct scene scene = open_scene_with(c, json_pack("{s:i}", "exit_after", 2));
    struct lc_raw_client *one = come(c, &scene);
    end_client(c, one, one->id);
    struct lc_raw_client *other = come(c, &scene);
    send(other, 10, 1);
    expect(c, other, other->id, 10, 1);
    end_client(c, other, other->id);
    lc_ask(c, scene.broker, "broker.wait", "{s:i}", "timeout_ms", 10000);
    struct lc_message message;
    lc_next(c, other->in, &message);
    lc_check(c, message.tag == LC_TAG_EXITING, "EXITING", "tag 0x%08x", message.tag);
}

/* ---------------------------------------------------------------- hooks */

static struct scene hooked(struct lc_case *c, const char *action, int64_t value) {
    if (!lc_has_option(c, "hooks")) {
        lc_skip(c, "the option hooks");
    }
    return open_scene_with(
        c, json_pack("{s:[{s:i, s:s, s:I}]}", "hooks", "tag", HOOKED, "do", action, "value", (json_int_t)value));
}

static void hook_keeps(struct lc_case *c) {
    struct scene scene = hooked(c, "handled", 0);
    struct lc_raw_client *client = come(c, &scene);
    for (uint64_t i = 0; i < 10; i++) {
        lc_writer_send(client->out, HOOKED, 0, 30, i);
        send(client, 30, i);
        expect(c, client, client->id, 30, i);
    }
}

static void hook_changes(struct lc_case *c) {
    struct scene scene = hooked(c, "tag", 4711);
    struct lc_raw_client *client = come(c, &scene);
    lc_writer_send(client->out, HOOKED, 5, 30, 1);
    lc_raw_expect(c, client, 4711, client->id, 5, 30, 1);
    scene = hooked(c, "flags", 12);
    client = come(c, &scene);
    lc_writer_send(client->out, HOOKED, 5, 30, 2);
    lc_raw_expect(c, client, HOOKED, client->id, 12, 30, 2);
}

static void hook_adds(struct lc_case *c) {
    struct scene scene = hooked(c, "add", 4712);
    struct lc_raw_client *client = come(c, &scene);
    lc_writer_send(client->out, HOOKED, 0, 30, 1);
    bool forwarded = false;
    bool added = false;
    for (int i = 0; i < 2; i++) {
        struct lc_message message;
        lc_next(c, client->in, &message);
        forwarded = forwarded || (message.tag == HOOKED && message.length == 30);
        added = added || (message.tag == 4712 && message.length == 0);
    }
    lc_check(c, forwarded && added, "the message and one more", "%s", forwarded ? "no added one" : "not the message");
}

const struct lc_case_def lc_broker_cases[] = {
    {"BROKER-1/everyone", "three clients get what each sends, themselves included", "broker", LC_NAMED_PROVIDERS,
     everyone_gets_everything, 0, false},
    {"BROKER-1/order", "a thousand messages of two clients, each in its order", "broker", LC_NAMED_PROVIDERS,
     order_of_each_client, 0, false},
    {"BROKER-1/many-pages", "large messages over ten pages and more", "broker", LC_NAMED_PROVIDERS, many_pages, 0,
     false},
    {"BROKER-2/count-up", "the first is 1, each next one more", "broker", LC_NAMED_PROVIDERS, ids_count_up, 0, false},
    {"BROKER-2/not-again", "ids of clients that went", "broker", LC_NAMED_PROVIDERS, ids_not_again, 0, false},
    {"BROKER-3/fields", "tags, flags and payloads as they were", "broker", LC_NAMED_PROVIDERS, fields_kept, 0, false},
    {"BROKER-7/padding", "payloads of 0 to 150 bytes", "broker", LC_NAMED_PROVIDERS, slots_long_enough, 0, false},
    {"BROKER-18/shortest", "no more padding than MSG-1 asks", "broker", LC_NAMED_PROVIDERS, slots_short_enough, 0,
     false},
    {"BROKER-8/nothing-from-behind", "marked bytes behind the payload", "broker", LC_NAMED_PROVIDERS,
     nothing_from_behind, 0, false},
    {"BROKER-9/sender", "a message that names another client", "broker", LC_NAMED_PROVIDERS, sender_is_the_channel, 0,
     false},
    {"BROKER-4/client-exit", "CLIENT_EXIT is not forwarded", "broker", LC_NAMED_PROVIDERS, exit_not_forwarded, 0,
     false},
    {"BROKER-4/exiting", "EXITING is not forwarded", "broker", LC_NAMED_PROVIDERS, exiting_not_forwarded, 0, false},
    {"BROKER-4/slow-receiver", "SLOW_RECEIVER is not forwarded", "broker", LC_NAMED_PROVIDERS,
     slow_receiver_not_forwarded, 0, false},
    {"BROKER-4/end-of-page", "END_OF_PAGE is followed", "broker", LC_NAMED_PROVIDERS, end_not_forwarded, 0, false},
    {"BROKER-4/new-client", "NEW_SHM_CLIENT registers a channel", "broker", LC_NAMED_PROVIDERS, new_client_by_message,
     0, false},
    {"BROKER-10/exit-of-another", "CLIENT_EXIT that names another client", "broker", LC_NAMED_PROVIDERS,
     exit_of_another, 0, false},
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
