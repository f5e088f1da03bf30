/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* END_OF_PAGE, written by the oracle and followed or refused by a receiver (SPEC.md, section 6). */
#include <stdio.h>
#include <string.h>

#include "suite/cases/sections.h"

enum { TAG = 0x5E4D, SENDER = 3 };

/* ---------------------------------------------------------------- followed by the receiver */

struct reading {
    struct lc_actor *receiver;
    struct lc_writer *writer;
    struct lc_map *first;
};

/*
 * A channel with one message that a receiver has read. `next` receives `count` maps for further pages. They are created
 * before the receiver starts, so that it inherits their descriptors.
 */
static struct reading start_reading(struct lc_case *c, struct lc_map **next, size_t count) {
    struct reading reading = {.writer = lc_new_channel(c, 0, SENDER)};
    reading.first = reading.writer->map;
    for (size_t i = 0; i < count; i++) {
        next[i] = lc_new_map(c, LC_PAGE_DEFAULT);
    }
    lc_writer_send(reading.writer, TAG, 0, 100, 1);
    reading.receiver = lc_spawn_receiver(c, &reading.first->desc);
    lc_expect_recv(c, reading.receiver, TAG, SENDER, 0, 100, 1);
    return reading;
}

static void check_counts(struct lc_case *c, const struct lc_map *map, const char *page, uint16_t joined,
                         uint16_t left) {
    lc_note(c, "counters of %s", page);
    lc_check_u64(c, "receivers_joined_count", joined, lc_get16(map->base, LC_PAGE_JOINED));
    lc_check_u64(c, "receivers_left_count", left, lc_get16(map->base, LC_PAGE_LEFT));
}

/* RECV-6 tests whether the receiver joins the first page. */
static void check_left(struct lc_case *c, const struct lc_map *first, uint16_t left) {
    lc_check_u64(c, "receivers_left_count of the first page:", left, lc_get16(first->base, LC_PAGE_LEFT));
}

static void counters(struct lc_case *c) {
    struct lc_map *next[2];
    struct reading reading = start_reading(c, next, 2);
    check_left(c, reading.first, 0);
    lc_writer_turn_page(reading.writer, next[0]);
    lc_writer_send(reading.writer, TAG, 0, 50, 2);
    lc_expect_recv(c, reading.receiver, TAG, SENDER, 0, 50, 2);
    check_left(c, reading.first, 1);
    check_counts(c, next[0], "the second page", 1, 0);
    lc_writer_turn_page(reading.writer, next[1]);
    lc_writer_send(reading.writer, TAG, 0, 60, 3);
    lc_expect_recv(c, reading.receiver, TAG, SENDER, 0, 60, 3);
    check_counts(c, next[0], "the second page after its end", 1, 1);
    check_counts(c, next[1], "the third page", 1, 0);
}

static void counters_of_two_receivers(struct lc_case *c) {
    struct lc_map *next[1];
    struct reading reading = start_reading(c, next, 1);
    struct lc_actor *other = lc_spawn_receiver(c, &reading.first->desc);
    lc_expect_recv(c, other, TAG, SENDER, 0, 100, 1);
    lc_writer_turn_page(reading.writer, next[0]);
    lc_writer_send(reading.writer, TAG, 0, 50, 2);
    lc_expect_recv(c, reading.receiver, TAG, SENDER, 0, 50, 2);
    lc_expect_recv(c, other, TAG, SENDER, 0, 50, 2);
    check_left(c, reading.first, 2);
    check_counts(c, next[0], "the second page", 2, 0);
}

/* ---------------------------------------------------------------- refused by the receiver */

/* The receiver refuses all further calls, and has not left the first page. */
static void check_still_refused(struct lc_case *c, struct reading *reading) {
    lc_check_u64(c, "receivers_left_count after the error:", 0, lc_get16(reading->first->base, LC_PAGE_LEFT));
    lc_expect_recv_refused(c, reading->receiver);
    lc_expect_recv_refused(c, reading->receiver);
}

static void next_is_missing(struct lc_case *c) {
    struct lc_map *next[1];
    struct reading reading = start_reading(c, next, 1);
    struct lc_desc missing = next[0]->desc;
    if (lc_provider(c) == LC_MEMFD) {
        missing = lc_desc_of(LC_PAGE_DEFAULT, "1000000");
    } else {
        lc_map_close(next[0]);
    }
    lc_writer_end_page(reading.writer, &missing);
    lc_expect_recv_refused(c, reading.receiver);
    check_still_refused(c, &reading);
}

/* The receiver must not return messages of the old page again. */
static void not_read_again(struct lc_case *c) {
    struct lc_map *none[1];
    struct reading reading = start_reading(c, none, 0);
    char id[LC_ID_BYTES] = "1000000";
    if (lc_provider(c) == LC_POSIX) {
        snprintf(id, sizeof id, "/libafl_%d_0", (int)lc_actor_pid(reading.receiver));
    }
    struct lc_desc missing = lc_desc_of(LC_PAGE_DEFAULT, id);
    lc_writer_end_page(reading.writer, &missing);
    for (int i = 0; i < 3; i++) {
        lc_expect_recv_refused(c, reading.receiver);
    }
}

/* The page has only END_OF_PAGE, which names the same page. */
static void empty_page_names_itself(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    lc_writer_end_page(writer, &writer->map->desc);
    struct lc_actor *receiver = lc_spawn_receiver(c, &writer->map->desc);
    lc_expect_recv_refused(c, receiver);
}

static void next_is_no_page(struct lc_case *c) {
    struct lc_map *next[1];
    struct reading reading = start_reading(c, next, 1);
    lc_writer_end_page(reading.writer, &next[0]->desc);
    lc_expect_recv_refused(c, reading.receiver);
    check_still_refused(c, &reading);
}

static void next_is_itself(struct lc_case *c) {
    struct lc_map *none[1];
    struct reading reading = start_reading(c, none, 0);
    lc_writer_end_page(reading.writer, &reading.first->desc);
    lc_expect_recv_refused(c, reading.receiver);
}

/* Two pages without messages name each other. The receiver must return, with an error or a timeout. */
static void ring(struct lc_case *c) {
    struct lc_map *next[2];
    struct reading reading = start_reading(c, next, 2);
    lc_writer_turn_page(reading.writer, next[0]);
    lc_writer_turn_page(reading.writer, next[1]);
    lc_writer_end_page(reading.writer, &next[0]->desc);
    const json_t *reply;
    if (lc_call_may_refuse(c, reading.receiver, &reply, "receiver.recv", "{s:i}", "timeout_ms", 200) == LC_OK) {
        const char *end = lc_field_string(c, reply, "end");
        lc_check(c, strcmp(end, "timeout") == 0, "a timeout or an error", "`end` is \"%s\"", end);
    }
    lc_check_alive(c, reading.receiver);
}

const struct lc_case_def lc_eop_recv_cases[] = {
    {"EOP-5/counts", "a receiver joins the new page and leaves the old one", "receiver", LC_EACH_PROVIDER, counters, 0,
     false},
    {"EOP-5/two-receivers", "each of two receivers adds one to the counters", "receiver", LC_EACH_PROVIDER,
     counters_of_two_receivers, 0, false},
    {"EOP-9/missing", "a receiver refuses END_OF_PAGE whose map does not exist", "receiver", LC_EACH_PROVIDER,
     next_is_missing, 0, false},
    {"EOP-9/not-again", "after that error it does not return old messages again", "receiver", LC_EACH_PROVIDER,
     not_read_again, 0, false},
    {"EOP-10/nothing-but-itself", "a receiver refuses an empty page that names itself", "receiver", LC_FIRST_PROVIDER,
     empty_page_names_itself, 0, false},
    {"EOP-9/no-page", "a receiver refuses END_OF_PAGE whose map is not a page", "receiver", LC_EACH_PROVIDER,
     next_is_no_page, 0, false},
    {"EOP-10/itself", "a receiver refuses END_OF_PAGE that names its own page", "receiver", LC_EACH_PROVIDER,
     next_is_itself, 0, false},
    {"EOP-10/ring", "two pages without messages name each other", "receiver", LC_NAMED_PROVIDERS, ring, 0, false},
    {0},
};
