/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/status.h"
#include "suite/report/result.h"

#include <errno.h>
#include <string.h>

/* Returns true if a failure counts. */
static bool counts(const struct lc_planned *planned) {
    const char *level = lc_planned_level(planned);
    return strcmp(level, "MUST") == 0 || (planned->plan->options->strict && strcmp(level, "SHOULD") == 0);
}

static const char *status_of(const struct lc_planned *planned, const struct lc_expectation *expectation) {
    if (lc_result_verdict_is(planned->result, "pass")) {
        return expectation != NULL && !expectation->sometimes ? "xpass" : "passed";
    }
    if (lc_result_verdict_is(planned->result, "skip")) {
        return "skipped";
    }
    if (!lc_result_verdict_is(planned->result, "fail")) {
        return "failed"; /* an error of the suite is never expected */
    }
    return expectation != NULL ? "xfail" : counts(planned) ? "failed" : "warning";
}

static void put(json_t *result, const char *field, const char *text) {
    json_object_set_new(result, field, json_string(text));
}

static void put_command(const struct lc_planned *planned) {
    const struct lc_impl *impl = planned->plan->impl, *peer = planned->plan->peer;
    bool has_peer = peer != impl;
    json_object_set_new(planned->result, "command",
                        json_sprintf("%s --impl '%s'%s%s%s --filter '%s'", program_invocation_name, lc_impl_given(impl),
                                     has_peer ? " --peer '" : "", has_peer ? lc_impl_given(peer) : "",
                                     has_peer ? "'" : "", planned->id));
}

void lc_result_classify(struct lc_planned *planned, const struct lc_expected *expected) {
    json_t *result = planned->result;
    const struct lc_expectation *expectation = lc_expected_find(expected, planned->id);
    put(result, "id", planned->id);
    put(result, "case", planned->def->id);
    put(result, "title", planned->def->title);
    put(result, "requirement", planned->requirement_id);
    put(result, "level", lc_planned_level(planned));
    put(result, "sentence", planned->requirement != NULL ? planned->requirement->text : "");
    put(result, "section", planned->section->name);
    put(result, "provider", planned->provider_name);
    put(result, "peer", lc_impl_name(planned->plan->peer));
    put(result, "status", status_of(planned, expectation));
    if (expectation != NULL) {
        put(result, "reason", expectation->reason);
    }
    put_command(planned);
}
