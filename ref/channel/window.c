/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/window.h"

/* A quiet channel keeps as few pages in rotation as possible, so that they stay in the caches. */
#define PAGES_WHEN_QUIET 2u
/* A channel that takes longer than this for a page, several times in a row, is quiet. */
#define BUSY_NS 2000000
#define SLOW_TURNS 4u
/* The minimum of turns to average over. */
#define TURNS_MIN 16u
/* The minimum time between two series of trials. */
#define RETRY_NS 500000000

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

static void restart(struct llmp_window *window, uint32_t pages) {
    window->pages = pages;
    window->turns = 0;
    window->sum = 0;
}

/* The first rotation is not measured, because its pages are new and the caches are cold. */
static bool is_measured(const struct llmp_window *window) {
    uint32_t wanted = window->pages > TURNS_MIN ? window->pages : TURNS_MIN;
    return window->turns >= window->pages + wanted;
}

static int64_t mean(const struct llmp_window *window) {
    return window->sum / (window->turns - window->pages);
}

/* Returns the smallest size whose cost is within a twentieth of the best. */
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
        restart(window, size_of(window->trial));
        return;
    }
    uint32_t best = best_trial(window);
    window->chosen_cost = window->cost[best];
    window->tried_at = now;
    restart(window, size_of(best));
}

/* A cost that rose by half or fell by a third means that sender or receiver moved to another core since the choice. */
static void check_drift(struct llmp_window *window, int64_t now) {
    int64_t cost = mean(window);
    bool drifted = cost > window->chosen_cost * 3 / 2 || cost < window->chosen_cost * 2 / 3;
    if (drifted && now - window->tried_at > RETRY_NS) {
        window->trial = 0;
        restart(window, size_of(0));
    } else {
        restart(window, window->pages);
    }
}

/*
 * One slow page is an interruption and is ignored. Several mean a quiet channel, whose trials start anew when it is
 * busy.
 */
static void slow_turn(struct llmp_window *window) {
    window->slow_turns++;
    if (window->slow_turns == SLOW_TURNS) {
        window->trial = 0;
        restart(window, min_u32(PAGES_WHEN_QUIET, window->max));
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
    if (!is_measured(window)) {
        return;
    }
    if (window->trial < window->trials) {
        next_trial(window, now);
    } else {
        check_drift(window, now);
    }
}
