/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/adapter/clock.h"

#include <time.h>

double lc_time_factor = 1;

int lc_scaled_ms(int milliseconds) {
    return (int)(milliseconds * lc_time_factor);
}

int64_t lc_now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
