/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Hostile clients. A broker may remove one, but must continue to serve the others (SPEC.md, BROKER-13, BROKER-14). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite/cases/sections.h"

enum { TAG = 0xB4D };

struct fixture {
    struct lc_actor *broker;
    uint16_t port;
    struct lc_raw_client *good, *bad;
    uint64_t count; /* messages of the good client so far */
};

static struct fixture open_fixture(struct lc_case *c) {
    struct fixture fixture = {.broker = lc_spawn(c, "broker")};
    fixture.port = lc_open_broker(c, fixture.broker, NULL);
    fixture.good = lc_raw_client_connect(c, fixture.broker, fixture.port);
    fixture.bad = lc_raw_client_connect(c, fixture.broker, fixture.port);
    return fixture;
}

/* Fails the case unless a message of the good client is forwarded. Messages of the bad client are skipped. */
static void check_good_client(struct lc_case *c, struct fixture *fixture) {
    uint64_t seed = fixture->count++;
    lc_raw_client_send(c, fixture->good, TAG, 70, seed);
    struct lc_message message;
    do {
        lc_next_message(c, fixture->good->in, &message);
        lc_check(c, message.tag != LC_TAG_EXITING, "the broker continues", "EXITING");
    } while (message.sender != fixture->good->id);
    lc_check_payload(c, "digest of the good client's message", 70, seed, message.payload);
}

/* The same, and connects a new bad client. */
static void check_service(struct lc_case *c, struct fixture *fixture) {
    for (int i = 0; i < 5; i++) {
        check_good_client(c, fixture);
    }
    lc_check_alive(c, fixture->broker);
    fixture->bad = lc_raw_client_connect(c, fixture->broker, fixture->port);
}

/* ---------------------------------------------------------------- messages */

/* The bad client sends a message with this value in a 64-bit field. */
static void send_value(struct lc_case *c, struct fixture *fixture, size_t field, uint64_t value) {
    uint64_t slot = lc_writer_prepare(fixture->bad->out, TAG, 0, 100, 3);
    lc_put64(fixture->bad->out->map->base, slot + field, value);
    lc_note(c, "the field at %d of a client's message is 0x%llx", (int)field, (unsigned long long)value);
    lc_writer_commit(fixture->bad->out);
    check_service(c, fixture);
}

static void lengths(struct lc_case *c) {
    static const uint64_t values[] = {UINT64_MAX, UINT64_C(1) << 63, LC_PAGE_DEFAULT, UINT64_C(64) << 20,
                                      105,        UINT64_MAX - 119};
    struct fixture fixture = open_fixture(c);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        send_value(c, &fixture, LC_MSG_LEN, values[i]);
        send_value(c, &fixture, LC_MSG_PADDED, values[i]);
    }
}

static void ids(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    send_value(c, &fixture, LC_MSG_ID, 0);
    send_value(c, &fixture, LC_MSG_ID, UINT64_MAX);
    lc_set_current_msg_id(fixture.bad->out->map->base, 1000);
    check_service(c, &fixture);
}

static void send_tag(struct lc_case *c, struct fixture *fixture, uint32_t tag, uint64_t length) {
    lc_note(c, "a client sends tag 0x%08x with %d bytes", tag, (int)length);
    lc_writer_send(fixture->bad->out, tag, 0, length, 1);
    check_service(c, fixture);
}

static void unset(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    send_tag(c, &fixture, LC_TAG_UNSET, 100);
    send_tag(c, &fixture, LC_TAG_UNSET, 0);
    send_tag(c, &fixture, LC_TAG_UNINITIALIZED, 100);
}

static void exiting_with_payload(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    send_tag(c, &fixture, LC_TAG_EXITING, 8);
}

static void slow_receiver(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    send_tag(c, &fixture, LC_TAG_SLOW_RECEIVER, 0);
    send_tag(c, &fixture, LC_TAG_SLOW_RECEIVER, 100);
}

static void client_exit(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    send_tag(c, &fixture, LC_TAG_CLIENT_EXIT, 0);
    send_tag(c, &fixture, LC_TAG_CLIENT_EXIT, 4);
    send_tag(c, &fixture, LC_TAG_CLIENT_EXIT, 100);
}

static void short_end(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    send_tag(c, &fixture, LC_TAG_END_OF_PAGE, 0);
    send_tag(c, &fixture, LC_TAG_END_OF_PAGE, 31);
}

/* ---------------------------------------------------------------- descriptions */

enum { INVALID = 7 };

/* No map, invalid ids, a map that is not a page, a page with a wrong size, and an id without a NUL. */
static void invalid_descs(struct lc_case *c, struct lc_desc descs[INVALID]) {
    struct lc_map *no_page = lc_new_map(c, LC_PAGE_DEFAULT);
    struct lc_map *page = lc_new_map(c, LC_PAGE_DEFAULT);
    struct lc_writer writer;
    lc_writer_start(&writer, page, 0);
    descs[0] = lc_desc_of(LC_PAGE_DEFAULT, "2000000000");
    descs[1] = lc_desc_of(LC_PAGE_DEFAULT, "abc");
    descs[2] = lc_desc_of(LC_PAGE_DEFAULT, "");
    descs[3] = no_page->desc;
    descs[4] = page->desc;
    descs[4].size *= 2;
    descs[5] = page->desc;
    descs[5].size = 20;
    descs[6] = page->desc;
    memset(descs[6].id, '9', sizeof descs[6].id);
}

static void end_of_page(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    struct lc_desc descs[INVALID];
    invalid_descs(c, descs);
    for (size_t i = 0; i < INVALID; i++) {
        lc_note(c, "a client's END_OF_PAGE names %s of %llu bytes", lc_desc_show(&descs[i]),
                (unsigned long long)descs[i].size);
        lc_writer_end_page(fixture.bad->out, &descs[i]);
        check_service(c, &fixture);
    }
    lc_note(c, "a client's END_OF_PAGE names its own page");
    lc_writer_end_page(fixture.bad->out, &fixture.bad->out->map->desc);
    check_service(c, &fixture);
}

static void new_clients(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    struct lc_desc descs[INVALID];
    invalid_descs(c, descs);
    for (size_t i = 0; i < INVALID; i++) {
        lc_note(c, "NEW_SHM_CLIENT names %s of %llu bytes", lc_desc_show(&descs[i]), (unsigned long long)descs[i].size);
        lc_raw_client_add_channel(fixture.bad, &descs[i]);
        check_service(c, &fixture);
    }
    send_tag(c, &fixture, LC_TAG_NEW_SHM_CLIENT, 0);
    send_tag(c, &fixture, LC_TAG_NEW_SHM_CLIENT, 31);
}

/* ---------------------------------------------------------------- the end of the map */

/* A map of a process, recognised by its line in /proc/<pid>/maps. */
struct mapping {
    pid_t pid;
    char mark[64];
};

static bool is_unmapped(void *argument) {
    const struct mapping *mapping = argument;
    char path[64];
    char line[512];
    snprintf(path, sizeof path, "/proc/%d/maps", (int)mapping->pid);
    FILE *maps = fopen(path, "re");
    bool found = false;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        found = found || strstr(line, mapping->mark) != NULL;
    }
    if (maps != NULL) {
        (void)fclose(maps);
    }
    return !found;
}

/* The line of a sysv map has the id as its inode; the line of a posix map ends with the name. */
static struct mapping mapping_of(struct lc_case *c, struct lc_actor *broker, const struct lc_map *map) {
    struct mapping mapping = {.pid = lc_actor_pid(broker)};
    const char *id = (const char *)map->desc.id;
    bool sysv = lc_provider(c) == LC_SYSV;
    snprintf(mapping.mark, sizeof mapping.mark, "%s%s%s", sysv ? " " : "", id, sysv ? " " : "\n");
    return mapping;
}

static struct lc_writer *add_channel(struct lc_case *c, struct fixture *fixture, uint64_t size) {
    struct lc_writer *other = lc_new_channel(c, size, 9);
    lc_raw_client_add_channel(fixture->bad, &other->map->desc);
    lc_check_within(c, lc_is_joined, other->map->base, 5000, "the broker joins the channel",
                    "receivers_joined_count is 0");
    return other;
}

/*
 * A message in the first slot of a page that ends with its map. It needs other padding in the slot that it is copied
 * to, and the broker must not read beyond the map. The kernel places maps at decreasing addresses, so the map of
 * `before` is right after that of `last`; when that client has left, the addresses are unmapped.
 */
static void message_up_to_the_end_of_the_map(struct lc_case *c) {
    enum { SIZE = 1 << 18 };
    struct fixture fixture = open_fixture(c);
    check_good_client(c, &fixture);
    struct lc_writer *before = add_channel(c, &fixture, SIZE);
    struct lc_writer *last = add_channel(c, &fixture, SIZE);
    struct mapping mapping = mapping_of(c, fixture.broker, before->map);
    lc_writer_send(before, LC_TAG_EXITING, 0, 0, 0);
    lc_check_within(c, is_unmapped, &mapping, 5000, "the broker unmaps the page of a client that left",
                    "the page is still mapped");
    lc_writer_send(last, TAG, 0, last->map->size - last->offset - LC_MSG_HEADER, 3);
    check_service(c, &fixture);
}

/* Fills the page to its last byte with valid messages; current_msg_id declares another one, beyond the segment. */
static void fill_and_declare_more(struct lc_writer *writer) {
    enum { LENGTH = 60000 };
    while (lc_writer_fits(writer, LENGTH)) {
        lc_writer_send(writer, TAG, 0, LENGTH, 1);
    }
    lc_writer_send(writer, TAG, 0, writer->map->size - writer->offset - LC_MSG_HEADER, 1);
    lc_set_current_msg_id(writer->map->base, writer->next_id);
}

static void wrong_sizes(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    static const uint64_t sizes[] = {4 * LC_PAGE_DEFAULT, LC_PAGE_DEFAULT / 2};
    for (size_t i = 0; i < 2; i++) {
        struct lc_writer *other = lc_new_channel(c, 0, 9);
        struct lc_desc desc = other->map->desc;
        desc.size = sizes[i];
        lc_note(c, "NEW_SHM_CLIENT claims %llu bytes for 1 MiB", (unsigned long long)sizes[i]);
        lc_raw_client_add_channel(fixture.bad, &desc);
        check_good_client(c, &fixture);
        fill_and_declare_more(other);
        check_service(c, &fixture);
    }
}

/* ---------------------------------------------------------------- fields that change while they are read */

static void field_flips(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    for (int round = 0; round < 10; round++) {
        struct lc_writer *out = fixture.bad->out;
        uint64_t slot = lc_writer_prepare(out, TAG, 0, 100, 3);
        void *field = out->map->base + slot + (round % 2 == 0 ? LC_MSG_LEN : LC_MSG_PADDED);
        struct lc_flip *flip = lc_flip_start(c, &field, 1, 8, UINT64_C(64) << 20);
        lc_writer_commit(out);
        for (int i = 0; i < 50; i++) {
            check_good_client(c, &fixture);
        }
        lc_flip_stop(flip);
        check_service(c, &fixture);
    }
}

/* ---------------------------------------------------------------- the broadcast page */

struct reading {
    struct lc_actor *broker;
    void *page;
};

static bool was_left_or_broker_ended(void *argument) {
    const struct reading *reading = argument;
    return lc_is_left(reading->page) || !lc_actor_is_running(reading->broker);
}

/* Sends a message, turns the page, and waits until the broker has left the old page. */
static void send_and_turn(struct lc_case *c, struct lc_actor *broker, struct lc_raw_client *client, uint64_t length) {
    struct reading reading = {broker, client->out->map->base};
    lc_writer_send(client->out, TAG, 0, length, 1);
    lc_writer_turn_page(client->out, lc_new_map(c, LC_PAGE_DEFAULT));
    lc_check_within(c, was_left_or_broker_ended, &reading, 5000, "the broker leaves the page", "it does not");
    lc_check_alive(c, broker);
}

static void overwritten_broadcast(struct lc_case *c) {
    static const size_t fields[] = {LC_PAGE_SIZE_USED, LC_PAGE_SIZE_TOTAL, LC_PAGE_MAX_ALLOC, LC_PAGE_MAGIC,
                                    LC_PAGE_CURRENT_MSG_ID};
    static const uint64_t values[] = {0, UINT64_MAX, UINT64_C(1) << 40};
    struct lc_actor *broker = lc_spawn(c, "broker");
    uint16_t port = lc_open_broker(c, broker, NULL);
    struct lc_raw_client *client = lc_raw_client_connect(c, broker, port);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            lc_note(c, "overwrote the field at %d of the broadcast page with 0x%llx", (int)fields[i],
                    (unsigned long long)values[v]);
            lc_put64(client->in->map.base, fields[i], values[v]);
            send_and_turn(c, broker, client, 10);
        }
    }
    for (int i = 0; i < 10; i++) { /* turns the broadcast page too */
        send_and_turn(c, broker, client, 300000);
    }
    (void)close(
        lc_raw_connect(c, port, NULL)); /* the broker still accepts connections; the page's content does not matter */
}

const struct lc_case_def lc_broker_hostile_cases[] = {
    {"BROKER-13/lengths", "lengths larger than the slot or the map", "broker", LC_NAMED_PROVIDERS, lengths, 60, false},
    {"BROKER-13/ids", "message ids that are not the next one", "broker", LC_NAMED_PROVIDERS, ids, 0, false},
    {"BROKER-13/unset", "messages with tag UNSET or UNINITIALIZED", "broker", LC_NAMED_PROVIDERS, unset, 0, false},
    {"BROKER-13/exiting-with-payload", "EXITING with a payload of 8 bytes", "broker", LC_NAMED_PROVIDERS,
     exiting_with_payload, 0, false},
    {"BROKER-13/slow-receiver", "SLOW_RECEIVER, without and with a payload", "broker", LC_NAMED_PROVIDERS,
     slow_receiver, 0, false},
    {"BROKER-13/client-exit", "CLIENT_EXIT with 0, 4 and 100 bytes", "broker", LC_NAMED_PROVIDERS, client_exit, 0,
     false},
    {"BROKER-13/short-end", "END_OF_PAGE with 0 and 31 bytes", "broker", LC_NAMED_PROVIDERS, short_end, 0, false},
    {"BROKER-13/ends", "END_OF_PAGE with invalid descriptions, or that of its own page", "broker", LC_NAMED_PROVIDERS,
     end_of_page, 60, false},
    {"BROKER-13/new-clients", "NEW_SHM_CLIENT with invalid descriptions", "broker", LC_NAMED_PROVIDERS, new_clients, 60,
     false},
    {"BROKER-13/end-of-map", "a message up to the end of its map", "broker", LC_NAMED_PROVIDERS,
     message_up_to_the_end_of_the_map, 0, false},
    {"BROKER-13/claims", "NEW_SHM_CLIENT with a wrong size, and a message beyond the segment", "broker",
     LC_NAMED_PROVIDERS, wrong_sizes, 0, false},
    {"BROKER-13/flips", "lengths that change while they are read", "broker", LC_NAMED_PROVIDERS, field_flips, 60,
     false},
    {"BROKER-14/header", "the header of the broadcast page is overwritten", "broker", LC_NAMED_PROVIDERS,
     overwritten_broadcast, 60, false},
    {0},
};
