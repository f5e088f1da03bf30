/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Judging a repetition by the two baseline readings around it. No I/O: `llmp-bench selftest` tests all of it.
 *
 * Efficiency is baseline time / measured time: 1 is as fast as the baseline, higher is better, for throughput and
 * latency alike. The baseline is the faster of the two readings, time by time, so that efficiency is never flattered. A
 * repetition has converged if the two readings agree within 25 %. Otherwise the cores were moved or disturbed, and it
 * is measured again.
 */
#ifndef LLMP_BENCH_JUDGE_H
#define LLMP_BENCH_JUDGE_H

#include "cases/benchmark.h"

#define BASELINE_SPREAD_MAX 0.25

enum verdict { VERDICT_OK, VERDICT_NOT_CONVERGED, VERDICT_BUSY, VERDICT_FAILED };

/* One measurement of a benchmark with its baseline readings. */
struct repetition {
    struct outcome outcome;
    struct times baseline[2]; /* before and after; count 0: there is none */
    struct baseline_facts facts[2];
    double spread; /* of the two readings: 0.25 is 25 % */
    enum verdict verdict;
    char status[STATUS_SIZE]; /* a column of summary.csv: "ok", or a reason without commas */
};

/*
 * Returns by how much two readings differ, relative to the smaller one: the largest difference of the first
 * `compared_times` times. 0 without baselines.
 */
double baselines_spread(const struct times *before, const struct times *after, unsigned compared_times);

/* Returns the smaller of the two readings, time by time; with count 0 if there is no baseline. */
struct times baselines_min(const struct times *before, const struct times *after);

/*
 * Returns baseline_ns / value_ns, or 0 if one of them is unknown. The rates derived from both have the inverse ratio.
 */
double efficiency(double baseline_ns, double value_ns);

/* Sets spread, verdict and status. `busy` is the reason why the cores count as busy; null or "" if they do not. */
void repetition_judge(struct repetition *repetition, const struct family *family, const char *busy);

/*
 * Returns which of the tries of one repetition is used: a failed one if there is one, so that a retry cannot hide it;
 * otherwise one that is ok; otherwise the one with the smallest spread, busy ones last.
 */
unsigned tries_select(const struct repetition *tries, unsigned count);

/* Returns which repetition has the median efficiency of its first time, or a failed one if there is one. */
unsigned repetitions_median(const struct repetition *repetitions, unsigned count);

/* Returns the efficiency of the first time, 0 if there is none. */
double repetition_efficiency(const struct repetition *repetition);

/* Returns the nanoseconds of a cache line, one way: the mean of the readings before and after. */
double repetition_placement(const struct repetition *repetition);

#endif
