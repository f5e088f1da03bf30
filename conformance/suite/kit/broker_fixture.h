/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A broker and raw clients that behave. */
#ifndef LC_SUITE_KIT_BROKER_FIXTURE_H
#define LC_SUITE_KIT_BROKER_FIXTURE_H

#include "suite/kit/case.h"

enum { LC_SCENE_TAG = 0xB40C };

struct lc_scene {
    struct lc_party *broker;
    struct lc_desc broadcast;
    uint16_t port;
};

/* A broker that listens; with more arguments for broker.open, which are taken over. */
struct lc_scene lc_scene_open(struct lc_case *c);
struct lc_scene lc_scene_with(struct lc_case *c, json_t *more);

/* One more raw client. */
struct lc_raw_client *lc_scene_come(struct lc_case *c, struct lc_scene *scene);

/* A message with LC_SCENE_TAG on a client's channel, and the wish for it on the broadcast. */
void lc_scene_send(struct lc_raw_client *client, uint64_t length, uint64_t seed);
void lc_scene_expect(struct lc_case *c, struct lc_raw_client *client, uint32_t sender, uint64_t length, uint64_t seed);

/* CLIENT_EXIT on a client's channel, naming that id. */
void lc_scene_goodbye(struct lc_raw_client *client, uint32_t names);

#endif
