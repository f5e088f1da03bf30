/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/window.h"

/* A quiet channel goes round in as few pages as it can, so that they stay in the caches. */
#define PAGES_WHEN_QUIET 2u
/* A channel that takes longer than this for a page is quiet. */
#define BUSY_NS 2000000
#define SLOW_TURNS 4u
/* At least so many turns make a figure. */
#define TURNS_MIN 16u
/* The time between two rounds of trials, at least. */
#define AGAIN_NS 500000000

static uint32_t size_of(uint32_t trial) {
    return 2u << trial;
}

static uint32_t min_u32(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

void llmp_window_init(struct llmp_window *window, uint32_t fixed, uint32_t max) {
    *window = (struct llmp_window){.max = max, .fixed = fixed != 0};
    while (window->trials < LLMP_WINDOW_SIZES && size_of(window->trials) <= max) {
        window->trials++;
    }
    window->pages = fixed != 0 ? fixed : min_u32(PAGES_WHEN_QUIET, max);
    window->fixed = window->fixed || window->trials < 2;
}

static void measure_anew(struct llmp_window *window, uint32_t pages) {
    window->pages = pages;
    window->turns = 0;
    window->sum = 0;
}

/* The first time round meets fresh pages and cold caches, and is not counted. */
static bool measured(const struct llmp_window *window) {
    uint32_t wanted = window->pages > TURNS_MIN ? window->pages : TURNS_MIN;
    return window->turns >= window->pages + wanted;
}

static int64_t mean(const struct llmp_window *window) {
    return window->sum / (window->turns - window->pages);
}

/* The smallest within a twentieth of the best. */
static uint32_t best_trial(const struct llmp_window *window) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < window->trials; i++) {
        best = window->cost[i] < window->cost[best] ? i : best;
    }
    uint32_t first = 0;
    while (window->cost[first] > window->cost[best] + window->cost[best] / 20) {
        first++;
    }
    return first;
}

static void next_trial(struct llmp_window *window, int64_t now) {
    window->cost[window->trial++] = mean(window);
    if (window->trial < window->trials) {
        measure_anew(window, size_of(window->trial));
        return;
    }
    uint32_t best = best_trial(window);
    window->chosen_cost = window->cost[best];
    window->tried_at = now;
    measure_anew(window, size_of(best));
}

/* A figure that went up by half or down by a third says that the sides run elsewhere than when the choice was made. */
static void look_for_drift(struct llmp_window *window, int64_t now) {
    int64_t cost = mean(window);
    bool drifted = cost > window->chosen_cost * 3 / 2 || cost < window->chosen_cost * 2 / 3;
    if (drifted && now - window->tried_at > AGAIN_NS) {
        window->trial = 0;
        measure_anew(window, size_of(0));
    } else {
        measure_anew(window, window->pages);
    }
}

/* One slow page is an interruption, and not counted; several are a quiet channel, and say nothing about a busy one. */
static void slow_turn(struct llmp_window *window) {
    window->slow_turns++;
    if (window->slow_turns == SLOW_TURNS) {
        window->trial = 0;
        measure_anew(window, min_u32(PAGES_WHEN_QUIET, window->max));
    }
}

void llmp_window_turn(struct llmp_window *window, int64_t now) {
    int64_t took = now - window->last;
    bool first = window->last == 0;
    window->last = now;
    if (window->fixed || first) {
        return;
    }
    if (took > BUSY_NS) {
        slow_turn(window);
        return;
    }
    window->slow_turns = 0;
    window->turns++;
    if (window->turns > window->pages) {
        window->sum += took;
    }
    if (!measured(window)) {
        return;
    }
    if (window->trial < window->trials) {
        next_trial(window, now);
    } else {
        look_for_drift(window, now);
    }
}
