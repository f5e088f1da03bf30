/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The baseline of a stream. */
#ifndef LLMP_BENCH_BASELINE_STREAM_H
#define LLMP_BENCH_BASELINE_STREAM_H

#include <stddef.h>

#include "kit/outcome.h"
#include "kit/settings.h"

/* Sets out->times to the nanoseconds per message, and out->baseline to the fastest setting. */
void baseline_stream(size_t payload, const struct settings *settings, unsigned char *arena, struct outcome *out);

#endif
