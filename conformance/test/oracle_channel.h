/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For the tests of the oracle's pages: a writer and a reader on one channel, in one process. */
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
    struct lc_message message; /* read last */
};

/* cmocka set-up and teardown: a page of FIRST_MAP bytes over sysv, with nothing on it, that the reader has joined. */
int channel_setup(void **state);
int channel_teardown(void **state);

/* One more map of the channel, zeroed. */
struct lc_map *channel_map(struct channel *channel, size_t size);
/* One message of so many bytes, as right as can be; where its slot stands. */
uint64_t channel_send(struct channel *channel, uint64_t length);
/* Changes one field of the page: so many bytes at an offset. */
void channel_put(struct channel *channel, uint64_t offset, unsigned bytes, uint64_t value);

/* The reader finds the next message right. */
void expect_message(struct channel *channel, uint64_t id, uint64_t length);
/* It finds this requirement broken at that offset, and finds it again when it looks again. */
void expect_finding(struct channel *channel, const char *requirement, uint64_t offset);

#endif
