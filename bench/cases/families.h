/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The cases, their variants and metrics, the payloads, and the providers that can be measured. */
#ifndef LLMP_BENCH_KINDS_H
#define LLMP_BENCH_KINDS_H

#include "cases/benchmark.h"

enum { CASES = 5, PAYLOADS = 7, PROVIDERS_MAX = 16, MAP_SIZES = 3 };

extern const char *const case_names[CASES]; /* stream pingpong broker map start */
extern const size_t payload_sizes[PAYLOADS];
extern const size_t map_sizes[MAP_SIZES];

extern const struct kind kind_stream;
extern const struct kind kind_stream_batch;
extern const struct kind kind_stream_noadapt;
extern const struct kind kind_pingpong;
extern const struct kind kind_broker_latency;
extern const struct kind kind_broker_stream;
extern const struct kind kind_map;
extern const struct kind kind_start;

/* The providers of this build whose maps a second process can open. Returns how many; at most PROVIDERS_MAX. */
unsigned providers_known(const llmp_shmem_provider *list[PROVIDERS_MAX]);

#endif
