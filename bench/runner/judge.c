/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Judging a measurement by the two floors around it. */
#include "runner/judge.h"

#include <stdio.h>
#include <string.h>

double floors_disagreement(const struct times *before, const struct times *after, unsigned settle) {
    double worst = 0;
    unsigned count = before->count < after->count ? before->count : after->count;
    for (unsigned i = 0; i < count && i < settle; i++) {
        double low = before->ns[i] < after->ns[i] ? before->ns[i] : after->ns[i];
        double high = before->ns[i] < after->ns[i] ? after->ns[i] : before->ns[i];
        double apart = low > 0 ? high / low - 1 : 0;
        worst = apart > worst ? apart : worst;
    }
    return worst;
}

struct times floors_better(const struct times *before, const struct times *after) {
    struct times better = {.count = before->count < after->count ? before->count : after->count};
    for (unsigned i = 0; i < better.count; i++) {
        better.ns[i] = before->ns[i] < after->ns[i] ? before->ns[i] : after->ns[i];
    }
    return better;
}

double floor_ratio(double floor_ns, double value_ns) {
    return floor_ns > 0 && value_ns > 0 ? floor_ns / value_ns : 0;
}

void attempt_judge(struct attempt *attempt, const struct kind *kind, const char *busy) {
    attempt->disagreement = floors_disagreement(&attempt->floor[0], &attempt->floor[1], kind->settle);
    if (attempt->outcome.why[0] != '\0') {
        attempt->verdict = VERDICT_FAILED;
        memcpy(attempt->why, attempt->outcome.why, sizeof attempt->why);
    } else if (busy != NULL && busy[0] != '\0') {
        attempt->verdict = VERDICT_BUSY;
        snprintf(attempt->why, sizeof attempt->why, "%s", busy);
    } else if (attempt->disagreement > SETTLE_LIMIT) {
        attempt->verdict = VERDICT_UNSETTLED;
        snprintf(attempt->why, sizeof attempt->why, "unsettled");
    } else {
        attempt->verdict = VERDICT_OK;
        snprintf(attempt->why, sizeof attempt->why, "ok");
    }
}

/* Smaller is kept rather. Busy figures are worse than figures between floors that moved. */
static double rank(const struct attempt *attempt) {
    switch (attempt->verdict) {
    case VERDICT_FAILED: return -2;
    case VERDICT_OK: return -1;
    case VERDICT_UNSETTLED: return attempt->disagreement;
    case VERDICT_BUSY:
    default: return 1e6 + attempt->disagreement;
    }
}

unsigned attempts_pick(const struct attempt *attempts, unsigned count) {
    unsigned best = 0;
    for (unsigned i = 1; i < count; i++) {
        if (rank(&attempts[i]) < rank(&attempts[best])) {
            best = i;
        }
    }
    return best;
}

double attempt_ratio(const struct attempt *attempt) {
    struct times floor = floors_better(&attempt->floor[0], &attempt->floor[1]);
    return floor.count > 0 && attempt->outcome.times.count > 0 ? floor_ratio(floor.ns[0], attempt->outcome.times.ns[0])
                                                               : 0;
}

static unsigned count_better(const struct attempt *repeats, unsigned count, unsigned than) {
    unsigned better = 0;
    double mine = attempt_ratio(&repeats[than]);
    for (unsigned i = 0; i < count; i++) {
        double other = attempt_ratio(&repeats[i]);
        better += other > mine || (other == mine && i < than);
    }
    return better;
}

unsigned repeats_pick(const struct attempt *repeats, unsigned count) {
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

double attempt_placement(const struct attempt *attempt) {
    double before = attempt->facts[0].line_ns, after = attempt->facts[1].line_ns;
    return before > 0 && after > 0 ? (before + after) / 2 : before + after;
}
