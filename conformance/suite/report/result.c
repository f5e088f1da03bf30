/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Results: what they count for, and how a failure is told. */
#include "suite/report/result.h"
#include "suite/runner/expected.h"

#include <errno.h>
#include <string.h>

/* ---------------------------------------------------------------- fields */

const char *lc_result_string(const json_t *result, const char *field) {
    const char *text = json_string_value(json_object_get(result, field));
    return text ? text : "";
}

bool lc_result_is(const json_t *result, const char *status) {
    return strcmp(lc_result_string(result, "status"), status) == 0;
}

bool lc_result_verdict_is(const json_t *result, const char *verdict) {
    return strcmp(lc_result_string(result, "verdict"), verdict) == 0;
}

bool lc_status_is_failure(const char *status) {
    return strcmp(status, "failed") == 0 || strcmp(status, "unexpected") == 0;
}

/* ---------------------------------------------------------------- status */

static bool counts(const struct lc_planned *planned) {
    const char *level = lc_planned_level(planned);
    return strcmp(level, "MUST") == 0 || (planned->plan->options->strict && strcmp(level, "SHOULD") == 0);
}

static const char *status_of(const struct lc_planned *planned, const struct lc_expectation *expected) {
    const char *verdict = lc_result_string(planned->result, "verdict");
    if (strcmp(verdict, "pass") == 0) {
        return expected && !expected->sometimes ? "unexpected" : "passed";
    }
    if (strcmp(verdict, "skip") == 0) {
        return "skipped";
    }
    if (strcmp(verdict, "fail") != 0) {
        return "failed"; /* the suite's own trouble is never expected */
    }
    return expected ? "expected" : counts(planned) ? "failed" : "advice";
}

static void put(json_t *result, const char *field, const char *text) {
    json_object_set_new(result, field, json_string(text));
}

static void put_command(const struct lc_planned *planned) {
    const struct lc_impl *impl = planned->plan->impl, *peer = planned->plan->peer;
    const char *given = impl->folder ? impl->folder : impl->command;
    const char *other = peer->folder ? peer->folder : peer->command;
    bool alone = peer == impl;
    json_object_set_new(planned->result, "command",
                        json_sprintf("%s --impl '%s'%s%s%s --filter '%s'", program_invocation_name, given,
                                     alone ? "" : " --peer '", alone ? "" : other, alone ? "" : "'", planned->id));
}

void lc_result_classify(struct lc_planned *planned, const struct lc_expected *expected) {
    json_t *result = planned->result;
    const struct lc_expectation *expectation = lc_expected_find(expected, planned->id);
    put(result, "id", planned->id);
    put(result, "case", planned->def->id);
    put(result, "title", planned->def->title);
    put(result, "requirement", planned->requirement);
    put(result, "level", lc_planned_level(planned));
    put(result, "sentence", planned->says ? planned->says->text : "");
    put(result, "section", planned->section->name);
    put(result, "provider", planned->provider_name);
    put(result, "peer", lc_impl_name(planned->plan->peer));
    put(result, "status", status_of(planned, expectation));
    if (expectation) {
        put(result, "reason", expectation->reason);
    }
    put_command(planned);
}

struct lc_totals lc_count(const json_t *results) {
    struct lc_totals totals = {0};
    size_t at;
    json_t *result;
    json_array_foreach(results, at, result) {
        bool expected = lc_result_is(result, "expected");
        totals.passed += lc_result_is(result, "passed") || expected;
        totals.failed += lc_status_is_failure(lc_result_string(result, "status"));
        totals.skipped += lc_result_is(result, "skipped");
        totals.expected += expected;
        totals.advice += lc_result_is(result, "advice");
        totals.unexpected += lc_result_is(result, "unexpected");
    }
    return totals;
}

/* ---------------------------------------------------------------- telling */

static void flatten(char *line) {
    for (; *line; line++) {
        *line = (char)(*line == '\n' || *line == '\r' || *line == '\t' ? ' ' : *line);
    }
}

void lc_result_one_line(const json_t *result, char *line, size_t room) {
    const char *expected = lc_result_string(result, "expected"), *seen = lc_result_string(result, "seen");
    if (lc_result_is(result, "unexpected")) {
        snprintf(line, room, "passed, although it is listed as failing: %s", lc_result_string(result, "reason"));
    } else if (lc_result_verdict_is(result, "skip")) {
        snprintf(line, room, "%s", seen);
    } else if (*expected) {
        snprintf(line, room, "%s: expected %s, seen %s", lc_result_string(result, "kind"), expected, seen);
    } else {
        snprintf(line, room, "%s: %s", lc_result_string(result, "kind"), seen);
    }
    flatten(line);
}

/* Each line of a text behind the indent. */
static void put_lines(FILE *out, const char *indent, const char *more, const char *text) {
    while (*text) {
        size_t length = strcspn(text, "\n");
        fprintf(out, "%s%s%.*s\n", indent, more, (int)length, text);
        text += length + (text[length] == '\n');
    }
}

static void put_field(FILE *out, const char *indent, const char *name, const char *text) {
    if (*text) {
        fprintf(out, "%s%-12s%s\n", indent, name, text);
    }
}

static void put_notes(FILE *out, const char *indent, const json_t *notes) {
    size_t at;
    json_t *note;
    json_array_foreach(notes, at, note) {
        fprintf(out, "%s%-12s%s\n", indent, at == 0 ? "before" : "", json_string_value(note));
    }
}

static void put_voices(FILE *out, const char *indent, const json_t *voices) {
    size_t at;
    json_t *voice;
    json_array_foreach(voices, at, voice) {
        fprintf(out, "%sstandard error of %s as %s\n", indent, lc_result_string(voice, "name"),
                lc_result_string(voice, "role"));
        put_lines(out, indent, "  | ", lc_result_string(voice, "said"));
    }
}

void lc_result_explain(FILE *out, const json_t *result, const char *indent) {
    if (lc_result_is(result, "unexpected")) {
        char line[400];
        lc_result_one_line(result, line, sizeof line);
        put_field(out, indent, "unexpected", line);
    }
    put_field(out, indent, "shows", lc_result_string(result, "title"));
    if (json_object_get(result, "requirement")) {
        fprintf(out, "%s%-12s%s: %s\n", indent, lc_result_string(result, "requirement"),
                lc_result_string(result, "level"), lc_result_string(result, "sentence"));
    }
    put_field(out, indent, "verdict", lc_result_string(result, "kind"));
    put_field(out, indent, "expected", lc_result_string(result, "expected"));
    put_field(out, indent, "seen", lc_result_string(result, "seen"));
    put_notes(out, indent, json_object_get(result, "notes"));
    put_lines(out, indent, "  ", lc_result_string(result, "page"));
    put_voices(out, indent, json_object_get(result, "stderr"));
    put_field(out, indent, "again", lc_result_string(result, "command"));
}
