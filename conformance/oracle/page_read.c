/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads a channel. A message or a page is consumed only after its checks (page_slot.c, page_check.c) have passed. */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "oracle/page_check.h"
#include "oracle/page_slot.h"

/* After so many consecutive pages without a message, the pages are taken for a ring (EOP-10). */
enum { EMPTY_PAGES = 64 };

static int remember(struct lc_reader *reader, const struct lc_desc *desc) {
    struct lc_desc *more = realloc(reader->seen, (reader->seen_count + 1) * sizeof *more);
    if (more == NULL) {
        return -ENOMEM;
    }
    more[reader->seen_count++] = *desc;
    reader->seen = more;
    return 0;
}

static void start_on(struct lc_reader *reader, const struct lc_map *map) {
    reader->map = *map;
    reader->offset = LC_PAGE_HEADER;
    reader->last_id = 0;
}

int lc_reader_open(struct lc_reader *reader, enum lc_provider provider, const struct lc_desc *desc, pid_t owner,
                   bool join) {
    struct lc_map map;
    *reader = (struct lc_reader){.provider = provider, .owner = owner, .map.fd = -1};
    int rc = lc_map_open(provider, desc, owner, &map);
    if (rc != 0) {
        return rc;
    }
    start_on(reader, &map);
    reader->initial_size = map.size;
    rc = lc_check_first_page(&map, &reader->finding);
    if (rc == 0) {
        rc = remember(reader, desc);
    }
    if (rc != 0) {
        return rc;
    }
    if (join) {
        lc_join(map.base);
    }
    reader->joined = true;
    return 0;
}

/* A truncated page may have lost its header; it cannot be left. */
static void leave(struct lc_reader *reader) {
    if (reader->joined && lc_map_backed(&reader->map) >= LC_PAGE_HEADER) {
        lc_leave(reader->map.base);
    }
    reader->joined = false;
}

void lc_reader_close(struct lc_reader *reader) {
    leave(reader);
    lc_map_close(&reader->map);
    free(reader->seen);
    reader->seen = NULL;
    reader->seen_count = 0;
}

/* ---------------------------------------------------------------- reading one slot */

static int check_backed(struct lc_reader *reader) {
    size_t backed = lc_map_backed(&reader->map);
    if (backed < reader->map.size) {
        return lc_finding_set(&reader->finding, "ID-4", backed,
                              LC_TEXT("a segment that keeps its size of %zu bytes", reader->map.size),
                              LC_TEXT("%zu", backed));
    }
    return 0;
}

/* Returns 1 if there is a message after the last one, 0 if there is none, or -EPROTO with a finding. */
static int check_current(struct lc_reader *reader, uint64_t current) {
    if (current < reader->last_id) {
        return lc_finding_set(&reader->finding, "SEND-3", LC_PAGE_CURRENT_MSG_ID,
                              LC_TEXT("current_msg_id of at least %" PRIu64 ", which was read before", reader->last_id),
                              LC_TEXT("%" PRIu64, current));
    }
    if (current == reader->last_id) {
        return 0;
    }
    if (reader->offset > reader->map.size - LC_MSG_HEADER) {
        return lc_finding_set(&reader->finding, "MSG-5", LC_PAGE_CURRENT_MSG_ID, "no message beyond the end of the map",
                              LC_TEXT("current_msg_id %" PRIu64, current));
    }
    return 1;
}

/*
 * Copies and checks the next message without consuming it; returns as lc_reader_next(). A page that was refused when it
 * was opened is not read.
 */
static int read_slot(struct lc_reader *reader, struct lc_message *message) {
    if (!reader->joined) {
        return -EINVAL;
    }
    reader->finding = (struct lc_finding){0};
    int rc = check_backed(reader);
    if (rc != 0) {
        return rc;
    }
    uint64_t current = lc_current_msg_id(reader->map.base);
    rc = check_current(reader, current);
    if (rc != 1) {
        return rc;
    }
    *message = lc_message_copy(&reader->map, reader->offset);
    rc = lc_check_message(reader, message, current, &reader->finding);
    return rc != 0 ? rc : 1;
}

static void consume(struct lc_reader *reader, const struct lc_message *message) {
    uint64_t slot = LC_MSG_HEADER + message->padded;
    reader->offset += slot;
    reader->last_id = message->id;
    if (slot > reader->max_alloc) {
        reader->max_alloc = slot;
    }
}

/* ---------------------------------------------------------------- following END_OF_PAGE */

/* Returns true if the error is caused by the description, and not by a limit of this process or machine. */
static bool is_desc_error(int rc) {
    return rc == -ENOENT || rc == -EINVAL || rc == -EIDRM || rc == -EACCES || rc == -ENXIO || rc == -ENODEV;
}

static int open_next(struct lc_reader *reader, const struct lc_message *end, struct lc_map *next) {
    struct lc_desc desc;
    uint8_t payload[LC_EOP_PAYLOAD];
    memcpy(payload, end->payload, sizeof payload);
    lc_eop_parse(payload, &desc);
    int rc = lc_check_next_desc(reader, end, &desc, &reader->finding);
    if (rc != 0) {
        return rc;
    }
    rc = lc_map_open(reader->provider, &desc, reader->owner, next);
    if (is_desc_error(rc)) {
        return lc_finding_set(&reader->finding, "EOP-3", end->offset + LC_MSG_HEADER, "a next page that can be opened",
                              LC_TEXT("%s: %s", lc_desc_show(&desc), strerror(-rc)));
    }
    return rc;
}

/* Maps, checks and joins the next page before it leaves the old one (EOP-5). */
static int follow(struct lc_reader *reader, const struct lc_message *end) {
    struct lc_map next;
    int rc = open_next(reader, end, &next);
    if (rc != 0) {
        return rc;
    }
    rc = lc_check_next_page(reader, end, &next, &reader->finding);
    rc = rc != 0 ? rc : remember(reader, &next.desc);
    if (rc != 0) {
        lc_map_close(&next);
        return rc;
    }
    lc_join(next.base);
    leave(reader);
    lc_map_close(&reader->map);
    start_on(reader, &next);
    reader->joined = true;
    reader->pages++;
    return 0;
}

int lc_reader_next(struct lc_reader *reader, struct lc_message *message) {
    for (int turns = 0; turns < EMPTY_PAGES; turns++) {
        int rc = read_slot(reader, message);
        if (rc != 1) {
            return rc;
        }
        if (message->tag != LC_TAG_END_OF_PAGE) {
            consume(reader, message);
            return 1;
        }
        rc = follow(reader, message);
        if (rc != 0) {
            return rc;
        }
    }
    return lc_finding_set(&reader->finding, "EOP-10", LC_PAGE_HEADER, LC_TEXT("a message within %d pages", EMPTY_PAGES),
                          "none");
}

int lc_reader_peek(struct lc_reader *reader, struct lc_message *message) {
    int rc = read_slot(reader, message);
    if (rc == 1 && message->tag != LC_TAG_END_OF_PAGE) {
        consume(reader, message);
    }
    return rc;
}

/* ---------------------------------------------------------------- waiting */

static int64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Yields at first, so that a writer on the same core can run, and sleeps later. */
static void wait_a_little(unsigned tries) {
    if (tries < 100) {
        (void)sched_yield();
    } else {
        (void)nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
}

int lc_reader_wait(struct lc_reader *reader, struct lc_message *message, int timeout_ms) {
    int64_t deadline = now_us() + (int64_t)timeout_ms * 1000;
    for (unsigned tries = 0;; tries++) {
        int rc = lc_reader_next(reader, message);
        if (rc != 0) {
            return rc;
        }
        if (now_us() >= deadline) {
            return -ETIMEDOUT;
        }
        wait_a_little(tries);
    }
}
