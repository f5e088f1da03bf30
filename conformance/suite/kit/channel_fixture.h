/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A sender under test and the oracle's reader on its channel. */
#ifndef LC_SUITE_KIT_CHANNEL_FIXTURE_H
#define LC_SUITE_KIT_CHANNEL_FIXTURE_H

#include "suite/kit/case.h"

enum { LC_CHANNEL_TAG = 0x5E4D, LC_CHANNEL_SENDER = 3 };

struct lc_channel {
    struct lc_actor *sender;
    struct lc_reader *reader;
};

struct lc_channel lc_channel_open(struct lc_case *c);

/* Sends one message with LC_CHANNEL_TAG, and wants it next. */
void lc_channel_transfer(struct lc_case *c, struct lc_channel *channel, uint64_t length, uint64_t seed);

#endif
