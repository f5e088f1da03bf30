/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The cases, their families and metrics, and the payloads. */
#ifndef LLMP_BENCH_FAMILIES_H
#define LLMP_BENCH_FAMILIES_H

#include "cases/benchmark.h"

enum { CASES = 5, PAYLOADS = 7, MAP_SIZES = 3 };

extern const char *const case_names[CASES]; /* stream pingpong broker map start */
extern const size_t payload_sizes[PAYLOADS];
extern const size_t map_sizes[MAP_SIZES];

extern const struct family family_stream;
extern const struct family family_stream_batch;
extern const struct family family_stream_noadapt;
extern const struct family family_pingpong;
extern const struct family family_broker_latency;
extern const struct family family_broker_stream;
extern const struct family family_map;
extern const struct family family_start;

#endif
