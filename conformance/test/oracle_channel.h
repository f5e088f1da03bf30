/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A fixture for the tests of the oracle's pages: a writer and a reader on one channel, in one process. */
#ifndef LC_TEST_ORACLE_CHANNEL_H
#define LC_TEST_ORACLE_CHANNEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <errno.h>

#include <cmocka.h>

#include "oracle/page.h"

enum { SENDER = 7, TAG = 0x1234, FIRST_MAP = 4096 };

struct channel {
    struct lc_map maps[4];
    size_t count;
    struct lc_writer writer;
    struct lc_reader reader;
    struct lc_message message; /* the last one read */
};

/* Set-up and teardown for cmocka: an empty page of FIRST_MAP bytes over sysv, which the reader has joined. */
int channel_setup(void **state);
int channel_teardown(void **state);

/* Adds a zeroed map to the channel. */
struct lc_map *channel_map(struct channel *channel, size_t size);
/* Sends a valid message of `length` bytes; returns the offset of its slot. */
uint64_t channel_send(struct channel *channel, uint64_t length);
/* Overwrites a field of the page; `bytes` is its size. */
void channel_put(struct channel *channel, uint64_t offset, unsigned bytes, uint64_t value);

/* Return receivers_joined_count and receivers_left_count. */
uint16_t joined(const struct lc_map *map);
uint16_t left(const struct lc_map *map);

/* Fails unless the reader accepts the next message. */
void expect_message(struct channel *channel, uint64_t id, uint64_t length);
/* Fails unless the reader reports this violation at that offset, twice in succession. */
void expect_finding(struct channel *channel, const char *requirement, uint64_t offset);

#endif
