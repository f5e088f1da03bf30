/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Measuring one benchmark: between two readings of its baseline, on quiet cores, until it converges. */
#include "runner/measure.h"

#include <stdio.h>
#include <string.h>

#include "baselines/baseline.h"
#include "kit/clock.h"
#include "kit/pair.h"
#include "runner/job.h"

enum { QUIET_TRIES = 8, QUIET_PAUSE_MS = 250, TRIES_MAX = 8, REPETITIONS_MAX = 99 };
static const double JOB_SECONDS = 60; /* a worker that runs longer counts as hung */
static const double FRESH_SECONDS = 2;
static const double STOLEN_MAX = 0.10;

/* Time that the run has spent on waiting for quiet cores and on retries; see settings.retry_budget_s. */
static double retry_seconds;

/*
 * The reading after one benchmark is also the one before the next, if that has the same baseline and follows at once.
 */
static struct {
    struct baseline_job job;
    struct outcome outcome;
    uint64_t at;
} newest;

static bool still_fresh(const struct baseline_job *job) {
    return newest.at != 0 && newest.job.kind == job->kind && newest.job.payload == job->payload &&
           outcome_ok(&newest.outcome) && (double)(clock_now() - newest.at) < FRESH_SECONDS * 1e9;
}

/* Reads the baseline before (`side` 0) or after (1) the benchmark. Returns false if the run was interrupted. */
static bool read_baseline(const struct benchmark *benchmark, struct repetition *repetition, int side) {
    struct baseline_job job = {
        .kind = benchmark->family->baseline, .payload = benchmark->payload, .settings = benchmark->settings};
    if (side != 0 || !still_fresh(&job)) {
        newest.job = job;
        if (!job_run(baseline_measure, &newest.job, JOB_SECONDS, &newest.outcome)) {
            return false;
        }
        newest.at = clock_now();
    }
    repetition->baseline[side] = newest.outcome.times;
    repetition->facts[side] = newest.outcome.baseline;
    if (!outcome_ok(&newest.outcome)) {
        outcome_fail(&repetition->outcome, "%s (baseline)", newest.outcome.error);
    }
    return true;
}

static void run_benchmark(const void *context, struct outcome *out) {
    const struct benchmark *benchmark = context;
    benchmark->family->measure(benchmark, out);
}

/*
 * Waits for quiet cores, within the retry budget. `busy` is empty if they are. Returns false if the run was
 * interrupted.
 */
static bool await_quiet(const struct settings *settings, char *busy, size_t size) {
    for (int i = 0; i == 0 || (i < QUIET_TRIES && retry_seconds < settings->retry_budget_s); i++) {
        busy[0] = '\0';
        if (!cores_busy(&pair_cores, busy, size)) {
            return true;
        }
        clock_sleep_ms(QUIET_PAUSE_MS);
        retry_seconds += QUIET_PAUSE_MS / 1e3;
        if (jobs_interrupted()) {
            return false;
        }
    }
    return true;
}

/* Sets `busy` if the cores were disturbed during the benchmark, unless it has a reason already. */
static void note_disturbance(const struct repetition *repetition, const struct core_ticks *before, char *busy,
                             size_t size) {
    struct core_ticks after;
    if (busy[0] != '\0' || usage_disturbed(repetition->outcome.usage, busy, size)) {
        return;
    }
    if (core_ticks_read(&pair_cores, &after) == 0 && core_ticks_stolen(before, &after) > STOLEN_MAX) {
        snprintf(busy, size, "busy: the hypervisor took %.0f %% of a core", core_ticks_stolen(before, &after) * 100);
    }
}

/* Makes one repetition. Returns false if the run was interrupted. */
static bool repeat_once(const struct benchmark *benchmark, struct repetition *repetition) {
    char busy[STATUS_SIZE];
    struct core_ticks ticks;
    struct outcome outcome;
    memset(repetition, 0, sizeof *repetition);
    if (!await_quiet(benchmark->settings, busy, sizeof busy) || !read_baseline(benchmark, repetition, 0)) {
        return false;
    }
    core_ticks_read(&pair_cores, &ticks);
    if (!job_run(run_benchmark, benchmark, JOB_SECONDS, &outcome)) {
        return false;
    }
    if (outcome_ok(&repetition->outcome)) {
        repetition->outcome = outcome;
    }
    note_disturbance(repetition, &ticks, busy, sizeof busy);
    if (!read_baseline(benchmark, repetition, 1)) {
        return false;
    }
    if (benchmark->family->baseline == BASELINE_OWN) {
        repetition->baseline[0] = repetition->outcome.own_baseline[0];
        repetition->baseline[1] = repetition->outcome.own_baseline[1];
    }
    repetition_judge(repetition, benchmark->family, busy);
    return true;
}

/* Retries if the baselines disagree or the cores are busy. Failures are not retried, because that would hide them. */
static bool should_retry(const struct settings *settings, const struct repetition *repetition, unsigned count) {
    return count < settings->max_tries && count < TRIES_MAX && retry_seconds < settings->retry_budget_s &&
           (repetition->verdict == VERDICT_NOT_CONVERGED || repetition->verdict == VERDICT_BUSY);
}

/* Repeats until a repetition converges or no try is left. Returns false if the run was interrupted. */
static bool measure_until_converged(const struct benchmark *benchmark, const struct measure_watch *watch,
                                    unsigned *number, struct repetition *kept) {
    static struct repetition tries[TRIES_MAX];
    unsigned count = 0;
    do {
        uint64_t start = clock_now();
        watch->begin(watch->context, ++*number);
        if (!repeat_once(benchmark, &tries[count])) {
            return false;
        }
        watch->end(watch->context, benchmark, &tries[count], *number);
        retry_seconds += count > 0 ? (double)(clock_now() - start) / 1e9 : 0;
        count++;
    } while (should_retry(benchmark->settings, &tries[count - 1], count));
    *kept = tries[tries_select(tries, count)];
    return true;
}

bool benchmark_measure(const struct benchmark *benchmark, const struct measure_watch *watch, struct repetition *kept) {
    static struct repetition repetitions[REPETITIONS_MAX];
    unsigned number = 0, count = 0;
    while (count < benchmark->settings->repeat && count < REPETITIONS_MAX) {
        if (!measure_until_converged(benchmark, watch, &number, &repetitions[count])) {
            return false;
        }
        count++;
    }
    *kept = repetitions[repetitions_median(repetitions, count)];
    return true;
}
