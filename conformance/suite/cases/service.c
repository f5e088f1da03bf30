/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The ShMemService and its clients, frame by frame (SPEC.md, sections 12 and 13). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "suite/cases/sections.h"
#include "suite/kit/service_client.h"

enum { BYTES = LC_SERVED_BYTES, TIMEOUT_MS = 2000 };

/* Opens a connection and sends Hello on it. */
static int connect_known(struct lc_case *c) {
    int socket = lc_service_open_connection(c);
    (void)lc_service_hello(c, socket);
    return socket;
}

static void write_bytes(struct lc_case *c, int socket, const void *bytes, size_t length) {
    int rc = lc_write(socket, bytes, length, TIMEOUT_MS);
    lc_check(c, rc == 0, "the service reads from the connection", "%s", strerror(-rc));
}

/* ---------------------------------------------------------------- frames and replies */

static void replies(struct lc_case *c) {
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    long id = lc_service_hello(c, socket);
    long again = lc_service_hello(c, socket);
    lc_check(c, again == id, "the same id for the same connection", "%ld and %ld", id, again);
    struct lc_served_map map = lc_service_new(c, socket, BYTES);
    (void)lc_service_existing(c, socket, &map);
    lc_service_expect_references(c, socket, &map, 2);
}

static void in_pieces(struct lc_case *c) {
    static const uint8_t frame[] = {0, 0, 0, 4, 0, 0x80, 0x80, 0x04};
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    for (size_t i = 0; i < sizeof frame; i++) {
        write_bytes(c, socket, frame + i, 1);
    }
    lc_check_u64(c, "size of the map:", BYTES, lc_service_expect_map(c, socket).size);
}

/* One read returns no bytes after a descriptor, so the two replies can be told apart. */
static void two_at_once(struct lc_case *c) {
    static const uint8_t frames[] = {0, 0, 0, 4, 0, 0x80, 0x80, 0x04, 0, 0, 0, 1, 3};
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    write_bytes(c, socket, frames, sizeof frames);
    lc_check_u64(c, "size of the map:", BYTES, lc_service_expect_map(c, socket).size);
    long id = lc_service_expect_number(c, socket);
    lc_check(c, id == lc_service_hello(c, socket), "the id of the connection", "%ld", id);
}

/* ---------------------------------------------------------------- maps */

static void check_zero(struct lc_case *c, const struct lc_served_map *map) {
    for (uint64_t i = 0; i < map->size; i++) {
        lc_check(c, map->base[i] == 0, "a zeroed map", "0x%02x at %llu", map->base[i], (unsigned long long)i);
    }
}

static void new_maps(struct lc_case *c) {
    static const uint64_t sizes[] = {4096, BYTES, 1 << 20, 3 << 20};
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    struct lc_served_map maps[4];
    for (int i = 0; i < 4; i++) {
        maps[i] = lc_service_new(c, socket, sizes[i]);
        lc_check_u64(c, "size of the map:", sizes[i], maps[i].size);
        check_zero(c, &maps[i]);
        memset(maps[i].base, 0x5A, (size_t)sizes[i]);
        for (int other = 0; other < i; other++) {
            lc_check(c, maps[i].id != maps[other].id, "a different id for each map", "%ld for two maps", maps[i].id);
            lc_check(c, maps[i].inode != maps[other].inode, "different memory for each map", "the same for two maps");
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
        lc_service_expect_references(c, socket, &map, 1);
    }
}

static void existing_maps(struct lc_case *c) {
    lc_service_open(c);
    int creator = lc_service_open_connection(c);
    struct lc_served_map map = lc_service_new(c, creator, BYTES);
    struct lc_served_map other = lc_service_new(c, creator, BYTES);
    memset(other.base, 0xEE, BYTES);
    for (uint64_t i = 0; i < 3; i++) {
        struct lc_served_map again = lc_service_existing(c, lc_service_open_connection(c), &map);
        lc_check_u64(c, "size of the map:", BYTES, again.size);
        lc_payload_fill(map.base, 1000, i);
        lc_check_payload(c, "digest of the creator's bytes", 1000, i, again.base);
        lc_payload_fill(again.base + 2000, 1000, i + 10);
        lc_check_payload(c, "digest of the other client's bytes", 1000, i + 10, map.base + 2000);
    }
}

static void connection_ids(struct lc_case *c) {
    enum { CONNECTIONS = 12 };
    long ids[CONNECTIONS];
    lc_service_open(c);
    for (int i = 0; i < CONNECTIONS; i++) {
        ids[i] = lc_service_hello(c, lc_service_open_connection(c));
        for (int other = 0; other < i; other++) {
            lc_check(c, ids[i] != ids[other], "a different id for each connection", "%ld for two", ids[i]);
        }
    }
}

/* ---------------------------------------------------------------- references */

static void references(struct lc_case *c) {
    lc_service_open(c);
    int one = lc_service_open_connection(c);
    struct lc_served_map map = lc_service_new(c, one, BYTES);
    int two = lc_service_open_connection(c);
    (void)lc_service_existing(c, two, &map);
    (void)lc_service_existing(c, two, &map);
    int three = lc_service_open_connection(c);
    lc_service_expect_references(c, three, &map, 0);
    lc_service_expect_references(c, two, &map, 3);
    lc_service_expect_references(c, one, &map, 2);
    lc_service_expect_references(c, one, &map, 0);
    (void)lc_service_existing(c, one, &map);
    lc_service_expect_references(c, one, &map, 2);
    lc_service_expect_references(c, two, &map, 1);
    lc_service_expect_references(c, two, &map, 0);
    lc_service_wait_removed(c, three, &map);
}

static void unknown_maps(struct lc_case *c) {
    static const int32_t ids[] = {0, -1, 4711, INT32_MAX, INT32_MIN};
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    for (int i = 0; i < 5; i++) {
        lc_note(c, "Deregister(%d)", (int)ids[i]);
        lc_check_u64(c, "number of references before Deregister:", 0,
                     (uint64_t)lc_service_deregister(c, socket, ids[i]));
    }
}

static void closed_connection(struct lc_case *c) {
    lc_service_open(c);
    int witness = connect_known(c);
    int one = lc_service_open_connection(c);
    struct lc_served_map map = lc_service_new(c, one, BYTES);
    struct lc_served_map alone = lc_service_new(c, one, BYTES);
    int two = lc_service_open_connection(c);
    (void)lc_service_existing(c, two, &map);
    (void)close(one);
    lc_service_wait_references(c, two, &map, 1);
    (void)lc_service_existing(c, two, &map);
    lc_service_wait_references(c, two, &map, 2);
    lc_service_wait_removed(c, witness, &alone);
}

static void last_connection_closed(struct lc_case *c) {
    lc_service_open(c);
    int witness = connect_known(c);
    int one = lc_service_open_connection(c);
    struct lc_served_map map = lc_service_new(c, one, BYTES);
    (void)lc_service_existing(c, one, &map);
    (void)close(one);
    lc_service_wait_removed(c, witness, &map);
}

/* ---------------------------------------------------------------- forks */

/* A parent that has sent PreFork. It created a map before that, and one after it, which the witness holds too. */
struct family {
    int parent, witness;
    long parent_id;
    struct lc_served_map before, after;
};

static struct family pre_fork(struct lc_case *c) {
    struct family family = {.witness = connect_known(c)};
    family.parent = lc_service_open_connection(c);
    family.parent_id = lc_service_hello(c, family.parent);
    family.before = lc_service_new(c, family.parent, BYTES);
    lc_payload_fill(family.before.base, 1000, 3);
    lc_service_send(c, family.parent, &(struct lc_tcp_message){.kind = LC_PRE_FORK});
    (void)lc_service_expect_number(c, family.parent);
    family.after = lc_service_new(c, family.parent, BYTES);
    (void)lc_service_existing(c, family.witness, &family.after);
    return family;
}

static int connect_child(struct lc_case *c, const struct family *family) {
    int child = lc_service_open_connection(c);
    lc_service_send(c, child,
                    &(struct lc_tcp_message){.kind = LC_POST_FORK_CHILD_HELLO, .number = (int32_t)family->parent_id});
    (void)lc_service_expect_number(c, child);
    return child;
}

/* Fails unless the child has the only reference to the map from before the fork, and none to the other one. */
static void check_child_references(struct lc_case *c, const struct family *family, int child) {
    struct lc_served_map again = lc_service_existing(c, family->witness, &family->before);
    lc_check_payload(c, "digest of the parent's bytes", 1000, 3, again.base);
    lc_service_expect_references(c, family->witness, &family->before, 2);
    lc_service_expect_references(c, child, &family->before, 1);
    lc_service_expect_references(c, child, &family->after, 0);
}

static void child_beside_parent(struct lc_case *c) {
    lc_service_open(c);
    struct family family = pre_fork(c);
    int child = connect_child(c, &family);
    lc_service_expect_references(c, family.parent, &family.before, 2);
    check_child_references(c, &family, child);
}

static void child_after_parent(struct lc_case *c) {
    lc_service_open(c);
    struct family family = pre_fork(c);
    (void)close(family.parent);
    lc_service_wait_references(c, family.witness, &family.after, 1);
    check_child_references(c, &family, connect_child(c, &family));
}

/* The service keeps a reference for the child, which it must include in its reply to the parent. */
static void kept_for_child(struct lc_case *c) {
    lc_service_open(c);
    struct family family = pre_fork(c);
    long before = lc_service_deregister(c, family.parent, family.before.id);
    lc_check(c, before > 1, "more than one reference, because one is kept for the child", "%ld", before);
    (void)lc_service_existing(c, family.witness, &family.before);
    (void)lc_service_deregister(c, family.witness, family.before.id);
    check_child_references(c, &family, connect_child(c, &family));
}

/* ---------------------------------------------------------------- Exit */

static bool refuses_connections(void *argument) {
    int socket = lc_service_connect();
    if (socket >= 0) {
        (void)close(socket);
    }
    *(int *)argument = socket;
    return socket < 0;
}

static void expect_exit(struct lc_case *c) {
    int rc = 0;
    lc_check_within(c, refuses_connections, &rc, TIMEOUT_MS, "the service exits", "it still accepts connections");
    lc_check(c, rc == -ECONNREFUSED, "no process listens at the service's name", "%s", strerror(-rc));
}

static void exits(struct lc_case *c) {
    lc_service_open(c);
    int held = lc_service_open_connection(c);
    struct lc_served_map map = lc_service_new(c, held, BYTES);
    int last = lc_service_open_connection(c);
    lc_service_send(c, last, &(struct lc_tcp_message){.kind = LC_EXIT});
    expect_exit(c);
    int rc = lc_wait_hangup(held, lc_scaled_ms(TIMEOUT_MS));
    lc_check(c, rc == 0, "the service closes all connections", "%s", strerror(-rc));
    lc_payload_fill(map.base, 1000, 1);
    lc_check_payload(c, "digest", 1000, 1, map.base);
}

/* ---------------------------------------------------------------- bytes */

/* The test vectors of SPEC.md. */
static void bytes(struct lc_case *c) {
    lc_service_open(c);
    int socket = lc_service_open_connection(c);
    lc_service_send_body(c, socket, "\x00\x80\x20", 3);
    struct lc_served_map map = lc_service_expect_map(c, socket);
    lc_check_u64(c, "size of NewMap(4096):", 4096, map.size);
    uint8_t existing[23] = {0x01, 0x80, 0x20};
    snprintf((char *)existing + 3, LC_ID_BYTES, "%ld", map.id);
    lc_service_send_body(c, socket, existing, sizeof existing);
    struct lc_served_map again = lc_service_expect_map(c, socket);
    lc_service_check_same(c, &map, &again);
    lc_service_send_body(c, socket, "\x02\x0e", 2);
    lc_check_u64(c, "number of references before Deregister(7):", map.id == 7 ? 2 : 0,
                 (uint64_t)lc_service_expect_number(c, socket));
    lc_service_send_body(c, socket, "\x03", 1);
    long id = lc_service_expect_number(c, socket);
    lc_check(c, id == lc_service_hello(c, socket), "the id of this connection for Hello", "%ld", id);
    lc_service_send_body(c, socket, "\x04", 1);
    (void)lc_service_expect_number(c, socket);
    lc_service_send_body(c, lc_service_open_connection(c), "\x06", 1);
    expect_exit(c);
}

/* Hello and PreFork have the same reply. After Hello no reference is kept for a child. */
static void hello_is_not_prefork(struct lc_case *c) {
    lc_service_open(c);
    int witness = connect_known(c);
    int other = lc_service_open_connection(c);
    struct lc_served_map dropped = lc_service_new(c, other, BYTES);
    lc_service_send_body(c, other, "\x03", 1);
    (void)lc_service_expect_number(c, other);
    (void)close(other);
    lc_service_wait_removed(c, witness, &dropped);
}

const struct lc_case_def lc_service_cases[] = {
    {"SERVED-1/answers", "Hello, NewMap, ExistingMap and Deregister in turn", "service", LC_FIRST_PROVIDER, replies, 0,
     true},
    {"SERVED-1/pieces", "a request that arrives byte by byte", "service", LC_FIRST_PROVIDER, in_pieces, 0, true},
    {"SERVED-1/at-once", "two requests in one write", "service", LC_FIRST_PROVIDER, two_at_once, 0, true},
    {"SERVED-2/new", "new maps have the requested size, are zeroed, and are distinct", "service", LC_FIRST_PROVIDER,
     new_maps, 0, true},
    {"SERVED-2/zeroed", "new maps are zeroed after others were returned", "service", LC_FIRST_PROVIDER, zeroed_again, 0,
     true},
    {"SERVED-2/existing", "other clients get the same memory", "service", LC_FIRST_PROVIDER, existing_maps, 0, true},
    {"SERVED-2/hello", "twelve connections have different ids", "service", LC_FIRST_PROVIDER, connection_ids, 0, true},
    {"SERVED-8/counts", "references are counted over all connections", "service", LC_FIRST_PROVIDER, references, 0,
     true},
    {"SERVED-8/nothing", "Deregister of unknown maps", "service", LC_FIRST_PROVIDER, unknown_maps, 0, true},
    {"SERVED-9/beside", "a forked child while its parent is connected", "service", LC_FIRST_PROVIDER,
     child_beside_parent, 0, true},
    {"SERVED-9/parent-gone", "a forked child after its parent has disconnected", "service", LC_FIRST_PROVIDER,
     child_after_parent, 0, true},
    {"SERVED-9/kept", "the parent returns its map before the child connects", "service", LC_FIRST_PROVIDER,
     kept_for_child, 0, true},
    {"SERVED-3/one-of-two", "a closed connection drops its references", "service", LC_FIRST_PROVIDER, closed_connection,
     0, true},
    {"SERVED-3/last", "the map is removed when its last connection is closed", "service", LC_FIRST_PROVIDER,
     last_connection_closed, 0, true},
    {"SERVED-10/exit", "Exit ends the service and frees its name", "service", LC_FIRST_PROVIDER, exits, 0, true},
    {"POST-6/hello", "index 3 is Hello, and not PreFork", "service", LC_FIRST_PROVIDER, hello_is_not_prefork, 0, true},
    {"POST-6/bytes", "the bytes of requests in SPEC.md", "service", LC_FIRST_PROVIDER, bytes, 0, true},
    {0},
};
