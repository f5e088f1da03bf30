/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Judging a measurement by the two baselines around it. */
#include "runner/judge.h"

#include <stdio.h>
#include <string.h>

double baselines_spread(const struct times *before, const struct times *after, unsigned compared_times) {
    double worst = 0;
    unsigned count = before->count < after->count ? before->count : after->count;
    for (unsigned i = 0; i < count && i < compared_times; i++) {
        double low = before->ns[i] < after->ns[i] ? before->ns[i] : after->ns[i];
        double high = before->ns[i] < after->ns[i] ? after->ns[i] : before->ns[i];
        double apart = low > 0 ? high / low - 1 : 0;
        worst = apart > worst ? apart : worst;
    }
    return worst;
}

struct times baselines_min(const struct times *before, const struct times *after) {
    struct times better = {.count = before->count < after->count ? before->count : after->count};
    for (unsigned i = 0; i < better.count; i++) {
        better.ns[i] = before->ns[i] < after->ns[i] ? before->ns[i] : after->ns[i];
    }
    return better;
}

double efficiency(double baseline_ns, double value_ns) {
    return baseline_ns > 0 && value_ns > 0 ? baseline_ns / value_ns : 0;
}

void repetition_judge(struct repetition *repetition, const struct family *family, const char *busy) {
    repetition->spread = baselines_spread(&repetition->baseline[0], &repetition->baseline[1], family->compared_times);
    if (repetition->outcome.why[0] != '\0') {
        repetition->verdict = VERDICT_FAILED;
        memcpy(repetition->why, repetition->outcome.why, sizeof repetition->why);
    } else if (busy != NULL && busy[0] != '\0') {
        repetition->verdict = VERDICT_BUSY;
        snprintf(repetition->why, sizeof repetition->why, "%s", busy);
    } else if (repetition->spread > BASELINE_SPREAD_MAX) {
        repetition->verdict = VERDICT_NOT_CONVERGED;
        snprintf(repetition->why, sizeof repetition->why, "not converged");
    } else {
        repetition->verdict = VERDICT_OK;
        snprintf(repetition->why, sizeof repetition->why, "ok");
    }
}

/* Smaller is kept rather. Busy figures are worse than figures between baselines that moved. */
static double rank(const struct repetition *repetition) {
    switch (repetition->verdict) {
    case VERDICT_FAILED: return -2;
    case VERDICT_OK: return -1;
    case VERDICT_NOT_CONVERGED: return repetition->spread;
    case VERDICT_BUSY:
    default: return 1e6 + repetition->spread;
    }
}

unsigned retries_select(const struct repetition *repetitions, unsigned count) {
    unsigned best = 0;
    for (unsigned i = 1; i < count; i++) {
        if (rank(&repetitions[i]) < rank(&repetitions[best])) {
            best = i;
        }
    }
    return best;
}

double repetition_efficiency(const struct repetition *repetition) {
    struct times baseline = baselines_min(&repetition->baseline[0], &repetition->baseline[1]);
    return baseline.count > 0 && repetition->outcome.times.count > 0
               ? efficiency(baseline.ns[0], repetition->outcome.times.ns[0])
               : 0;
}

static unsigned count_better(const struct repetition *repeats, unsigned count, unsigned than) {
    unsigned better = 0;
    double mine = repetition_efficiency(&repeats[than]);
    for (unsigned i = 0; i < count; i++) {
        double other = repetition_efficiency(&repeats[i]);
        better += other > mine || (other == mine && i < than);
    }
    return better;
}

unsigned repetitions_median(const struct repetition *repeats, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (repeats[i].verdict == VERDICT_FAILED) {
            return i;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        if (count_better(repeats, count, i) == count / 2) {
            return i;
        }
    }
    return 0;
}

double repetition_placement(const struct repetition *repetition) {
    double before = repetition->facts[0].line_ns, after = repetition->facts[1].line_ns;
    return before > 0 && after > 0 ? (before + after) / 2 : before + after;
}
