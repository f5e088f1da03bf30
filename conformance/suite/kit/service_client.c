/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/service_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WAIT_MS = 2000, BODY = 64 };

static int patient(void) {
    return (int)(WAIT_MS * lc_time_factor);
}

struct lc_actor *lc_service_open(struct lc_case *c) {
    struct lc_actor *service = lc_spawn(c, "service");
    lc_call(c, service, "service.open", "{}");
    return service;
}

int lc_service_open_connection(struct lc_case *c) {
    int socket = lc_service_connect();
    lc_check(c, socket >= 0, "a service that accepts connections", "%s", strerror(-socket));
    return socket;
}

/* ---------------------------------------------------------------- asking */

void lc_service_send_body(struct lc_case *c, int socket, const void *body, size_t length) {
    int rc = lc_frame_write(socket, body, length, patient());
    lc_check(c, rc == 0, "a service that reads", "%s", strerror(-rc));
}

void lc_service_send(struct lc_case *c, int socket, const struct lc_tcp_message *request) {
    uint8_t body[BODY];
    lc_service_send_body(c, socket, body, lc_service_encode(body, sizeof body, request));
}

int lc_service_receive(int socket, long *number, int *descriptor) {
    return lc_service_reply(socket, number, descriptor, patient());
}

static bool is_hangup(int rc) {
    return rc == -EPIPE || rc == -ECONNRESET;
}

void lc_service_expect_no_map(struct lc_case *c, int socket) {
    long number;
    int fd;
    int rc = lc_service_receive(socket, &number, &fd);
    lc_check(c, rc == 0 || is_hangup(rc), "an answer or a hang-up", "%s", strerror(-rc));
    lc_check(c, fd < 0, "no map", "one, with the answer %ld", number);
}

long lc_service_expect_number(struct lc_case *c, int socket) {
    long number = 0;
    int fd;
    int rc = lc_service_receive(socket, &number, &fd);
    lc_check(c, rc == 0, "a number for an answer", "%s", is_hangup(rc) ? "a hang-up" : strerror(-rc));
    lc_check(c, fd < 0, "no descriptor beside the number", "one");
    return number;
}

/* ---------------------------------------------------------------- maps */

static void look_at(struct lc_case *c, struct lc_served_map *map) {
    struct stat stat;
    if (fstat(map->fd, &stat) != 0) {
        lc_error(c, "fstat: %s", strerror(errno));
    }
    map->size = (uint64_t)stat.st_size;
    map->device = stat.st_dev;
    map->inode = stat.st_ino;
    lc_check(c, map->size > 0, "a descriptor of a map", "one of 0 bytes");
    void *base = mmap(NULL, (size_t)map->size, PROT_READ | PROT_WRITE, MAP_SHARED, map->fd, 0);
    lc_check(c, base != MAP_FAILED, "a descriptor that can be mapped", "%s", strerror(errno));
    map->base = base;
}

struct lc_served_map lc_service_expect_map(struct lc_case *c, int socket) {
    struct lc_served_map map = {.fd = -1};
    int rc = lc_service_receive(socket, &map.id, &map.fd);
    lc_check(c, rc == 0, "a map", "%s", is_hangup(rc) ? "a hang-up" : strerror(-rc));
    lc_check(c, map.fd >= 0, "a descriptor beside the map's id", "none");
    look_at(c, &map);
    return map;
}

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

void lc_service_check_same(struct lc_case *c, const struct lc_served_map *one, const struct lc_served_map *other) {
    lc_check(c, one->id == other->id, "the same id again", "%ld and %ld", one->id, other->id);
    lc_check(c, one->device == other->device && one->inode == other->inode, "the same memory again", "another map");
}

/* ---------------------------------------------------------------- hang-ups, which the service sees in its own time */

struct wanted {
    struct lc_case *c;
    int socket;
    const struct lc_served_map *map;
    long references;
    long seen;
};

static void forget(struct lc_served_map *map) {
    munmap(map->base, (size_t)map->size);
    close(map->fd);
}

static bool are_left(void *argument) {
    struct wanted *wanted = argument;
    struct lc_served_map again = lc_service_existing(wanted->c, wanted->socket, wanted->map);
    forget(&again);
    wanted->seen = lc_service_deregister(wanted->c, wanted->socket, wanted->map->id) - 1;
    return wanted->seen == wanted->references;
}

void lc_service_wait_references(struct lc_case *c, int socket, const struct lc_served_map *map, long references) {
    struct wanted wanted = {c, socket, map, references, 0};
    const char *expected = references == 1 ? "one reference left" : "so many references left as there are connections";
    lc_check(c, lc_wait_until(are_left, &wanted, WAIT_MS), expected, "%ld", wanted.seen);
}

/* Two round trips of another connection: in between, a service that takes turns has seen who hung up before them. */
static bool is_gone(void *argument) {
    struct wanted *wanted = argument;
    lc_service_hello(wanted->c, wanted->socket);
    lc_service_hello(wanted->c, wanted->socket);
    int socket = lc_service_open_connection(wanted->c);
    lc_service_send_existing(wanted->c, socket, wanted->map->id, wanted->map->size);
    long number;
    int fd;
    int rc = lc_service_receive(socket, &number, &fd);
    lc_check(wanted->c, rc == 0 || is_hangup(rc), "an answer or a hang-up", "%s", strerror(-rc));
    close(socket);
    if (fd >= 0) {
        close(fd);
    }
    return fd < 0;
}

void lc_service_wait_removed(struct lc_case *c, int witness, const struct lc_served_map *map) {
    struct wanted wanted = {c, witness, map, 0, 0};
    lc_check(c, lc_wait_until(is_gone, &wanted, WAIT_MS), "a map that is gone", "map %ld is still handed out", map->id);
}
