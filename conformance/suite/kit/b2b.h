/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The suite as a broker that is linked to another: frames, links, and what the other one's clients see of them. */
#ifndef LC_SUITE_KIT_B2B_H
#define LC_SUITE_KIT_B2B_H

#include "suite/kit/case.h"

/* Ten seconds: the original looks at its broadcast once in three. */
enum { LC_B2B_TAG = 0xB2B, LC_B2B_READY_TAG = 0x101, LC_B2B_WAIT_MS = 10000, LC_B2B_BODY = 4096 };

struct lc_b2b_fixture {
    struct lc_actor *broker;
    uint16_t port;
    struct lc_raw_client *client; /* of this broker */
    int link;                     /* the suite as its peer */
    uint32_t id;                  /* that the broker gave the suite */
};

/* RemoteNewMessage frames, checked. */
void lc_b2b_write_frame(struct lc_case *c, int socket, const void *body, size_t length);
void lc_b2b_send_remote(struct lc_case *c, int socket, uint32_t tag, uint32_t flags, size_t length, uint64_t seed);
void lc_b2b_expect_remote(struct lc_case *c, int socket, uint32_t tag, size_t length, uint64_t seed);

/* Connects as a broker does: the link's socket, and the id that the other one has for it. */
int lc_b2b_link(struct lc_case *c, uint16_t port, uint32_t *id);
/* A broker, a client of it, and a link to it. */
struct lc_b2b_fixture lc_b2b_open(struct lc_case *c);
/*
 * A client that its broker serves already: being accepted over TCP says nothing of that, and where the two differ ids
 * may get mixed up (BROKER-2).
 */
struct lc_raw_client *lc_b2b_connect_client(struct lc_case *c, struct lc_actor *broker, uint16_t port);

/* The next message on the broadcast that this client did not send. Whether LC_B2B_READY_TAG crosses is up to the brokers. */
void lc_b2b_next_foreign(struct lc_case *c, struct lc_raw_client *client, struct lc_message *message);
/* Wants what came over the link next on the broadcast. */
void lc_b2b_expect_local(struct lc_case *c, struct lc_b2b_fixture *scene, uint32_t tag, uint32_t flags, size_t length,
                         uint64_t seed);
void lc_b2b_check_link(struct lc_case *c, struct lc_b2b_fixture *scene, uint64_t seed);
/* A broker that somebody did something to still serves its clients and a new link. */
void lc_b2b_check_service(struct lc_case *c, struct lc_b2b_fixture *scene, uint64_t seed);

#endif
