/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broker of the implementation, with raw clients that keep to the protocol. */
#ifndef LC_SUITE_KIT_BROKER_FIXTURE_H
#define LC_SUITE_KIT_BROKER_FIXTURE_H

#include "suite/kit/case.h"

enum { LC_FIXTURE_TAG = 0xB40C };

struct lc_broker_fixture {
    struct lc_actor *broker;
    uint16_t port;
};

/* Starts a broker that listens. */
struct lc_broker_fixture lc_fixture_open(struct lc_case *c);
/* The same with more arguments for broker.open, whose reference is stolen. */
struct lc_broker_fixture lc_fixture_open_with(struct lc_case *c, json_t *more);

/* Connects another raw client. */
struct lc_raw_client *lc_fixture_connect(struct lc_case *c, struct lc_broker_fixture *fixture);

/* Sends a message with LC_FIXTURE_TAG on the client's channel. It must fit on the page. */
void lc_fixture_send(struct lc_raw_client *client, uint64_t length, uint64_t seed);
/* Waits for the next message of `sender` on the broadcast, with that tag and payload. */
void lc_fixture_expect(struct lc_case *c, struct lc_raw_client *client, uint32_t sender, uint64_t length,
                       uint64_t seed);

#endif
