/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Time limits. All of them are multiplied by one factor (--seconds), for slow machines. */
#ifndef LC_SUITE_ADAPTER_CLOCK_H
#define LC_SUITE_ADAPTER_CLOCK_H

#include <stdint.h>

/* 1 by default. Set once, before the first adapter is started. */
extern double lc_time_factor;

/* Returns `milliseconds` multiplied by lc_time_factor. */
int lc_scaled_ms(int milliseconds);

/* Returns the monotonic clock in milliseconds. */
int64_t lc_now_ms(void);

#endif
