/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/channel_fixture.h"

struct lc_channel lc_channel_open(struct lc_case *c) {
    struct lc_channel channel = {.sender = lc_spawn(c, "sender")};
    struct lc_desc desc = lc_open_sender(c, channel.sender, LC_CHANNEL_SENDER);
    channel.reader = lc_read_channel(c, channel.sender, &desc);
    return channel;
}

void lc_channel_transfer(struct lc_case *c, struct lc_channel *channel, uint64_t length, uint64_t seed) {
    lc_send_message(c, channel->sender, LC_CHANNEL_TAG, length, seed);
    lc_expect_message(c, channel->reader, LC_CHANNEL_TAG, LC_CHANNEL_SENDER, 0, length, seed);
}
