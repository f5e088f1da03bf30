/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/service_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite/kit/case_internal.h"

enum { TIMEOUT_MS = 2000, BODY = 64 };

struct lc_actor *lc_service_open(struct lc_case *c) {
    struct lc_actor *service = lc_spawn(c, "service");
    lc_call(c, service, "service.open", "{}");
    return service;
}

int lc_service_open_connection(struct lc_case *c) {
    int socket = lc_service_connect();
    lc_check(c, socket >= 0, "the service accepts the connection", "%s", strerror(-socket));
    return socket;
}

/* ---------------------------------------------------------------- requests that may fail */

void lc_service_send_body(struct lc_case *c, int socket, const void *body, size_t length) {
    int rc = lc_frame_write(socket, body, length, lc_scaled_ms(TIMEOUT_MS));
    lc_check(c, rc == 0, "the service reads from the connection", "%s", strerror(-rc));
}

void lc_service_send(struct lc_case *c, int socket, const struct lc_tcp_message *request) {
    uint8_t body[BODY];
    lc_service_send_body(c, socket, body, lc_service_encode(body, sizeof body, request));
}

int lc_service_receive(int socket, long *number, int *descriptor) {
    return lc_service_reply(socket, number, descriptor, lc_scaled_ms(TIMEOUT_MS));
}

static bool is_closed(int rc) {
    return rc == -EPIPE || rc == -ECONNRESET;
}

static const char *error_text(int rc) {
    return is_closed(rc) ? "the service closed the connection" : strerror(-rc);
}

/* Returns the descriptor of a map, or -1. */
static int receive_any(struct lc_case *c, int socket, long *number) {
    int fd;
    int rc = lc_service_receive(socket, number, &fd);
    lc_check(c, rc == 0 || is_closed(rc), "a reply, or the end of the connection", "%s", strerror(-rc));
    return fd;
}

void lc_service_expect_no_map(struct lc_case *c, int socket) {
    long number;
    int fd = receive_any(c, socket, &number);
    lc_check(c, fd < 0, "no map", "a map, and the number %ld", number);
}

/* ---------------------------------------------------------------- replies */

long lc_service_expect_number(struct lc_case *c, int socket) {
    long number = 0;
    int fd;
    int rc = lc_service_receive(socket, &number, &fd);
    lc_check(c, rc == 0, "a number", "%s", error_text(rc));
    lc_check(c, fd < 0, "a number without a descriptor", "one with a descriptor");
    return number;
}

static void map_descriptor(struct lc_case *c, struct lc_served_map *map) {
    struct stat stat;
    if (fstat(map->fd, &stat) != 0) {
        lc_error(c, "fstat: %s", strerror(errno));
    }
    map->size = (uint64_t)stat.st_size;
    map->device = stat.st_dev;
    map->inode = stat.st_ino;
    lc_check(c, map->size > 0, "the descriptor of a map", "one of 0 bytes");
    void *base = mmap(NULL, (size_t)map->size, PROT_READ | PROT_WRITE, MAP_SHARED, map->fd, 0);
    lc_check(c, base != MAP_FAILED, "a descriptor that can be mapped", "%s", strerror(errno));
    map->base = base;
}

struct lc_served_map lc_service_expect_map(struct lc_case *c, int socket) {
    struct lc_served_map map = {.fd = -1};
    int rc = lc_service_receive(socket, &map.id, &map.fd);
    lc_check(c, rc == 0, "a map", "%s", error_text(rc));
    lc_check(c, map.fd >= 0, "the map's id with a descriptor", "the number %ld without one", map.id);
    map_descriptor(c, &map);
    return map;
}

/* ---------------------------------------------------------------- requests that must succeed */

long lc_service_hello(struct lc_case *c, int socket) {
    lc_service_send(c, socket, &(struct lc_tcp_message){.kind = LC_HELLO});
    return lc_service_expect_number(c, socket);
}

struct lc_served_map lc_service_new(struct lc_case *c, int socket, uint64_t size) {
    lc_service_send(c, socket, &(struct lc_tcp_message){.kind = LC_NEW_MAP, .size = size});
    return lc_service_expect_map(c, socket);
}

void lc_service_send_existing(struct lc_case *c, int socket, long id, uint64_t size) {
    char text[LC_ID_BYTES];
    snprintf(text, sizeof text, "%d", (int)id);
    lc_service_send(c, socket, &(struct lc_tcp_message){.kind = LC_EXISTING_MAP, .desc = lc_desc_of(size, text)});
}

struct lc_served_map lc_service_existing(struct lc_case *c, int socket, const struct lc_served_map *map) {
    lc_service_send_existing(c, socket, map->id, map->size);
    struct lc_served_map again = lc_service_expect_map(c, socket);
    lc_service_check_same(c, map, &again);
    return again;
}

long lc_service_deregister(struct lc_case *c, int socket, long id) {
    lc_service_send(c, socket, &(struct lc_tcp_message){.kind = LC_DEREGISTER, .number = (int32_t)id});
    return lc_service_expect_number(c, socket);
}

void lc_service_expect_references(struct lc_case *c, int socket, const struct lc_served_map *map, long expected) {
    long references = lc_service_deregister(c, socket, map->id);
    lc_check_u64(c, "number of references before Deregister", (uint64_t)expected, (uint64_t)references);
}

void lc_service_check_same(struct lc_case *c, const struct lc_served_map *one, const struct lc_served_map *other) {
    lc_check(c, one->id == other->id, "the same id", "%ld and %ld", one->id, other->id);
    lc_check(c, one->device == other->device && one->inode == other->inode, "the same memory", "another map");
}

/* ---------------------------------------------------------------- effects of closed connections */

struct wanted {
    struct lc_case *c;
    int socket;
    const struct lc_served_map *map;
    long references;
    long seen;
};

static void unmap(struct lc_served_map *map) {
    (void)munmap(map->base, (size_t)map->size);
    (void)close(map->fd);
}

static bool has_references(void *argument) {
    struct wanted *wanted = argument;
    struct lc_served_map again = lc_service_existing(wanted->c, wanted->socket, wanted->map);
    unmap(&again);
    wanted->seen = lc_service_deregister(wanted->c, wanted->socket, wanted->map->id) - 1;
    return wanted->seen == wanted->references;
}

void lc_service_wait_references(struct lc_case *c, int socket, const struct lc_served_map *map, long references) {
    struct wanted wanted = {c, socket, map, references, 0};
    const char *expected = lc_format(c, "%ld references to the map within two seconds", references);
    lc_check(c, lc_wait_until(has_references, &wanted, TIMEOUT_MS), expected, "%ld", wanted.seen);
}

/* After two round trips of another connection, a service that handles its connections in turn has seen the hang-up. */
static bool is_removed(void *argument) {
    struct wanted *wanted = argument;
    long number;
    (void)lc_service_hello(wanted->c, wanted->socket);
    (void)lc_service_hello(wanted->c, wanted->socket);
    int socket = lc_service_open_connection(wanted->c);
    lc_service_send_existing(wanted->c, socket, wanted->map->id, wanted->map->size);
    int fd = receive_any(wanted->c, socket, &number);
    (void)close(socket);
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd < 0;
}

void lc_service_wait_removed(struct lc_case *c, int witness, const struct lc_served_map *map) {
    struct wanted wanted = {c, witness, map, 0, 0};
    lc_check(c, lc_wait_until(is_removed, &wanted, TIMEOUT_MS), "the map is removed within two seconds",
             "map %ld is still handed out", map->id);
}
