/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Samples, percentiles and means. */
#include "kit/stats.h"

#include <math.h>
#include <stdlib.h>

const double percentiles[PERCENTILES] = {50, 90, 99, 99.9, 100};

int samples_init(struct samples *samples, size_t capacity) {
    samples->ns = malloc(capacity * sizeof *samples->ns);
    samples->count = 0;
    samples->capacity = samples->ns != NULL ? capacity : 0;
    for (size_t i = 0; i < samples->capacity; i++) {
        /* Takes the page faults now. With zeros the compiler would make it a calloc(), which touches nothing. */
        samples->ns[i] = UINT32_MAX;
    }
    return samples->ns != NULL ? 0 : -1;
}

void samples_fini(struct samples *samples) {
    free(samples->ns);
    samples->ns = NULL;
    samples->count = samples->capacity = 0;
}

static int compare_u32(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

void samples_sort(struct samples *samples) {
    qsort(samples->ns, samples->count, sizeof *samples->ns, compare_u32);
}

double samples_percentile(const struct samples *samples, double percent) {
    double rank = ceil(percent / 100 * (double)samples->count - 1e-6); /* 99.9 is inexact in binary: 99.9 % of 1000 */
    size_t index = rank < 1 ? 0 : (size_t)rank - 1;
    if (index >= samples->count) {
        index = samples->count - 1;
    }
    return samples->ns[index];
}

int samples_summarize(struct samples *samples, double overhead_ns, double hops, double out[PERCENTILES]) {
    if (samples->count == 0) {
        return -1;
    }
    samples_sort(samples);
    for (int i = 0; i < PERCENTILES; i++) {
        double ns = samples_percentile(samples, percentiles[i]) - overhead_ns;
        out[i] = (ns > 0 ? ns : 0) / hops;
    }
    return 0;
}

static int compare_double(const void *left, const void *right) {
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

double median_of(double *values, size_t count) {
    if (count == 0) {
        return 0;
    }
    qsort(values, count, sizeof *values, compare_double);
    return count % 2 != 0 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

double geometric_mean(const double *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += log(values[i]);
    }
    return count > 0 ? exp(sum / (double)count) : 0;
}
