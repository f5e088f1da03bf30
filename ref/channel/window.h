/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How many pages should go round, found out by measuring.
 *
 * Memory that is reused too soon is still in the other core's cache, and every line of it costs a transfer between
 * cores; memory that is reused too late is in no cache at all. Where the best lies depends on the caches and on where
 * the two sides run, and changes when either moves. So a busy sender tries window sizes in turn, keeps the smallest
 * that is about as good as the best, and tries again when what it measures drifts from what it chose.
 */
#ifndef LLMP_CHANNEL_WINDOW_H
#define LLMP_CHANNEL_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define LLMP_WINDOW_SIZES 12 /* 2, 4, 8 … 4096 pages */

struct llmp_window {
    uint32_t pages; /* that go round now */
    uint32_t max;
    bool fixed;          /* the user chose; nothing is measured */
    int64_t last;        /* when the last page was turned; 0: never */
    int64_t sum;         /* nanoseconds of the turns measured so far */
    uint32_t turns;      /* of this size, the first `warm` of them not measured */
    uint32_t slow_turns; /* in a row that took longer than a busy channel does */
    uint32_t trial;      /* index of the size being tried; `trials` when a choice stands */
    uint32_t trials;
    int64_t cost[LLMP_WINDOW_SIZES]; /* nanoseconds a page, by size */
    int64_t chosen_cost;
    int64_t tried_at;
};

/* `fixed` 0: measure. `most` is the largest window to try. */
void llmp_window_init(struct llmp_window *window, uint32_t fixed, uint32_t max);

/* A page was turned at `now`. */
void llmp_window_turn(struct llmp_window *window, int64_t now);

#endif
