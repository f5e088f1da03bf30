/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The cost of the clock, and sleeping. */
#include "kit/clock.h"

#include <errno.h>

#include "kit/stats.h"

enum { ROUNDS = 31, CALLS_PER_ROUND = 1000 };

static double time_round(void) {
    uint64_t start = clock_now();
    uint64_t end = start;
    for (int i = 0; i < CALLS_PER_ROUND; i++) {
        end = clock_now();
    }
    return (double)(end - start) / CALLS_PER_ROUND;
}

double clock_cost_ns(void) {
    static double cost = -1;
    if (cost < 0) {
        double rounds[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            rounds[i] = time_round();
        }
        cost = median_of(rounds, ROUNDS);
    }
    return cost;
}

void clock_sleep_ms(unsigned milliseconds) {
    struct timespec left = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}
