/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The baseline of a round trip, and of the way through a broker. */
#ifndef LLMP_BENCH_BASELINE_PINGPONG_H
#define LLMP_BENCH_BASELINE_PINGPONG_H

#include <stdbool.h>
#include <stddef.h>

#include "kit/outcome.h"
#include "kit/settings.h"

/*
 * Sets out->times to the percentiles of half a round trip, or with `relay` of the whole way through a broker, and
 * out->baseline to the fastest setting.
 */
void baseline_pingpong(size_t payload, bool relay, const struct settings *settings, unsigned char *arena,
                       struct outcome *out);

#endif
