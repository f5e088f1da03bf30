/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A client of a ShMemService, played by the suite: one request at a time, and each reply is checked (SERVED-1). */
#ifndef LC_SUITE_KIT_SERVICE_CLIENT_H
#define LC_SUITE_KIT_SERVICE_CLIENT_H

#include <sys/types.h>

#include "suite/kit/case.h"

enum { LC_SERVED_BYTES = 65536 };

/* A map that the service handed out. */
struct lc_served_map {
    long id;
    int fd;
    uint64_t size; /* of the descriptor */
    dev_t device;
    ino_t inode; /* identifies the memory, together with the device */
    uint8_t *base;
};

/* Starts a service of the implementation. */
struct lc_actor *lc_service_open(struct lc_case *c);
/* Opens a connection. Send a request at once: LibAFL's service accepts no other connection before the first request. */
int lc_service_open_connection(struct lc_case *c);

/* ---------------------------------------------------------------- requests that may fail */

void lc_service_send(struct lc_case *c, int socket, const struct lc_tcp_message *request);
void lc_service_send_body(struct lc_case *c, int socket, const void *body, size_t length);
/* Waits two seconds for a reply. Returns as lc_service_reply(). */
int lc_service_receive(int socket, long *number, int *descriptor);
/* Fails the case unless the service replies without a descriptor or closes the connection. */
void lc_service_expect_no_map(struct lc_case *c, int socket);

/* ---------------------------------------------------------------- requests that must succeed */

/* Receive a reply: a number without a descriptor, and a map. */
long lc_service_expect_number(struct lc_case *c, int socket);
struct lc_served_map lc_service_expect_map(struct lc_case *c, int socket);
/* Hello; returns the connection's id. */
long lc_service_hello(struct lc_case *c, int socket);
/* NewMap */
struct lc_served_map lc_service_new(struct lc_case *c, int socket, uint64_t size);
/* ExistingMap, without its reply, and with a reply that must be this map */
void lc_service_send_existing(struct lc_case *c, int socket, long id, uint64_t size);
struct lc_served_map lc_service_existing(struct lc_case *c, int socket, const struct lc_served_map *map);
/* Deregister; returns the number of references before it. */
long lc_service_deregister(struct lc_case *c, int socket, long id);
/* The same; fails the case unless the number is `expected`. */
void lc_service_expect_references(struct lc_case *c, int socket, const struct lc_served_map *map, long expected);

/* Fails the case unless both are the same memory with the same id. */
void lc_service_check_same(struct lc_case *c, const struct lc_served_map *one, const struct lc_served_map *other);

/*
 * Waits two seconds until the map has `references` references, including those of `socket`, which must have one. Each
 * check adds a reference for a moment.
 */
void lc_service_wait_references(struct lc_case *c, int socket, const struct lc_served_map *map, long references);
/* Waits two seconds until the service no longer hands out the map. `witness`: any other connection. */
void lc_service_wait_removed(struct lc_case *c, int witness, const struct lc_served_map *map);

#endif
