/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Talking to a ShMemService as its raw client: one request at a time, each answer held against SERVED-1. */
#ifndef LC_SUITE_KIT_SERVICE_CLIENT_H
#define LC_SUITE_KIT_SERVICE_CLIENT_H

#include <sys/types.h>

#include "suite/kit/case.h"

enum { LC_SERVED_BYTES = 65536 };

/* A map as the service handed it out. */
struct lc_served {
    long id;
    int fd;
    uint64_t size; /* that the descriptor says */
    dev_t device;
    ino_t inode; /* with the device: which memory it is */
    uint8_t *base;
};

/* Starts a service; it is the first party of the case. */
struct lc_party *lc_service_open(struct lc_case *c);
/* A new connection. Whoever opens one should ask at once, as the original accepts nobody else before that. */
int lc_service_call(struct lc_case *c);

/* The parts of asking, for requests that need not work. */
void lc_service_send(struct lc_case *c, int socket, const struct lc_tcp_message *request);
void lc_service_send_body(struct lc_case *c, int socket, const void *body, size_t length);
/* Two seconds, which are ages to a service. As lc_service_answer(). */
int lc_service_wait(int socket, long *number, int *descriptor);
/* Wants an answer that is no map, or a hang-up. */
void lc_service_refuses(struct lc_case *c, int socket);

/* Requests that have to work; numbers come without a descriptor, maps with one. */
long lc_service_number(struct lc_case *c, int socket);
struct lc_served lc_service_map(struct lc_case *c, int socket);
long lc_service_hello(struct lc_case *c, int socket);
struct lc_served lc_service_new(struct lc_case *c, int socket, uint64_t size);
void lc_service_send_existing(struct lc_case *c, int socket, long id, uint64_t size);
struct lc_served lc_service_existing(struct lc_case *c, int socket, const struct lc_served *map);
long lc_service_deregister(struct lc_case *c, int socket, long id);

/* Wants that both are the same memory under the same id. */
void lc_service_same(struct lc_case *c, const struct lc_served *one, const struct lc_served *other);

/*
 * Wants that `references` to a map are left within two seconds, those of `socket`, which holds it, included. Asking takes
 * one more for a moment.
 */
void lc_service_until_left(struct lc_case *c, int socket, const struct lc_served *map, long references);
/* Wants that a map is gone within two seconds. `witness` is any other connection. */
void lc_service_until_gone(struct lc_case *c, int witness, const struct lc_served *map);

#endif
