/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "test/oracle_channel.h"

#include <stdlib.h>

int channel_setup(void **state) {
    struct channel *channel = calloc(1, sizeof *channel);
    assert_non_null(channel);
    *state = channel;
    struct lc_map *map = channel_map(channel, FIRST_MAP);
    lc_writer_start(&channel->writer, map, SENDER);
    assert_int_equal(lc_reader_open(&channel->reader, map->provider, &map->desc, 0, true), 0);
    return 0;
}

int channel_teardown(void **state) {
    struct channel *channel = *state;
    lc_reader_close(&channel->reader);
    for (size_t i = 0; i < channel->count; i++) {
        lc_map_close(&channel->maps[i]);
    }
    free(channel);
    return 0;
}

struct lc_map *channel_map(struct channel *channel, size_t size) {
    struct lc_map *map = &channel->maps[channel->count];
    assert_true(channel->count < sizeof channel->maps / sizeof channel->maps[0]);
    assert_int_equal(lc_map_create(LC_SYSV, size, map), 0);
    channel->count++;
    return map;
}

uint64_t channel_send(struct channel *channel, uint64_t length) {
    return lc_writer_send(&channel->writer, TAG, 0, length, length);
}

void channel_put(struct channel *channel, uint64_t offset, unsigned bytes, uint64_t value) {
    uint8_t *page = channel->writer.map->base;
    if (bytes == 2) {
        lc_put16(page, offset, (uint16_t)value);
    } else if (bytes == 4) {
        lc_put32(page, offset, (uint32_t)value);
    } else {
        lc_put64(page, offset, value);
    }
}

uint16_t joined(const struct lc_map *map) {
    return lc_get16(map->base, LC_PAGE_JOINED);
}

uint16_t left(const struct lc_map *map) {
    return lc_get16(map->base, LC_PAGE_LEFT);
}

void expect_message(struct channel *channel, uint64_t id, uint64_t length) {
    int rc = lc_reader_next(&channel->reader, &channel->message);
    if (rc != 1) {
        const struct lc_finding *finding = &channel->reader.finding;
        fail_msg("message %d: %d, %s: expected: %s; seen: %s", (int)id, rc, finding->requirement, finding->expected,
                 finding->seen);
    }
    assert_int_equal(channel->message.id, id);
    assert_int_equal(channel->message.length, length);
}

void expect_finding(struct channel *channel, const char *requirement, uint64_t offset) {
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lc_reader_next(&channel->reader, &channel->message), -EPROTO);
        assert_string_equal(channel->reader.finding.requirement, requirement);
        assert_int_equal(channel->reader.finding.offset, offset);
        assert_int_not_equal(channel->reader.finding.expected[0], 0);
        assert_int_not_equal(channel->reader.finding.seen[0], 0);
    }
}
