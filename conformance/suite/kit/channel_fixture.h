/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A sender of the implementation, and the oracle's reader on its channel. */
#ifndef LC_SUITE_KIT_CHANNEL_FIXTURE_H
#define LC_SUITE_KIT_CHANNEL_FIXTURE_H

#include "suite/kit/case.h"

enum { LC_CHANNEL_TAG = 0x5E4D, LC_CHANNEL_SENDER = 3 };

struct lc_channel {
    struct lc_actor *sender;
    struct lc_desc desc; /* of the first page */
    struct lc_reader *reader;
};

struct lc_channel lc_channel_open(struct lc_case *c);
/* The same with a number of expected receivers (0: unknown), if the adapter has the option. */
struct lc_channel lc_channel_open_for(struct lc_case *c, int receivers);

/* Waits for the next message; fails the case unless it has LC_CHANNEL_TAG and the payload of that seed. */
void lc_channel_expect(struct lc_case *c, struct lc_channel *channel, uint64_t length, uint64_t seed);
/* Sends a message with LC_CHANNEL_TAG. Returns false if the sender has no room for it within 100 ms. */
bool lc_channel_try_send(struct lc_case *c, struct lc_channel *channel, uint64_t length, uint64_t seed);
/* Sends a message with LC_CHANNEL_TAG, and expects it. */
void lc_channel_transfer(struct lc_case *c, struct lc_channel *channel, uint64_t length, uint64_t seed);

#endif
