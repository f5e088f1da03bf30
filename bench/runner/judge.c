/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Judging a repetition by the two baseline readings around it. */
#include "runner/judge.h"

#include <stdio.h>
#include <string.h>

static unsigned common_count(const struct times *before, const struct times *after) {
    return before->count < after->count ? before->count : after->count;
}

double baselines_spread(const struct times *before, const struct times *after, unsigned compared_times) {
    double max = 0;
    unsigned count = common_count(before, after);
    for (unsigned i = 0; i < count && i < compared_times; i++) {
        double low = before->ns[i] < after->ns[i] ? before->ns[i] : after->ns[i];
        double high = before->ns[i] < after->ns[i] ? after->ns[i] : before->ns[i];
        double spread = low > 0 ? high / low - 1 : 0;
        max = spread > max ? spread : max;
    }
    return max;
}

struct times baselines_min(const struct times *before, const struct times *after) {
    struct times min = {.count = common_count(before, after)};
    for (unsigned i = 0; i < min.count; i++) {
        min.ns[i] = before->ns[i] < after->ns[i] ? before->ns[i] : after->ns[i];
    }
    return min;
}

double efficiency(double baseline_ns, double value_ns) {
    return baseline_ns > 0 && value_ns > 0 ? baseline_ns / value_ns : 0;
}

void repetition_judge(struct repetition *repetition, const struct family *family, const char *busy) {
    const char *status = "ok";
    repetition->verdict = VERDICT_OK;
    repetition->spread = baselines_spread(&repetition->baseline[0], &repetition->baseline[1], family->compared_times);
    if (!outcome_ok(&repetition->outcome)) {
        repetition->verdict = VERDICT_FAILED;
        status = repetition->outcome.error;
    } else if (busy != NULL && busy[0] != '\0') {
        repetition->verdict = VERDICT_BUSY;
        status = busy;
    } else if (repetition->spread > BASELINE_SPREAD_MAX) {
        repetition->verdict = VERDICT_NOT_CONVERGED;
        status = "not converged";
    }
    snprintf(repetition->status, sizeof repetition->status, "%s", status);
}

/* The rank by which tries are selected; the smallest is used. A busy core distorts more than baselines that differ. */
static double rank_of(const struct repetition *repetition) {
    switch (repetition->verdict) {
    case VERDICT_FAILED: return -2;
    case VERDICT_OK: return -1;
    case VERDICT_NOT_CONVERGED: return repetition->spread;
    case VERDICT_BUSY:
    default: return 1e6 + repetition->spread;
    }
}

unsigned tries_select(const struct repetition *tries, unsigned count) {
    unsigned best = 0;
    for (unsigned i = 1; i < count; i++) {
        if (rank_of(&tries[i]) < rank_of(&tries[best])) {
            best = i;
        }
    }
    return best;
}

double repetition_efficiency(const struct repetition *repetition) {
    struct times baseline = baselines_min(&repetition->baseline[0], &repetition->baseline[1]);
    if (baseline.count == 0 || repetition->outcome.times.count == 0) {
        return 0;
    }
    return efficiency(baseline.ns[0], repetition->outcome.times.ns[0]);
}

/* Returns how many repetitions precede repetition `which` in the order of falling efficiency. */
static unsigned count_better(const struct repetition *repetitions, unsigned count, unsigned which) {
    unsigned better = 0;
    double own = repetition_efficiency(&repetitions[which]);
    for (unsigned i = 0; i < count; i++) {
        double other = repetition_efficiency(&repetitions[i]);
        if (other > own || (other == own && i < which)) {
            better++;
        }
    }
    return better;
}

unsigned repetitions_median(const struct repetition *repetitions, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (repetitions[i].verdict == VERDICT_FAILED) {
            return i;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        if (count_better(repetitions, count, i) == count / 2) {
            return i;
        }
    }
    return 0;
}

double repetition_placement(const struct repetition *repetition) {
    double before = repetition->facts[0].line_ns, after = repetition->facts[1].line_ns;
    return before > 0 && after > 0 ? (before + after) / 2 : before + after;
}
