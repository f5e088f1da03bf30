/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The functions that measure a benchmark, one per family (benchmark_fn). */
#ifndef LLMP_BENCH_CASES_H
#define LLMP_BENCH_CASES_H

#include "cases/benchmark.h"

void stream_measure(const struct benchmark *benchmark, struct outcome *out);
void stream_batch_measure(const struct benchmark *benchmark, struct outcome *out);   /* the sender publishes batches */
void stream_noadapt_measure(const struct benchmark *benchmark, struct outcome *out); /* the receiver never coalesces */
void pingpong_measure(const struct benchmark *benchmark, struct outcome *out);
void broker_latency_measure(const struct benchmark *benchmark, struct outcome *out);
void broker_stream_measure(const struct benchmark *benchmark, struct outcome *out);
void map_measure(const struct benchmark *benchmark, struct outcome *out);
void start_measure(const struct benchmark *benchmark, struct outcome *out);

#endif
