/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Samples, percentiles and means. No I/O: `llmp-bench selftest` tests all of it. */
#ifndef LLMP_BENCH_STATS_H
#define LLMP_BENCH_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Latencies in nanoseconds, up to a fixed capacity. 32 bits each, so that storing them disturbs the caches little. */
struct samples {
    uint32_t *ns;
    size_t count;
    size_t capacity;
};

/* Allocates room for `capacity` samples and touches it. Returns 0, or -1 without memory. */
int samples_init(struct samples *samples, size_t capacity);
void samples_fini(struct samples *samples);

static inline bool samples_full(const struct samples *samples) {
    return samples->count == samples->capacity;
}

/* Adds a sample; values above 4.29 s are stored as 4.29 s. The caller must have checked samples_full(). */
static inline void samples_add(struct samples *samples, uint64_t ns) {
    samples->ns[samples->count++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

void samples_sort(struct samples *samples);

/*
 * Returns the smallest sample that at least `percent` of all samples do not exceed (nearest rank). The samples must be
 * sorted, and there must be at least one.
 */
double samples_percentile(const struct samples *samples, double percent);

/* The percentiles that every latency benchmark reports, in this order: 50, 90, 99, 99.9, 100. */
enum { PERCENTILES = 5 };
extern const double percentiles[PERCENTILES];

/*
 * Sorts the samples and fills `out` with their percentiles, each converted to a one-way time: (sample - overhead) /
 * hops. Returns 0, or -1 without samples.
 */
int samples_summarize(struct samples *samples, double overhead_ns, double hops, double out[PERCENTILES]);

/* Sorts `values` and returns their median, 0 if there are none. */
double median_of(double *values, size_t count);

/* Returns the n-th root of the product of the values, 0 if there are none. */
double geometric_mean(const double *values, size_t count);

#endif
