/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The oracle's reader beside a running writer, and on hostile bytes. */
#include "test/oracle_channel.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "oracle/payload.h"

/* ---------------------------------------------------------------- beside a running writer */

enum { LIVE_MESSAGES = 20000, LIVE_MAPS = 3, LIVE_MAP = 4096, LONG_MS = 60000 };

struct live {
    struct lc_map maps[LIVE_MAPS];
    struct lc_writer writer;
};

static uint64_t length_of(uint64_t message) {
    return message * 7 % 300;
}

/* A page may be reused when its reader has left it, or before its reader has joined it. */
static void wait_until_left(const struct lc_map *map, unsigned times) {
    while (lc_get16(map->base, LC_PAGE_LEFT) != times) {
        (void)sched_yield();
    }
}

/* Lets the reader start first, so that a reader which does not wait for the first message fails. */
static void delay_start(void) {
    for (int i = 0; i < 2000; i++) {
        (void)sched_yield();
    }
}

static void *write_all(void *argument) {
    struct live *live = argument;
    unsigned page = 0;
    delay_start();
    for (uint64_t i = 0; i < LIVE_MESSAGES; i++) {
        if (!lc_writer_fits(&live->writer, length_of(i))) {
            page++;
            struct lc_map *next = &live->maps[page % LIVE_MAPS];
            wait_until_left(next, page < LIVE_MAPS ? 0 : 1);
            lc_writer_turn_page(&live->writer, next);
        }
        lc_writer_send(&live->writer, TAG, 0, length_of(i), i);
    }
    return NULL;
}

/* Returns how many messages were read: LIVE_MESSAGES if there was no error. */
static uint64_t read_live(struct lc_reader *reader) {
    uint8_t wanted[300];
    for (uint64_t i = 0; i < LIVE_MESSAGES; i++) {
        struct lc_message message;
        if (lc_reader_wait(reader, &message, LONG_MS) != 1 || message.length != length_of(i)) {
            return i;
        }
        lc_payload_fill(wanted, message.length, i);
        if (memcmp(message.payload, wanted, message.length) != 0) {
            return i;
        }
    }
    return LIVE_MESSAGES;
}

/* The reader gets each message once, complete and in order, over hundreds of pages, and reports no violation. */
static void SEND_3_and_EOP_3_beside_a_writer(void **state) {
    (void)state;
    static struct live live; /* the thread still uses it after a failure */
    struct lc_reader reader;
    pthread_t thread;
    for (int i = 0; i < LIVE_MAPS; i++) {
        assert_int_equal(lc_map_create(LC_POSIX, LIVE_MAP, &live.maps[i]), 0);
    }
    lc_writer_start(&live.writer, &live.maps[0], SENDER);
    assert_int_equal(lc_reader_open(&reader, LC_POSIX, &live.maps[0].desc, 0, true), 0);
    assert_int_equal(pthread_create(&thread, NULL, write_all, &live), 0);
    uint64_t messages = read_live(&reader);
    if (messages != LIVE_MESSAGES) { /* the writer may wait for this reader for ever; it ends with the process */
        fail_msg("message %d: %s: expected: %s; seen: %s", (int)messages, reader.finding.requirement,
                 reader.finding.expected, reader.finding.seen);
    }
    (void)pthread_join(thread, NULL);
    assert_true(reader.pages > LIVE_MESSAGES / 50);
    lc_reader_close(&reader);
    for (int i = 0; i < LIVE_MAPS; i++) {
        lc_map_close(&live.maps[i]);
    }
}

/* ---------------------------------------------------------------- hostile bytes */

enum { HOSTILE_MAP = 1024, HOSTILE_ROUNDS = 20000 };

static uint64_t random_state = 0x5EED;

static uint64_t next_random(void) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random_state >> 33;
}

/* Returns values at which arithmetic overflows, and random ones. */
static uint64_t hostile_value(void) {
    const uint64_t values[] = {0,           1,         31,         32, 40,   HOSTILE_MAP,     HOSTILE_MAP - 48,
                               UINT32_MAX,  INT64_MAX, UINT64_MAX, 24, 1000, UINT64_MAX - 39, LC_TAG_END_OF_PAGE,
                               LC_TAG_UNSET};
    uint64_t which = next_random() % 20;
    return which < sizeof values / sizeof values[0] ? values[which] : next_random() % 2048;
}

static void read_all(struct lc_map *map, bool forwarded) {
    struct lc_reader reader = {.provider = LC_POSIX, .map = *map, .offset = 48, .is_broadcast = forwarded};
    struct lc_message message;
    struct lc_finding finding;
    unsigned messages = 0;
    reader.joined = true;
    while (lc_reader_next(&reader, &message) == 1) {
        assert_true(message.offset >= 48 && message.payload == map->base + message.offset + 40);
        assert_true(message.length <= HOSTILE_MAP && message.offset + 40 + message.length <= HOSTILE_MAP);
        assert_true(++messages <= HOSTILE_MAP / 40);
    }
    (void)lc_page_check_used(map, &finding);
    (void)lc_page_check_fresh(map, &finding);
}

/* The map is on the heap, so that a sanitizer detects reads beyond its end. */
static void hostile_bytes_never_crash(void **state) {
    (void)state;
    FILE *out = fopen("/dev/null", "w");
    struct lc_map map = {.provider = LC_POSIX, .fd = -1, .base = malloc(HOSTILE_MAP), .size = HOSTILE_MAP};
    for (int round = 0; round < HOSTILE_ROUNDS; round++) {
        struct lc_writer writer;
        memset(map.base, 0, map.size);
        lc_writer_start(&writer, &map, SENDER);
        for (int i = 0; i < 3; i++) {
            lc_writer_send(&writer, TAG, 0, next_random() % 100, 1);
        }
        lc_writer_end_page(&writer, &(struct lc_desc){.size = 4096, .id = "/libafl_no_such_map"});
        for (uint64_t changes = next_random() % 4 + 1; changes > 0; changes--) {
            uint64_t at = next_random() % 2 == 0 ? 16 + next_random() % 4 * 8 : next_random() % (HOSTILE_MAP / 8) * 8;
            lc_put64(map.base, at, hostile_value());
        }
        read_all(&map, round % 2 == 0);
        lc_page_show(out, &map, hostile_value());
    }
    free(map.base);
    (void)fclose(out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(SEND_3_and_EOP_3_beside_a_writer),
        cmocka_unit_test(hostile_bytes_never_crash),
    };
    return cmocka_run_group_tests_name("oracle live", tests, NULL, NULL);
}
