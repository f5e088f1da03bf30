/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Judging a measurement by the two baselines around it. No I/O: `llmp-bench selftest` checks all of it.
 *
 * The baseline of a row is the better of the two readings around it, time by time: a ratio never flatters. The row is
 * settled when the two agree within 25 %; else the cores moved, or something disturbed them, and it is measured again.
 */
#ifndef LLMP_BENCH_JUDGE_H
#define LLMP_BENCH_JUDGE_H

#include "cases/benchmark.h"

#define BASELINE_SPREAD_MAX 0.25

enum verdict { VERDICT_OK, VERDICT_NOT_CONVERGED, VERDICT_BUSY, VERDICT_FAILED };

/* One measurement of a row with everything around it. */
struct repetition {
    struct outcome outcome;
    struct times baseline[2]; /* before and after; count 0: there is none */
    struct baseline_facts facts[2];
    double spread; /* of the two baselines: 0.25 is 25 % */
    enum verdict verdict;
    char why[STATUS_SIZE]; /* the `ok` column: "ok", or a reason without commas */
};

/* By how much the two differ, the smaller being 1: the largest of the first `settle` times. 0 without baselines. */
double baselines_spread(const struct times *before, const struct times *after, unsigned compared_times);

/* The better of the two, time by time. Count 0 when there is no baseline. */
struct times baselines_min(const struct times *before, const struct times *after);

/* 1 at the baseline, smaller when worse; 0 when unknown. For rates it is the same number. */
double efficiency(double baseline_ns, double value_ns);

/* Fills in spread, verdict and why. `busy` is null or the reason why the cores count as busy. */
void repetition_judge(struct repetition *repetition, const struct family *family, const char *busy);

/* Which of these attempts at one row is kept: a failure is never hidden; else ok, else the one whose baselines agree best. */
unsigned retries_select(const struct repetition *repetitions, unsigned count);

/* Which of these repetitions is the median by the ratio of its first time; a failure is never hidden. */
unsigned repetitions_median(const struct repetition *repeats, unsigned count);

/* The ratio of the first time, 0 if there is none. */
double repetition_efficiency(const struct repetition *repetition);

/* Cache line one way around the row: the mean of both readings. */
double repetition_placement(const struct repetition *repetition);

#endif
