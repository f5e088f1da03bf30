/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/channel_fixture.h"

struct lc_channel lc_channel_open(struct lc_case *c) {
    struct lc_channel channel = {.sender = lc_spawn(c, "sender")};
    channel.desc = lc_open_sender(c, channel.sender, LC_CHANNEL_SENDER);
    channel.reader = lc_read_channel(c, channel.sender, &channel.desc);
    return channel;
}

struct lc_channel lc_channel_open_for(struct lc_case *c, int receivers) {
    struct lc_channel channel = {.sender = lc_spawn(c, "sender")};
    channel.desc = lc_open_sender_for(c, channel.sender, LC_CHANNEL_SENDER, receivers);
    channel.reader = lc_read_channel(c, channel.sender, &channel.desc);
    return channel;
}

void lc_channel_expect(struct lc_case *c, struct lc_channel *channel, uint64_t length, uint64_t seed) {
    lc_expect_message(c, channel->reader, LC_CHANNEL_TAG, LC_CHANNEL_SENDER, 0, length, seed);
}

bool lc_channel_try_send(struct lc_case *c, struct lc_channel *channel, uint64_t length, uint64_t seed) {
    return lc_call_may_refuse(c, channel->sender, NULL, "sender.send", "{s:i, s:I, s:I, s:i}", "tag", LC_CHANNEL_TAG,
                              "length", (json_int_t)length, "seed", (json_int_t)seed, "timeout_ms", 100) == LC_OK;
}

void lc_channel_transfer(struct lc_case *c, struct lc_channel *channel, uint64_t length, uint64_t seed) {
    lc_send_message(c, channel->sender, LC_CHANNEL_TAG, length, seed);
    lc_channel_expect(c, channel, length, seed);
}
