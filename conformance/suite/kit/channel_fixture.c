/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/channel_fixture.h"

struct lc_channel lc_channel_open(struct lc_case *c) {
    struct lc_channel channel = {.sender = lc_play(c, "sender")};
    struct lc_desc desc = lc_open_sender(c, channel.sender, LC_CHANNEL_SENDER);
    channel.reader = lc_read_channel(c, channel.sender, &desc);
    return channel;
}

void lc_channel_pass(struct lc_case *c, struct lc_channel *channel, uint64_t length, uint64_t seed) {
    lc_send(c, channel->sender, LC_CHANNEL_TAG, length, seed);
    lc_expect(c, channel->reader, LC_CHANNEL_TAG, LC_CHANNEL_SENDER, 0, length, seed);
}
