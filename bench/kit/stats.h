/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Samples, percentiles, and figures that people can read. No I/O: `llmp-bench selftest` checks all of it. */
#ifndef LLMP_BENCH_STATS_H
#define LLMP_BENCH_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Latencies in nanoseconds, as many as fit; 32 bits each, so that writing them disturbs the caches little. */
struct samples {
    uint32_t *ns;
    size_t count;
    size_t capacity;
};

int samples_init(struct samples *samples, size_t capacity);
void samples_fini(struct samples *samples);

static inline bool samples_full(const struct samples *samples) {
    return samples->count == samples->capacity;
}

/* Values above 4.29 s are kept as 4.29 s. The caller has checked samples_full(). */
static inline void samples_add(struct samples *samples, uint64_t ns) {
    samples->ns[samples->count++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

void samples_sort(struct samples *samples);

/* The smallest sample that at least `percent` of all samples do not exceed (nearest rank). Sorted, at least one. */
double samples_percentile(const struct samples *samples, double percent);

/* The percentiles that every latency row reports, in this order: 50, 90, 99, 99.9, 100. */
enum { PERCENTILES = 5 };
extern const double percentiles[PERCENTILES];

/*
 * Sorts, and turns round trips into one-way times: (sample - overhead) / hops. Fills `out` with the percentiles.
 * Returns 0, or -1 without samples.
 */
int samples_summarize(struct samples *samples, double overhead_ns, double hops, double out[PERCENTILES]);

/* Sorts `values`. 0 for none. */
double median_of(double *values, size_t count);

/* The n-th root of the product, for ratios. 0 for none. */
double geometric_mean(const double *values, size_t count);

/* "9.8 ns", "1.25 us", "3.1 ms": three figures. */
const char *format_ns(double ns, char *text, size_t size);

/* "64 B", "4 KiB", "1 MiB". */
const char *format_bytes(uint64_t bytes, char *text, size_t size);

#endif
