/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Measures how many pages a sender should keep in rotation.
 *
 * A page that is reused too soon is still in the other core's cache, and each of its lines costs a transfer between
 * cores. A page that is reused too late is in no cache at all. The best number depends on the caches and on the cores
 * that sender and receiver run on, and changes when either moves. So a busy sender tries window sizes in turn and keeps
 * the smallest one that is about as good as the best. It tries again when the measured cost drifts from that choice.
 */
#ifndef LLMP_CHANNEL_WINDOW_H
#define LLMP_CHANNEL_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define LLMP_WINDOW_SIZES 12 /* 2, 4, 8 … 4096 pages */

/* Times and costs are in nanoseconds. */
struct llmp_window {
    uint32_t pages; /* in rotation now */
    uint32_t max;
    bool fixed;                      /* chosen by the caller; nothing is measured */
    int64_t last;                    /* when the last page was turned; 0: never */
    int64_t sum;                     /* of the turns measured so far with this size */
    uint32_t turns;                  /* with this size; the first rotation is not measured */
    uint32_t slow_turns;             /* in a row that took longer than they do in a busy channel */
    uint32_t trial;                  /* index of the size being tried; equals `trials` when a size is chosen */
    uint32_t trials;                 /* sizes to try */
    int64_t cost[LLMP_WINDOW_SIZES]; /* per page, by size */
    int64_t chosen_cost;
    int64_t tried_at;
};

/* `fixed` is the window to use, or 0 to measure. `max` is the largest window to try. */
void llmp_window_init(struct llmp_window *window, uint32_t fixed, uint32_t max);

/* Reports that a page was turned at the time `now`. */
void llmp_window_turn(struct llmp_window *window, int64_t now);

#endif
