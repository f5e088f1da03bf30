/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Silent clients of a ShMemService, and invalid requests (SPEC.md, section 12). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite/cases/sections.h"
#include "suite/kit/service_client.h"

enum { BYTES = LC_SERVED_BYTES, TIMEOUT_MS = 2000 };

/* A service, and a connection that keeps to the protocol and must still be served at the end. */
struct fixture {
    struct lc_actor *service;
    int witness;
    long id;
    struct lc_served_map map;
};

static struct fixture open_fixture(struct lc_case *c) {
    struct fixture fixture = {.service = lc_service_open(c), .witness = lc_service_open_connection(c)};
    fixture.id = lc_service_hello(c, fixture.witness);
    fixture.map = lc_service_new(c, fixture.witness, BYTES);
    return fixture;
}

/* The witness still has its id and its map, and a new connection is served. */
static void check_service(struct lc_case *c, struct fixture *fixture) {
    lc_check_alive(c, fixture->service);
    long id = lc_service_hello(c, fixture->witness);
    lc_check(c, id == fixture->id, "the same id for the same connection", "%ld", id);
    int other = lc_service_open_connection(c);
    (void)lc_service_existing(c, other, &fixture->map);
    lc_service_expect_references(c, other, &fixture->map, 2);
    lc_check_u64(c, "size of the map:", 4096, lc_service_new(c, other, 4096).size);
    (void)close(other);
}

static void write_bytes(struct lc_case *c, int socket, const void *bytes, size_t length) {
    int rc = lc_write(socket, bytes, length, TIMEOUT_MS);
    lc_check(c, rc == 0, "the service reads from the connection", "%s", strerror(-rc));
}

/* ---------------------------------------------------------------- invalid requests */

struct request {
    const char *what;
    uint8_t body[32];
    size_t length;
};

/* ExistingMap with a size of 4096 and these bytes of the id; the other bytes are zero. */
#define EXISTING(what, ...)                                                                                            \
    { what, {1, 0x80, 0x20, __VA_ARGS__}, 23 }

static const struct request unknown_index[] = {
    {"an unknown index", {7}, 1},
    {"eight bytes of ff", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8},
    {"an index of six bytes", {0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, 6},
};
static const struct request truncated[] = {
    {"an empty body", {0}, 0},
    {"NewMap without a size", {0}, 1},
    {"ExistingMap with an id of 19 bytes", {1, 0x80, 0x20, '1'}, 22},
    {"Deregister with half a number", {2, 0x80}, 2},
    {"PostForkChildHello without an id", {5}, 1},
    {"Deregister of 2^32", {2, 0x80, 0x80, 0x80, 0x80, 0x10}, 6},
};
static const struct request invalid_ids[] = {
    EXISTING("the id abc", 'a', 'b', 'c'),
    EXISTING("an empty id", 0),
    EXISTING("the id 12x", '1', '2', 'x'),
    EXISTING("an id in the form of the provider served", '1', ':', '5'),
    EXISTING("a number of more than 32 bits", '4', '2', '9', '4', '9', '6', '7', '2', '9', '7'),
    EXISTING("an id without a NUL", '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1',
             '1', '1', '1'),
    EXISTING("an id that is not UTF-8", 0xff, 0xfe),
};
static const struct request unknown_maps[] = {
    EXISTING("a map that does not exist", '4', '7', '1', '1'),
    EXISTING("a map with a negative id", '-', '1'),
};
static const struct request unknown_parents[] = {
    {"a parent that does not exist", {5, 0xce, 0x49}, 3},
    {"the parent -1", {5, 1}, 2},
};
static const struct request invalid_sizes[] = {
    {"NewMap(0)", {0, 0}, 2},
    {"NewMap(2^64 - 1)", {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 11},
    {"NewMap(2^63)", {0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 11},
};

#define LIST(array) array, sizeof(array) / sizeof(array)[0]

/* Connects, to a new service if a request has ended the old one; SERVED-7 tests that. */
static int reconnect(struct lc_case *c) {
    int socket = lc_service_connect();
    if (socket < 0) {
        lc_service_open(c);
        socket = lc_service_open_connection(c);
    }
    return socket;
}

/*
 * SERVED-5: each request gets a reply, or its connection is closed, but it never gets a map. Each is sent as the first
 * and as the second request of a connection.
 */
static void expect_reply(struct lc_case *c, const struct request *list, size_t count) {
    lc_service_open(c);
    for (size_t i = 0; i < 2 * count; i++) {
        const struct request *request = &list[i / 2];
        int socket = reconnect(c);
        lc_note(c, "%s, as the %s request", request->what, i % 2 == 0 ? "first" : "second");
        if (i % 2 == 1) {
            (void)lc_service_hello(c, socket);
        }
        lc_service_send_body(c, socket, request->body, request->length);
        lc_service_expect_no_map(c, socket);
        (void)close(socket);
    }
}

/*
 * SERVED-7: the request affects no other connection. SERVED-5 tests the reply; waiting for it here lets the service
 * process the request before the other connections are checked.
 */
static void expect_service(struct lc_case *c, const struct request *list, size_t count) {
    struct fixture fixture = open_fixture(c);
    for (size_t i = 0; i < count; i++) {
        int socket = lc_service_open_connection(c);
        long number;
        lc_note(c, "%s", list[i].what);
        lc_service_send_body(c, socket, list[i].body, list[i].length);
        (void)lc_service_receive(socket, &number, NULL);
        check_service(c, &fixture);
        (void)close(socket);
        check_service(c, &fixture);
    }
}

static void reply_to_unknown_index(struct lc_case *c) {
    expect_reply(c, LIST(unknown_index));
}

static void reply_to_truncated(struct lc_case *c) {
    expect_reply(c, LIST(truncated));
}

static void reply_to_invalid_id(struct lc_case *c) {
    expect_reply(c, LIST(invalid_ids));
}

/* The number of an existing map, with a character after it. */
static void reply_to_trailing_character(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    char text[LC_ID_BYTES];
    snprintf(text, sizeof text, "%dx", (int)fixture.map.id);
    lc_service_send(c, fixture.witness,
                    &(struct lc_tcp_message){.kind = LC_EXISTING_MAP, .desc = lc_desc_of(BYTES, text)});
    lc_service_expect_no_map(c, fixture.witness);
}

static void reply_to_unknown_map(struct lc_case *c) {
    expect_reply(c, LIST(unknown_maps));
}

static void reply_to_unknown_parent(struct lc_case *c) {
    expect_reply(c, LIST(unknown_parents));
}

static void reply_to_invalid_size(struct lc_case *c) {
    expect_reply(c, LIST(invalid_sizes));
}

/* Exit is only valid as the first request of a connection. As a later one it may end the service or not. */
static void reply_to_late_exit(struct lc_case *c) {
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    (void)lc_service_hello(c, socket);
    lc_service_send(c, socket, &(struct lc_tcp_message){.kind = LC_EXIT});
    lc_service_expect_no_map(c, socket);
}

static void service_after_unknown_index(struct lc_case *c) {
    expect_service(c, LIST(unknown_index));
}

static void service_after_truncated(struct lc_case *c) {
    expect_service(c, LIST(truncated));
}

static void service_after_invalid_id(struct lc_case *c) {
    expect_service(c, LIST(invalid_ids));
}

static void service_after_unknown_map(struct lc_case *c) {
    expect_service(c, LIST(unknown_maps));
}

static void service_after_unknown_parent(struct lc_case *c) {
    expect_service(c, LIST(unknown_parents));
}

static void service_after_invalid_size(struct lc_case *c) {
    expect_service(c, LIST(invalid_sizes));
}

/* Requests for maps that no longer exist, because they were returned or their connection was closed. */
static void service_after_removed_map(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    int one = lc_service_open_connection(c);
    struct lc_served_map returned = lc_service_new(c, one, BYTES);
    struct lc_served_map dropped = lc_service_new(c, one, BYTES);
    (void)lc_service_deregister(c, one, returned.id);
    lc_note(c, "a map that was returned");
    lc_service_wait_removed(c, fixture.witness, &returned);
    check_service(c, &fixture);
    (void)close(one);
    lc_note(c, "a map whose only connection was closed");
    lc_service_wait_removed(c, fixture.witness, &dropped);
    check_service(c, &fixture);
}

/* ---------------------------------------------------------------- connections that are closed within a frame */

static void close_within_frame(struct lc_case *c, const size_t *sent, size_t count) {
    static const uint8_t frame[] = {0, 0, 0, 4, 0, 0x80, 0x80, 0x04};
    struct fixture fixture = open_fixture(c);
    for (size_t i = 0; i < 3 * count; i++) {
        int socket = lc_service_open_connection(c);
        write_bytes(c, socket, frame, sent[i % count]);
        (void)close(socket);
        check_service(c, &fixture);
    }
}

static void closed_within_body(struct lc_case *c) {
    static const size_t sent[] = {4, 6, 7};
    close_within_frame(c, LIST(sent));
}

static void closed_within_length(struct lc_case *c) {
    static const size_t sent[] = {0, 1, 3};
    close_within_frame(c, LIST(sent));
}

static void closed_before_reply(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    for (int i = 0; i < 20; i++) {
        int socket = lc_service_open_connection(c);
        lc_service_send(c, socket, &(struct lc_tcp_message){.kind = LC_NEW_MAP, .size = BYTES});
        lc_service_send(c, socket, &(struct lc_tcp_message){.kind = LC_HELLO});
        (void)close(socket);
    }
    check_service(c, &fixture);
}

/* ---------------------------------------------------------------- silent connections */

/* Checks the service beside three connections that have sent only these bytes, after Hello if `known`. */
static void check_beside(struct lc_case *c, const uint8_t *bytes, size_t length, bool known) {
    struct fixture fixture = open_fixture(c);
    int sockets[3];
    for (int i = 0; i < 3; i++) {
        sockets[i] = lc_service_open_connection(c);
        if (known) {
            (void)lc_service_hello(c, sockets[i]);
        }
        write_bytes(c, sockets[i], bytes, length);
        check_service(c, &fixture);
    }
    (void)close(sockets[1]);
    check_service(c, &fixture);
}

static const uint8_t half_frame[] = {0, 0, 0, 4, 0, 0x80};

static void silent(struct lc_case *c) {
    check_beside(c, half_frame, 0, false);
}

static void half_length(struct lc_case *c) {
    check_beside(c, half_frame, 3, false);
}

static void half_body(struct lc_case *c) {
    check_beside(c, half_frame, sizeof half_frame, false);
}

static void half_after_hello(struct lc_case *c) {
    check_beside(c, half_frame, sizeof half_frame, true);
}

static void four_gib(struct lc_case *c) {
    static const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, 0x03};
    check_beside(c, bytes, sizeof bytes, false);
}

/* The service must accept the rest of a frame after it has served other connections. */
static void late_rest(struct lc_case *c) {
    struct fixture fixture = open_fixture(c);
    int socket = lc_service_open_connection(c);
    write_bytes(c, socket, half_frame, sizeof half_frame);
    check_service(c, &fixture);
    write_bytes(c, socket, "\x80\x04", 2);
    lc_check_u64(c, "size of the map:", BYTES, lc_service_expect_map(c, socket).size);
}

#define CASE(id, title, run)                                                                                           \
    { id, title, "service", LC_FIRST_PROVIDER, run, 60, true }

const struct lc_case_def lc_service_hostile_cases[] = {
    CASE("SERVED-5/unknown-index", "requests with an unknown index get a reply", reply_to_unknown_index),
    CASE("SERVED-5/cut-short", "truncated requests get a reply", reply_to_truncated),
    CASE("SERVED-5/no-number", "ids that are not numbers get a reply", reply_to_invalid_id),
    CASE("SERVED-5/almost-a-number", "the id of a map with a trailing character gets a reply",
         reply_to_trailing_character),
    CASE("SERVED-5/no-map", "unknown maps get a reply", reply_to_unknown_map),
    CASE("SERVED-5/no-parent", "children of unknown parents get a reply", reply_to_unknown_parent),
    CASE("SERVED-5/no-size", "invalid sizes get a reply", reply_to_invalid_size),
    CASE("SERVED-5/late-exit", "Exit as the second request gets a reply", reply_to_late_exit),
    CASE("SERVED-6/silent", "other connections are served beside silent ones", silent),
    CASE("SERVED-6/half-length", "other connections are served beside half a length", half_length),
    CASE("SERVED-6/half-body", "other connections are served beside half a body", half_body),
    CASE("SERVED-6/half-later", "other connections are served beside half a frame after Hello", half_after_hello),
    CASE("SERVED-6/late-rest", "the rest of a frame arrives after other connections were served", late_rest),
    CASE("SERVED-7/oversized", "a frame of 4 GiB", four_gib),
    CASE("SERVED-7/unknown-index", "requests with an unknown index do not affect others", service_after_unknown_index),
    CASE("SERVED-7/cut-short", "truncated requests do not affect others", service_after_truncated),
    CASE("SERVED-7/no-number", "ids that are not numbers do not affect others", service_after_invalid_id),
    CASE("SERVED-7/no-map", "unknown maps do not affect others", service_after_unknown_map),
    CASE("SERVED-7/dead-map", "removed maps do not affect others", service_after_removed_map),
    CASE("SERVED-7/no-parent", "children of unknown parents do not affect others", service_after_unknown_parent),
    CASE("SERVED-7/no-size", "invalid sizes do not affect others", service_after_invalid_size),
    CASE("SERVED-7/hang-up-in-body", "connections that are closed within a body", closed_within_body),
    CASE("SERVED-7/hang-up-in-length", "connections that are closed before and within a length", closed_within_length),
    CASE("SERVED-7/hang-up-early", "connections that are closed before the reply", closed_before_reply),
    {0},
};
