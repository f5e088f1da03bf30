/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Judging a measurement by the two floors around it. No I/O: `llmp-bench selftest` checks all of it.
 *
 * The floor of a row is the better of the two readings around it, time by time: a ratio never flatters. The row is
 * settled when the two agree within 25 %; else the cores moved, or something disturbed them, and it is measured again.
 */
#ifndef LLMP_BENCH_SETTLE_H
#define LLMP_BENCH_SETTLE_H

#include "cases/benchmark.h"

#define SETTLE_LIMIT 0.25

enum verdict { VERDICT_OK, VERDICT_UNSETTLED, VERDICT_BUSY, VERDICT_FAILED };

/* One measurement of a row with everything around it. */
struct attempt {
    struct outcome outcome;
    struct times floor[2]; /* before and after; count 0: there is none */
    struct floor_facts facts[2];
    double disagreement; /* of the two floors: 0.25 is 25 % */
    enum verdict verdict;
    char why[WHY_SIZE]; /* the `ok` column: "ok", or a reason without commas */
};

/* By how much the two differ, the smaller being 1: the largest of the first `settle` times. 0 without floors. */
double floors_disagreement(const struct times *before, const struct times *after, unsigned settle);

/* The better of the two, time by time. Count 0 when there is no floor. */
struct times floors_better(const struct times *before, const struct times *after);

/* 1 at the floor, smaller when worse; 0 when unknown. For rates it is the same number. */
double floor_ratio(double floor_ns, double value_ns);

/* Fills in disagreement, verdict and why. `busy` is null or the reason why the cores count as busy. */
void attempt_judge(struct attempt *attempt, const struct kind *kind, const char *busy);

/* Which of these attempts at one row is kept: a failure is never hidden; else ok, else the one whose floors agree best. */
unsigned attempts_pick(const struct attempt *attempts, unsigned count);

/* Which of these repetitions is the median by the ratio of its first time; a failure is never hidden. */
unsigned repeats_pick(const struct attempt *repeats, unsigned count);

/* The ratio of the first time, 0 if there is none. */
double attempt_ratio(const struct attempt *attempt);

/* Cache line one way around the row: the mean of both readings. */
double attempt_placement(const struct attempt *attempt);

#endif
