/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Broker to broker: the suite is linked to a broker of the implementation, and also plays a client of that broker. */
#ifndef LC_SUITE_KIT_B2B_H
#define LC_SUITE_KIT_B2B_H

#include "suite/kit/case.h"

/* The timeout is ten seconds because LibAFL's broker forwards to its links only once in three seconds. */
enum { LC_B2B_TAG = 0xB2B, LC_B2B_READY_TAG = 0x101, LC_B2B_TIMEOUT_MS = 10000, LC_B2B_BODY = 4096 };

struct lc_b2b_fixture {
    struct lc_actor *broker;
    uint16_t port;
    struct lc_raw_client *client; /* of the broker */
    int link;                     /* the socket of the link */
    uint32_t id;                  /* by which the broker knows the link */
};

/* Starts a broker, connects a client, and links to it. */
struct lc_b2b_fixture lc_b2b_open(struct lc_case *c);
/* Links to a broker as another broker does. Returns the socket; `id` receives the id that the broker assigned. */
int lc_b2b_link(struct lc_case *c, uint16_t port, uint32_t *id);
/*
 * Connects a client and waits until the broker forwards its first message, which has LC_B2B_READY_TAG. LibAFL accepts a
 * client over TCP before its broker knows it; a link made in between may get the client's id (BROKER-2).
 */
struct lc_raw_client *lc_b2b_connect_client(struct lc_case *c, struct lc_actor *broker, uint16_t port);

/* Frames of a link. lc_b2b_expect_remote() skips messages with LC_B2B_READY_TAG. */
void lc_b2b_write_frame(struct lc_case *c, int socket, const void *body, size_t length);
void lc_b2b_send_remote(struct lc_case *c, int socket, uint32_t tag, uint32_t flags, size_t length, uint64_t seed);
void lc_b2b_expect_remote(struct lc_case *c, int socket, uint32_t tag, size_t length, uint64_t seed);

/*
 * Waits for the next message on the broadcast that this client did not send. Skips messages with LC_B2B_READY_TAG,
 * which a broker may forward over a link or not.
 */
void lc_b2b_next_foreign(struct lc_case *c, struct lc_raw_client *client, struct lc_message *message);
/* Waits for the next message on the broadcast; fails the case unless it came over the link and has these fields. */
void lc_b2b_expect_local(struct lc_case *c, struct lc_b2b_fixture *fixture, uint32_t tag, uint32_t flags, size_t length,
                         uint64_t seed);

/* Fails the case unless the broker forwards a message of the link. */
void lc_b2b_check_link(struct lc_case *c, struct lc_b2b_fixture *fixture, uint64_t seed);
/* Fails the case unless the broker still serves its client and accepts a new link, which replaces the old one. */
void lc_b2b_check_service(struct lc_case *c, struct lc_b2b_fixture *fixture, uint64_t seed);

#endif
