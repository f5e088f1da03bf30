/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broker and raw clients that behave. */
#ifndef LC_SUITE_KIT_BROKER_FIXTURE_H
#define LC_SUITE_KIT_BROKER_FIXTURE_H

#include "suite/kit/case.h"

enum { LC_FIXTURE_TAG = 0xB40C };

struct lc_broker_fixture {
    struct lc_actor *broker;
    struct lc_desc broadcast;
    uint16_t port;
};

/* A broker that listens; with more arguments for broker.open, which are taken over. */
struct lc_broker_fixture lc_fixture_open(struct lc_case *c);
struct lc_broker_fixture lc_fixture_open_with(struct lc_case *c, json_t *more);

/* One more raw client. */
struct lc_raw_client *lc_fixture_connect(struct lc_case *c, struct lc_broker_fixture *scene);

/* A message with LC_FIXTURE_TAG on a client's channel, and the wish for it on the broadcast. */
void lc_fixture_send(struct lc_raw_client *client, uint64_t length, uint64_t seed);
void lc_fixture_expect(struct lc_case *c, struct lc_raw_client *client, uint32_t sender, uint64_t length,
                       uint64_t seed);

/* CLIENT_EXIT on a client's channel, naming that id. */
void lc_send_client_exit(struct lc_raw_client *client, uint32_t names);

#endif
