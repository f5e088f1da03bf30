/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A ShMemService whose clients are silent, or ask for what makes no sense (SPEC.md, section 12). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite/cases/sections.h"
#include "suite/kit/service_client.h"

enum { BYTES = LC_SERVED_BYTES, WAIT_MS = 2000 };

/* A connection that did nothing wrong, what it holds, and the service that it wants to go on. */
struct scene {
    struct lc_actor *service;
    int witness;
    long id;
    struct lc_served_map map;
};

static struct scene open_scene(struct lc_case *c) {
    struct scene scene = {.service = lc_service_open(c), .witness = lc_service_open_connection(c)};
    scene.id = lc_service_hello(c, scene.witness);
    scene.map = lc_service_new(c, scene.witness, BYTES);
    return scene;
}

/* The witness is who it was and holds what it held; who comes now is served, too. */
static void still_serves(struct lc_case *c, struct scene *scene) {
    lc_check_alive(c, scene->service);
    long id = lc_service_hello(c, scene->witness);
    lc_check(c, id == scene->id, "the same id for the same connection", "%ld", id);
    int other = lc_service_open_connection(c);
    lc_service_existing(c, other, &scene->map);
    lc_check_u64(c, "references before Deregister", 2, (uint64_t)lc_service_deregister(c, other, scene->map.id));
    lc_check_u64(c, "the map's size", 4096, lc_service_new(c, other, 4096).size);
    close(other);
}

static void raw(struct lc_case *c, int socket, const void *bytes, size_t length) {
    int rc = lc_write(socket, bytes, length, WAIT_MS);
    lc_check(c, rc == 0, "a service that reads", "%s", strerror(-rc));
}

/* ---------------------------------------------------------------- requests without sense */

struct nonsense {
    const char *what;
    uint8_t body[32];
    size_t length;
};

/* An id of 20 bytes behind ExistingMap and a size of 4096; zeros behind it. */
#define EXISTING(what, ...)                                                                                            \
    { what, {1, 0x80, 0x20, __VA_ARGS__}, 23 }

static const struct nonsense unknown_index[] = {
    {"an unknown index", {7}, 1},
    {"eight bytes of ff", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8},
    {"an index of six bytes", {0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, 6},
};
static const struct nonsense cut_short[] = {
    {"an empty body", {0}, 0},
    {"NewMap without a size", {0}, 1},
    {"ExistingMap with an id of 19 bytes", {1, 0x80, 0x20, '1'}, 22},
    {"Deregister with half a number", {2, 0x80}, 2},
    {"PostForkChildHello without an id", {5}, 1},
    {"Deregister of 2^32", {2, 0x80, 0x80, 0x80, 0x80, 0x10}, 6},
};
static const struct nonsense no_number[] = {
    EXISTING("the id abc", 'a', 'b', 'c'),
    EXISTING("an empty id", 0),
    EXISTING("the id 12x", '1', '2', 'x'),
    EXISTING("an id of the client's", '1', ':', '5'),
    EXISTING("a number beyond 32 bits", '4', '2', '9', '4', '9', '6', '7', '2', '9', '7'),
    EXISTING("an id that no NUL ends", '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1', '1',
             '1', '1', '1', '1'),
    EXISTING("an id that is not UTF-8", 0xff, 0xfe),
};
static const struct nonsense no_map[] = {
    EXISTING("a map that never was", '4', '7', '1', '1'),
    EXISTING("a map of a negative id", '-', '1'),
};
static const struct nonsense no_parent[] = {
    {"a parent that never was", {5, 0xce, 0x49}, 3},
    {"the parent -1", {5, 1}, 2},
};
static const struct nonsense no_size[] = {
    {"NewMap(0)", {0, 0}, 2},
    {"NewMap(2^64 - 1)", {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 11},
    {"NewMap(2^63)", {0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 11},
};

#define LIST(array) array, sizeof(array) / sizeof(array)[0]

/* That a request ended the service is SERVED-7's matter: there is a new one then. */
static int call_again(struct lc_case *c) {
    int socket = lc_service_connect();
    if (socket < 0) {
        lc_service_open(c);
        socket = lc_service_open_connection(c);
    }
    return socket;
}

/* SERVED-5: each is answered, or its connection closed; never with a map. As a first request, and as a later one. */
static void answered(struct lc_case *c, const struct nonsense *list, size_t count) {
    lc_service_open(c);
    for (size_t i = 0; i < 2 * count; i++) {
        const struct nonsense *nonsense = &list[i / 2];
        int socket = call_again(c);
        lc_note(c, "%s, as the %s request", nonsense->what, i % 2 == 0 ? "first" : "second");
        if (i % 2 == 1) {
            lc_service_hello(c, socket);
        }
        lc_service_send_body(c, socket, nonsense->body, nonsense->length);
        lc_service_expect_no_map(c, socket);
        close(socket);
    }
}

/*
 * SERVED-7: nobody else notices. Whether the offender itself is answered is SERVED-5's matter: it is only given the time
 * for it, so that the service has seen the request before the others ask.
 */
static void costs_one(struct lc_case *c, const struct nonsense *list, size_t count) {
    struct scene scene = open_scene(c);
    for (size_t i = 0; i < count; i++) {
        int socket = lc_service_open_connection(c);
        long number;
        lc_note(c, "%s", list[i].what);
        lc_service_send_body(c, socket, list[i].body, list[i].length);
        lc_service_receive(socket, &number, NULL);
        still_serves(c, &scene);
        close(socket);
        still_serves(c, &scene);
    }
}

static void answers_unknown_index(struct lc_case *c) {
    answered(c, LIST(unknown_index));
}

static void answers_cut_short(struct lc_case *c) {
    answered(c, LIST(cut_short));
}

static void answers_no_number(struct lc_case *c) {
    answered(c, LIST(no_number));
}

/* A number that something follows, of a map that there is. */
static void answers_almost_a_number(struct lc_case *c) {
    struct scene scene = open_scene(c);
    char text[LC_ID_BYTES];
    snprintf(text, sizeof text, "%dx", (int)scene.map.id);
    lc_service_send(c, scene.witness,
                    &(struct lc_tcp_message){.kind = LC_EXISTING_MAP, .desc = lc_desc_of(BYTES, text)});
    lc_service_expect_no_map(c, scene.witness);
}

static void answers_no_map(struct lc_case *c) {
    answered(c, LIST(no_map));
}

static void answers_no_parent(struct lc_case *c) {
    answered(c, LIST(no_parent));
}

static void answers_no_size(struct lc_case *c) {
    answered(c, LIST(no_size));
}

/* Exit counts as a first request; later it is one that makes no sense, and may end the service or not. */
static void answers_late_exit(struct lc_case *c) {
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    lc_service_hello(c, socket);
    lc_service_send(c, socket, &(struct lc_tcp_message){.kind = LC_EXIT});
    lc_service_expect_no_map(c, socket);
}

static void survives_unknown_index(struct lc_case *c) {
    costs_one(c, LIST(unknown_index));
}

static void survives_cut_short(struct lc_case *c) {
    costs_one(c, LIST(cut_short));
}

static void survives_no_number(struct lc_case *c) {
    costs_one(c, LIST(no_number));
}

static void survives_no_map(struct lc_case *c) {
    costs_one(c, LIST(no_map));
}

static void survives_no_parent(struct lc_case *c) {
    costs_one(c, LIST(no_parent));
}

static void survives_no_size(struct lc_case *c) {
    costs_one(c, LIST(no_size));
}

/* A map that was, and is gone: by Deregister, and by a hang-up. */
static void survives_dead_map(struct lc_case *c) {
    struct scene scene = open_scene(c);
    int one = lc_service_open_connection(c);
    struct lc_served_map returned = lc_service_new(c, one, BYTES);
    struct lc_served_map left = lc_service_new(c, one, BYTES);
    lc_service_deregister(c, one, returned.id);
    lc_note(c, "a map that was given back");
    lc_service_wait_removed(c, scene.witness, &returned);
    still_serves(c, &scene);
    close(one);
    lc_note(c, "a map whose only holder hung up");
    lc_service_wait_removed(c, scene.witness, &left);
    still_serves(c, &scene);
}

/* ---------------------------------------------------------------- hang-ups in the middle */

static void survives_hangups(struct lc_case *c, const size_t *cuts, size_t count) {
    static const uint8_t frame[] = {0, 0, 0, 4, 0, 0x80, 0x80, 0x04};
    struct scene scene = open_scene(c);
    for (size_t i = 0; i < 3 * count; i++) {
        int socket = lc_service_open_connection(c);
        raw(c, socket, frame, cuts[i % count]);
        close(socket);
        still_serves(c, &scene);
    }
}

static void hangup_in_body(struct lc_case *c) {
    static const size_t cuts[] = {4, 6, 7};
    survives_hangups(c, LIST(cuts));
}

static void hangup_in_length(struct lc_case *c) {
    static const size_t cuts[] = {0, 1, 3};
    survives_hangups(c, LIST(cuts));
}

/* Who asks and does not stay for the answer. */
static void hangup_before_answer(struct lc_case *c) {
    struct scene scene = open_scene(c);
    for (int i = 0; i < 20; i++) {
        int socket = lc_service_open_connection(c);
        lc_service_send(c, socket, &(struct lc_tcp_message){.kind = LC_NEW_MAP, .size = BYTES});
        lc_service_send(c, socket, &(struct lc_tcp_message){.kind = LC_HELLO});
        close(socket);
    }
    still_serves(c, &scene);
}

/* ---------------------------------------------------------------- silence */

static void beside(struct lc_case *c, const uint8_t *bytes, size_t length, bool introduced) {
    struct scene scene = open_scene(c);
    int sockets[3];
    for (int i = 0; i < 3; i++) {
        sockets[i] = lc_service_open_connection(c);
        if (introduced) {
            lc_service_hello(c, sockets[i]);
        }
        raw(c, sockets[i], bytes, length);
        still_serves(c, &scene);
    }
    close(sockets[1]);
    still_serves(c, &scene);
}

static const uint8_t half[] = {0, 0, 0, 4, 0, 0x80};

static void silent(struct lc_case *c) {
    beside(c, half, 0, false);
}

static void half_a_length(struct lc_case *c) {
    beside(c, half, 3, false);
}

static void half_a_body(struct lc_case *c) {
    beside(c, half, sizeof half, false);
}

static void half_later(struct lc_case *c) {
    beside(c, half, sizeof half, true);
}

static void four_gib(struct lc_case *c) {
    static const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, 0x03};
    beside(c, bytes, sizeof bytes, false);
}

/* Silence ends nobody's turn: what is late is still a request. */
static void late_rest(struct lc_case *c) {
    struct scene scene = open_scene(c);
    int socket = lc_service_open_connection(c);
    raw(c, socket, half, sizeof half);
    still_serves(c, &scene);
    raw(c, socket, "\x80\x04", 2);
    lc_check_u64(c, "the map's size", BYTES, lc_service_expect_map(c, socket).size);
}

#define CASE(id, title, run)                                                                                           \
    { id, title, "service", LC_FIRST_PROVIDER, run, 60, true }

const struct lc_case_def lc_service_hostile_cases[] = {
    CASE("SERVED-5/unknown-index", "requests of no known kind are answered", answers_unknown_index),
    CASE("SERVED-5/cut-short", "values that are cut short are answered", answers_cut_short),
    CASE("SERVED-5/no-number", "ids that are no numbers are answered", answers_no_number),
    CASE("SERVED-5/almost-a-number", "a map's number with more behind it is answered", answers_almost_a_number),
    CASE("SERVED-5/no-map", "ids of no map are answered", answers_no_map),
    CASE("SERVED-5/no-parent", "children of nobody are answered", answers_no_parent),
    CASE("SERVED-5/no-size", "sizes that cannot be are answered", answers_no_size),
    CASE("SERVED-5/late-exit", "Exit as a second request is answered", answers_late_exit),
    CASE("SERVED-6/silent", "others beside a connection that says nothing", silent),
    CASE("SERVED-6/half-length", "others beside half a length", half_a_length),
    CASE("SERVED-6/half-body", "others beside half a body", half_a_body),
    CASE("SERVED-6/half-later", "others beside half a frame of somebody known", half_later),
    CASE("SERVED-6/late-rest", "the other half of a frame, after others were served", late_rest),
    CASE("SERVED-7/oversized", "a length of 4 GiB", four_gib),
    CASE("SERVED-7/unknown-index", "requests of no known kind", survives_unknown_index),
    CASE("SERVED-7/cut-short", "values that are cut short", survives_cut_short),
    CASE("SERVED-7/no-number", "ids that are no numbers", survives_no_number),
    CASE("SERVED-7/no-map", "ids of maps that never were", survives_no_map),
    CASE("SERVED-7/dead-map", "ids of maps that are gone", survives_dead_map),
    CASE("SERVED-7/no-parent", "children of nobody", survives_no_parent),
    CASE("SERVED-7/no-size", "sizes that cannot be", survives_no_size),
    CASE("SERVED-7/hang-up-in-body", "a hang-up within the body", hangup_in_body),
    CASE("SERVED-7/hang-up-in-length", "a hang-up before and within the length", hangup_in_length),
    CASE("SERVED-7/hang-up-early", "a hang-up before the answer", hangup_before_answer),
    {0},
};
