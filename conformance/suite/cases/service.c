/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The ShMemService and its raw clients, frame by frame (SPEC.md, sections 12 and 13). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite/cases/sections.h"
#include "suite/kit/service_client.h"

enum { BYTES = LC_SERVED_BYTES, WAIT_MS = 2000 };

/* ---------------------------------------------------------------- frames and answers */

static void answers(struct lc_case *c) {
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    long id = lc_service_hello(c, socket);
    lc_check(c, lc_service_hello(c, socket) == id, "the same id for the same connection", "another");
    struct lc_served_map map = lc_service_new(c, socket, BYTES);
    lc_service_existing(c, socket, &map);
    lc_check_u64(c, "references before Deregister", 2, (uint64_t)lc_service_deregister(c, socket, map.id));
}

static void in_pieces(struct lc_case *c) {
    static const uint8_t frame[] = {0, 0, 0, 4, 0, 0x80, 0x80, 0x04};
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    for (size_t i = 0; i < sizeof frame; i++) {
        int rc = lc_write(socket, frame + i, 1, WAIT_MS);
        lc_check(c, rc == 0, "a service that reads", "%s", strerror(-rc));
    }
    lc_check_u64(c, "the map's size", BYTES, lc_service_expect_map(c, socket).size);
}

/* A descriptor ends what one read returns, so that the two answers come apart. */
static void at_once(struct lc_case *c) {
    static const uint8_t frames[] = {0, 0, 0, 4, 0, 0x80, 0x80, 0x04, 0, 0, 0, 1, 3};
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    int rc = lc_write(socket, frames, sizeof frames, WAIT_MS);
    lc_check(c, rc == 0, "a service that reads", "%s", strerror(-rc));
    lc_check_u64(c, "the map's size", BYTES, lc_service_expect_map(c, socket).size);
    long id = lc_service_expect_number(c, socket);
    lc_check(c, id == lc_service_hello(c, socket), "the connection's id", "%ld", id);
}

/* ---------------------------------------------------------------- maps */

static void check_zero(struct lc_case *c, const struct lc_served_map *map) {
    for (uint64_t i = 0; i < map->size; i++) {
        lc_check(c, map->base[i] == 0, "zeroed memory", "0x%02x at %llu", map->base[i], (unsigned long long)i);
    }
}

static void new_maps(struct lc_case *c) {
    static const uint64_t sizes[] = {4096, BYTES, 1 << 20, 3 << 20};
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    struct lc_served_map maps[4];
    for (int i = 0; i < 4; i++) {
        maps[i] = lc_service_new(c, socket, sizes[i]);
        lc_check_u64(c, "the map's size", sizes[i], maps[i].size);
        check_zero(c, &maps[i]);
        memset(maps[i].base, 0x5A, (size_t)sizes[i]);
        for (int other = 0; other < i; other++) {
            lc_check(c, maps[i].id != maps[other].id, "an id of its own", "%ld for two maps", maps[i].id);
            lc_check(c, maps[i].inode != maps[other].inode, "memory of its own", "one for two maps");
        }
    }
}

static void zeroed_again(struct lc_case *c) {
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    for (int i = 0; i < 20; i++) {
        struct lc_served_map map = lc_service_new(c, socket, BYTES);
        check_zero(c, &map);
        memset(map.base, 0xA5, BYTES);
        lc_check_u64(c, "references before Deregister", 1, (uint64_t)lc_service_deregister(c, socket, map.id));
    }
}

static void existing_maps(struct lc_case *c) {
    lc_service_open(c);
    int maker = lc_service_open_connection(c);
    struct lc_served_map map = lc_service_new(c, maker, BYTES);
    struct lc_served_map other = lc_service_new(c, maker, BYTES);
    memset(other.base, 0xEE, BYTES);
    for (int i = 0; i < 3; i++) {
        struct lc_served_map again = lc_service_existing(c, lc_service_open_connection(c), &map);
        lc_check_u64(c, "the map's size", BYTES, again.size);
        lc_payload_fill(map.base, 1000, (uint64_t)i);
        lc_check_u64(c, "digest of what the maker wrote", lc_payload_digest(1000, (uint64_t)i),
                     lc_crc(0, again.base, 1000));
        lc_payload_fill(again.base + 2000, 1000, (uint64_t)i + 10);
        lc_check_u64(c, "digest of what the other one wrote", lc_payload_digest(1000, (uint64_t)i + 10),
                     lc_crc(0, map.base + 2000, 1000));
    }
}

static void hello_differs(struct lc_case *c) {
    enum { CONNECTIONS = 12 };
    long ids[CONNECTIONS];
    lc_service_open(c);
    for (int i = 0; i < CONNECTIONS; i++) {
        ids[i] = lc_service_hello(c, lc_service_open_connection(c));
        for (int other = 0; other < i; other++) {
            lc_check(c, ids[i] != ids[other], "an id of its own for each connection", "%ld twice", ids[i]);
        }
    }
}

/* ---------------------------------------------------------------- counts and hang-ups */

static void expect_count(struct lc_case *c, int socket, const struct lc_served_map *map, long count) {
    lc_check_u64(c, "references before Deregister", (uint64_t)count,
                 (uint64_t)lc_service_deregister(c, socket, map->id));
}

static void counts(struct lc_case *c) {
    lc_service_open(c);
    int one = lc_service_open_connection(c);
    struct lc_served_map map = lc_service_new(c, one, BYTES);
    int two = lc_service_open_connection(c);
    lc_service_existing(c, two, &map);
    lc_service_existing(c, two, &map);
    int three = lc_service_open_connection(c);
    expect_count(c, three, &map, 0);
    expect_count(c, two, &map, 3);
    expect_count(c, one, &map, 2);
    expect_count(c, one, &map, 0);
    lc_service_existing(c, one, &map);
    expect_count(c, one, &map, 2);
    expect_count(c, two, &map, 1);
    expect_count(c, two, &map, 0);
    lc_service_wait_removed(c, three, &map);
}

static void counts_of_nothing(struct lc_case *c) {
    static const int32_t ids[] = {0, -1, 4711, INT32_MAX, INT32_MIN};
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    for (int i = 0; i < 5; i++) {
        lc_note(c, "Deregister(%d)", (int)ids[i]);
        lc_check_u64(c, "references before Deregister", 0, (uint64_t)lc_service_deregister(c, socket, ids[i]));
    }
}

static void hangup_drops(struct lc_case *c) {
    lc_service_open(c);
    int witness = lc_service_open_connection(c);
    lc_service_hello(c, witness);
    int one = lc_service_open_connection(c);
    struct lc_served_map map = lc_service_new(c, one, BYTES);
    struct lc_served_map alone = lc_service_new(c, one, BYTES);
    int two = lc_service_open_connection(c);
    lc_service_existing(c, two, &map);
    close(one);
    lc_service_wait_references(c, two, &map, 1);
    lc_service_existing(c, two, &map);
    lc_service_wait_references(c, two, &map, 2);
    lc_service_wait_removed(c, witness, &alone);
}

/* The last one's hang-up: the map is gone. */
static void hangup_drops_last(struct lc_case *c) {
    lc_service_open(c);
    int witness = lc_service_open_connection(c);
    lc_service_hello(c, witness);
    int one = lc_service_open_connection(c);
    struct lc_served_map map = lc_service_new(c, one, BYTES);
    lc_service_existing(c, one, &map);
    close(one);
    lc_service_wait_removed(c, witness, &map);
}

/* ---------------------------------------------------------------- forks */

struct family {
    int parent, witness;
    long parent_id;
    struct lc_served_map before, later; /* made before and after PreFork; the witness holds the later one, too */
};

static struct family about_to_fork(struct lc_case *c) {
    struct family family = {.witness = lc_service_open_connection(c)};
    lc_service_hello(c, family.witness);
    family.parent = lc_service_open_connection(c);
    family.parent_id = lc_service_hello(c, family.parent);
    family.before = lc_service_new(c, family.parent, BYTES);
    lc_payload_fill(family.before.base, 1000, 3);
    lc_service_send(c, family.parent, &(struct lc_tcp_message){.kind = LC_PRE_FORK});
    lc_service_expect_number(c, family.parent);
    family.later = lc_service_new(c, family.parent, BYTES);
    lc_service_existing(c, family.witness, &family.later);
    return family;
}

static int child_of(struct lc_case *c, const struct family *family) {
    int child = lc_service_open_connection(c);
    lc_service_send(c, child,
                    &(struct lc_tcp_message){.kind = LC_POST_FORK_CHILD_HELLO, .number = (int32_t)family->parent_id});
    lc_service_expect_number(c, child);
    return child;
}

/* Whoever asks gets the map, which is the child's alone. */
static void only_the_childs(struct lc_case *c, const struct family *family, int child) {
    struct lc_served_map again = lc_service_existing(c, family->witness, &family->before);
    lc_check_u64(c, "digest of what the parent wrote", lc_payload_digest(1000, 3), lc_crc(0, again.base, 1000));
    expect_count(c, family->witness, &family->before, 2);
    expect_count(c, child, &family->before, 1);
    expect_count(c, child, &family->later, 0);
}

static void child_beside_parent(struct lc_case *c) {
    lc_service_open(c);
    struct family family = about_to_fork(c);
    int child = child_of(c, &family);
    expect_count(c, family.parent, &family.before, 2);
    only_the_childs(c, &family, child);
}

static void child_of_the_gone(struct lc_case *c) {
    lc_service_open(c);
    struct family family = about_to_fork(c);
    close(family.parent);
    lc_service_wait_references(c, family.witness, &family.later, 1);
    only_the_childs(c, &family, child_of(c, &family));
}

/* A map that is kept for a child is not gone, so its parent is not told that it were. */
static void kept_meanwhile(struct lc_case *c) {
    lc_service_open(c);
    struct family family = about_to_fork(c);
    long before = lc_service_deregister(c, family.parent, family.before.id);
    lc_check(c, before > 1, "more than one reference, as a child's are kept", "%ld", before);
    lc_service_existing(c, family.witness, &family.before);
    lc_service_deregister(c, family.witness, family.before.id);
    only_the_childs(c, &family, child_of(c, &family));
}

/* ---------------------------------------------------------------- the end */

static bool nobody_listens(void *argument) {
    int socket = lc_service_connect();
    if (socket >= 0) {
        close(socket);
    }
    *(int *)argument = socket;
    return socket < 0;
}

static void expect_end(struct lc_case *c) {
    int rc = 0;
    lc_check(c, lc_wait_until(nobody_listens, &rc, WAIT_MS), "a service that has ended",
             "it still accepts connections");
    lc_check(c, rc == -ECONNREFUSED, "nobody under the service's name", "%s", strerror(-rc));
}

static void exits(struct lc_case *c) {
    lc_service_open(c);
    int held = lc_service_open_connection(c);
    struct lc_served_map map = lc_service_new(c, held, BYTES);
    int last = lc_service_open_connection(c);
    lc_service_send(c, last, &(struct lc_tcp_message){.kind = LC_EXIT});
    expect_end(c);
    lc_check(c, lc_wait_hangup(held, (int)(WAIT_MS * lc_time_factor)) == 0, "that everybody is hung up on",
             "a connection stays open");
    lc_payload_fill(map.base, 1000, 1);
    lc_check_u64(c, "digest", lc_payload_digest(1000, 1), lc_crc(0, map.base, 1000));
}

/* The frames as they stand in SPEC.md. */
static void bytes(struct lc_case *c) {
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    lc_service_send_body(c, socket, "\x00\x80\x20", 3);
    struct lc_served_map map = lc_service_expect_map(c, socket);
    lc_check_u64(c, "the size of NewMap(4096)", 4096, map.size);
    uint8_t existing[23] = {0x01, 0x80, 0x20};
    snprintf((char *)existing + 3, LC_ID_BYTES, "%ld", map.id);
    lc_service_send_body(c, socket, existing, sizeof existing);
    struct lc_served_map again = lc_service_expect_map(c, socket);
    lc_service_check_same(c, &map, &again);
    lc_service_send_body(c, socket, "\x02\x0e", 2);
    lc_check_u64(c, "references for Deregister(7)", map.id == 7 ? 2 : 0, (uint64_t)lc_service_expect_number(c, socket));
    lc_service_send_body(c, socket, "\x03", 1);
    long id = lc_service_expect_number(c, socket);
    lc_check(c, id == lc_service_hello(c, socket), "this connection's id for Hello", "%ld", id);
    lc_service_send_body(c, socket, "\x04", 1);
    lc_service_expect_number(c, socket);
    lc_service_send_body(c, lc_service_open_connection(c), "\x06", 1);
    expect_end(c);
}

/* Hello and PreFork are answered alike. Who said Hello, and not PreFork, keeps nothing for a child. */
static void hello_is_no_prefork(struct lc_case *c) {
    lc_service_open(c);
    int witness = lc_service_open_connection(c);
    lc_service_hello(c, witness);
    int other = lc_service_open_connection(c);
    struct lc_served_map dropped = lc_service_new(c, other, BYTES);
    lc_service_send_body(c, other, "\x03", 1);
    lc_service_expect_number(c, other);
    close(other);
    lc_service_wait_removed(c, witness, &dropped);
}

const struct lc_case_def lc_service_cases[] = {
    {"SERVED-1/answers", "Hello, NewMap, ExistingMap, Deregister, one after the other", "service", LC_FIRST_PROVIDER,
     answers, 0, true},
    {"SERVED-1/pieces", "a request byte by byte", "service", LC_FIRST_PROVIDER, in_pieces, 0, true},
    {"SERVED-1/at-once", "two requests in one write", "service", LC_FIRST_PROVIDER, at_once, 0, true},
    {"SERVED-2/new", "new maps: their sizes, zeroed, each its own", "service", LC_FIRST_PROVIDER, new_maps, 0, true},
    {"SERVED-2/zeroed", "maps after maps that were given back", "service", LC_FIRST_PROVIDER, zeroed_again, 0, true},
    {"SERVED-2/existing", "the same memory to others", "service", LC_FIRST_PROVIDER, existing_maps, 0, true},
    {"SERVED-2/hello", "twelve connections, twelve ids", "service", LC_FIRST_PROVIDER, hello_differs, 0, true},
    {"SERVED-8/counts", "references over all connections", "service", LC_FIRST_PROVIDER, counts, 0, true},
    {"SERVED-8/nothing", "Deregister of maps that never were", "service", LC_FIRST_PROVIDER, counts_of_nothing, 0,
     true},
    {"SERVED-9/beside", "a child whose parent is still there", "service", LC_FIRST_PROVIDER, child_beside_parent, 0,
     true},
    {"SERVED-9/parent-gone", "a child whose parent hung up", "service", LC_FIRST_PROVIDER, child_of_the_gone, 0, true},
    {"SERVED-9/kept", "the parent gives its map back before the child comes", "service", LC_FIRST_PROVIDER,
     kept_meanwhile, 0, true},
    {"SERVED-3/one-of-two", "a hang-up takes its references along", "service", LC_FIRST_PROVIDER, hangup_drops, 0,
     true},
    {"SERVED-3/last", "the last one's hang-up", "service", LC_FIRST_PROVIDER, hangup_drops_last, 0, true},
    {"SERVED-10/exit", "Exit, and nobody listens any more", "service", LC_FIRST_PROVIDER, exits, 0, true},
    {"POST-6/hello", "Hello is 3, and not PreFork", "service", LC_FIRST_PROVIDER, hello_is_no_prefork, 0, true},
    {"POST-6/bytes", "requests as they stand in SPEC.md", "service", LC_FIRST_PROVIDER, bytes, 0, true},
    {0},
};
