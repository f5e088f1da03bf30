/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Measuring one row: between its floors, on quiet cores, again until it settles. */
#include "runner/measure.h"

#include <stdio.h>
#include <string.h>

#include "baselines/baseline.h"
#include "kit/clock.h"
#include "kit/pair.h"
#include "runner/job.h"

enum { QUIET_TRIES = 8, QUIET_PAUSE_MS = 250, ATTEMPTS_MAX = 8, REPEATS_MAX = 99 };
static const double FLOOR_SECONDS = 60, ROW_SECONDS = 60; /* after which a worker counts as hung */
static const double FRESH_SECONDS = 2;
static const double STOLEN_LIMIT = 0.10;

/* The reading behind one row is the reading before the next, when that has the same floor and follows at once. */
static struct {
    struct floor_job job;
    struct outcome outcome;
    uint64_t at;
} newest;

static bool still_fresh(const struct floor_job *job) {
    return newest.at != 0 && newest.job.kind == job->kind && newest.job.payload == job->payload &&
           newest.outcome.why[0] == '\0' && (double)(clock_now() - newest.at) < FRESH_SECONDS * 1e9;
}

/* Side 0: before the row, 1: behind it. */
static bool read_floor(const struct row *row, struct attempt *attempt, int side) {
    struct floor_job job = {.kind = row->kind->floor, .payload = row->payload, .settings = row->settings};
    if (side != 0 || !still_fresh(&job)) {
        newest.job = job;
        if (!job_run(floor_measure, &newest.job, FLOOR_SECONDS, &newest.outcome)) {
            return false;
        }
        newest.at = clock_now();
    }
    attempt->floor[side] = newest.outcome.times;
    attempt->facts[side] = newest.outcome.floor;
    if (newest.outcome.why[0] != '\0') {
        outcome_fail(&attempt->outcome, "%s (floor)", newest.outcome.why);
    }
    return true;
}

static void row_job(const void *context, struct outcome *out) {
    const struct row *row = context;
    row->kind->measure(row, out);
}

/* What the run has spent on waiting for quiet cores and on trying again; see settings.patience_s. */
static double patience_spent;

/* Waits for quiet cores, but not for ever. Returns false when interrupted; `busy` says whether they still are busy. */
static bool await_quiet(const struct settings *settings, char *busy, size_t size) {
    for (int i = 0; i == 0 || (i < QUIET_TRIES && patience_spent < settings->patience_s); i++) {
        busy[0] = '\0';
        if (!cores_busy(&pair_cores, busy, size)) {
            return true;
        }
        clock_sleep_ms(QUIET_PAUSE_MS);
        patience_spent += QUIET_PAUSE_MS / 1e3;
        if (jobs_interrupted()) {
            return false;
        }
    }
    return true;
}

static void note_disturbance(const struct attempt *attempt, const struct core_ticks *before, char *busy, size_t size) {
    struct core_ticks after;
    if (busy[0] != '\0' || usage_disturbed(attempt->outcome.usage, busy, size)) {
        return;
    }
    if (core_ticks_read(&pair_cores, &after) == 0 && core_ticks_stolen(before, &after) > STOLEN_LIMIT) {
        snprintf(busy, size, "busy: the hypervisor took %.0f %% of a core", core_ticks_stolen(before, &after) * 100);
    }
}

static bool attempt_row(const struct row *row, struct attempt *attempt) {
    char busy[WHY_SIZE];
    struct core_ticks ticks;
    struct outcome outcome;
    memset(attempt, 0, sizeof *attempt);
    if (!await_quiet(row->settings, busy, sizeof busy) || !read_floor(row, attempt, 0)) {
        return false;
    }
    core_ticks_read(&pair_cores, &ticks);
    if (!job_run(row_job, row, ROW_SECONDS, &outcome)) {
        return false;
    }
    if (attempt->outcome.why[0] == '\0') {
        attempt->outcome = outcome;
    }
    note_disturbance(attempt, &ticks, busy, sizeof busy);
    if (!read_floor(row, attempt, 1)) {
        return false;
    }
    if (row->kind->floor == FLOOR_OWN) {
        attempt->floor[0] = attempt->outcome.own_floor[0];
        attempt->floor[1] = attempt->outcome.own_floor[1];
    }
    attempt_judge(attempt, row->kind, busy);
    return true;
}

/* Again while the floors disagree or the cores are busy. A failure is not tried again: it must not be hidden. */
static bool worth_another(const struct settings *settings, const struct attempt *attempt, unsigned count) {
    return count < settings->tries && count < ATTEMPTS_MAX && patience_spent < settings->patience_s &&
           (attempt->verdict == VERDICT_UNSETTLED || attempt->verdict == VERDICT_BUSY);
}

static bool settle_row(const struct row *row, const struct measure_watch *watch, unsigned *number,
                       struct attempt *kept) {
    static struct attempt attempts[ATTEMPTS_MAX];
    unsigned count = 0;
    do {
        uint64_t start = clock_now();
        watch->begin(watch->context, ++*number);
        if (!attempt_row(row, &attempts[count])) {
            return false;
        }
        watch->end(watch->context, row, &attempts[count], *number);
        patience_spent += count > 0 ? (double)(clock_now() - start) / 1e9 : 0;
        count++;
    } while (worth_another(row->settings, &attempts[count - 1], count));
    *kept = attempts[attempts_pick(attempts, count)];
    return true;
}

bool measure_row(const struct row *row, const struct measure_watch *watch, struct attempt *kept) {
    static struct attempt repeats[REPEATS_MAX];
    unsigned number = 0, count = 0;
    while (count < row->settings->repeat && count < REPEATS_MAX) {
        if (!settle_row(row, watch, &number, &repeats[count])) {
            return false;
        }
        count++;
    }
    *kept = repeats[repeats_pick(repeats, count)];
    return true;
}
