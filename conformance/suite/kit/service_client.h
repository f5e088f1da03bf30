/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Talking to a ShMemService as its raw client: one request at a time, each answer held against SERVED-1. */
#ifndef LC_SUITE_KIT_SERVICE_CLIENT_H
#define LC_SUITE_KIT_SERVICE_CLIENT_H

#include <sys/types.h>

#include "suite/kit/case.h"

enum { LC_SERVED_BYTES = 65536 };

/* A map as the service handed it out. */
struct lc_served_map {
    long id;
    int fd;
    uint64_t size; /* that the descriptor says */
    dev_t device;
    ino_t inode; /* with the device: which memory it is */
    uint8_t *base;
};

/* Starts a service; it is the first party of the case. */
struct lc_actor *lc_service_open(struct lc_case *c);
/* A new connection. Whoever opens one should ask at once, as the original accepts nobody else before that. */
int lc_service_open_connection(struct lc_case *c);

/* The parts of asking, for requests that need not work. */
void lc_service_send(struct lc_case *c, int socket, const struct lc_tcp_message *request);
void lc_service_send_body(struct lc_case *c, int socket, const void *body, size_t length);
/* Two seconds, which are ages to a service. As lc_service_reply(). */
int lc_service_receive(int socket, long *number, int *descriptor);
/* Wants an answer that is no map, or a hang-up. */
void lc_service_expect_no_map(struct lc_case *c, int socket);

/* Requests that have to work; numbers come without a descriptor, maps with one. */
long lc_service_expect_number(struct lc_case *c, int socket);
struct lc_served_map lc_service_expect_map(struct lc_case *c, int socket);
long lc_service_hello(struct lc_case *c, int socket);
struct lc_served_map lc_service_new(struct lc_case *c, int socket, uint64_t size);
void lc_service_send_existing(struct lc_case *c, int socket, long id, uint64_t size);
struct lc_served_map lc_service_existing(struct lc_case *c, int socket, const struct lc_served_map *map);
long lc_service_deregister(struct lc_case *c, int socket, long id);

/* Wants that both are the same memory under the same id. */
void lc_service_check_same(struct lc_case *c, const struct lc_served_map *one, const struct lc_served_map *other);

/*
 * Wants that `references` to a map are left within two seconds, those of `socket`, which holds it, included. Asking takes
 * one more for a moment.
 */
void lc_service_wait_references(struct lc_case *c, int socket, const struct lc_served_map *map, long references);
/* Wants that a map is gone within two seconds. `witness` is any other connection. */
void lc_service_wait_removed(struct lc_case *c, int witness, const struct lc_served_map *map);

#endif
