/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Samples, percentiles, the cost of the clock, and figures that people can read. */
#include "kit/stats.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "kit/clock.h"

const double percentiles[PERCENTILES] = {50, 90, 99, 99.9, 100};

int samples_init(struct samples *samples, size_t capacity) {
    samples->ns = malloc(capacity * sizeof *samples->ns);
    samples->count = 0;
    samples->capacity = samples->ns != NULL ? capacity : 0;
    for (size_t i = 0; i < samples->capacity; i++) {
        samples->ns[i] = UINT32_MAX; /* page faults belong here; zeros would become a calloc, which touches nothing */
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
    double rank = ceil(percent / 100 * (double)samples->count - 1e-6); /* 99.9 % of 1000 is not quite 999 in binary */
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
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

double geometric_mean(const double *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += log(values[i]);
    }
    return count ? exp(sum / (double)count) : 0;
}

double clock_cost_ns(void) {
    enum { ROUNDS = 31, CALLS = 1000 };
    static double cost = -1;
    double rounds[ROUNDS];
    for (int i = 0; cost < 0 && i < ROUNDS; i++) {
        uint64_t start = clock_now();
        uint64_t end = start;
        for (int call = 0; call < CALLS; call++) {
            end = clock_now();
        }
        rounds[i] = (double)(end - start) / CALLS;
    }
    if (cost < 0) {
        cost = median_of(rounds, ROUNDS);
    }
    return cost;
}

void clock_sleep_ms(unsigned milliseconds) {
    struct timespec left = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

const char *format_ns(double ns, char *text, size_t size) {
    static const char *const units[] = {"ns", "us", "ms", "s"};
    unsigned unit = 0;
    while (ns >= 999.5 && unit < 3) {
        ns /= 1000;
        unit++;
    }
    snprintf(text, size, "%.*f %s", ns < 9.995 ? 2 : ns < 99.95 ? 1 : 0, ns, units[unit]);
    return text;
}

const char *format_bytes(uint64_t bytes, char *text, size_t size) {
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    unsigned unit = 0;
    while (bytes >= 1024 && bytes % 1024 == 0 && unit < 3) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, size, "%llu %s", (unsigned long long)bytes, units[unit]);
    return text;
}
