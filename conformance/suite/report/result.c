/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/report/result.h"

#include <string.h>

/* ---------------------------------------------------------------- fields */

const char *lc_result_string(const json_t *result, const char *field) {
    const char *text = json_string_value(json_object_get(result, field));
    return text != NULL ? text : "";
}

bool lc_result_is(const json_t *result, const char *status) {
    return strcmp(lc_result_string(result, "status"), status) == 0;
}

bool lc_result_verdict_is(const json_t *result, const char *verdict) {
    return strcmp(lc_result_string(result, "verdict"), verdict) == 0;
}

bool lc_status_is_failure(const char *status) {
    return strcmp(status, "failed") == 0 || strcmp(status, "xpass") == 0;
}

/* ---------------------------------------------------------------- totals */

void lc_totals_add(struct lc_totals *totals, const json_t *result) {
    unsigned xfail = lc_result_is(result, "xfail") ? 1 : 0;
    totals->passed += lc_result_is(result, "passed") || xfail > 0 ? 1 : 0;
    totals->failed += lc_status_is_failure(lc_result_string(result, "status")) ? 1 : 0;
    totals->skipped += lc_result_is(result, "skipped") ? 1 : 0;
    totals->xfail += xfail;
    totals->xpass += lc_result_is(result, "xpass") ? 1 : 0;
    totals->warnings += lc_result_is(result, "warning") ? 1 : 0;
}

struct lc_totals lc_count(const json_t *results) {
    struct lc_totals totals = {0};
    size_t at;
    json_t *result;
    json_array_foreach(results, at, result) {
        lc_totals_add(&totals, result);
    }
    return totals;
}

/* ---------------------------------------------------------------- printing */

static void replace_control_characters(char *line) {
    for (; *line != '\0'; line++) {
        *line = (char)(*line == '\n' || *line == '\r' || *line == '\t' ? ' ' : *line);
    }
}

void lc_result_one_line(const json_t *result, char *line, size_t room) {
    const char *expected = lc_result_string(result, "expected"), *seen = lc_result_string(result, "seen");
    if (lc_result_is(result, "xpass")) {
        snprintf(line, room, "passed, but is listed as failing: %s", lc_result_string(result, "reason"));
    } else if (lc_result_verdict_is(result, "skip")) {
        snprintf(line, room, "%s", seen);
    } else if (*expected != '\0') {
        snprintf(line, room, "%s: expected: %s; seen: %s", lc_result_string(result, "kind"), expected, seen);
    } else {
        snprintf(line, room, "%s: %s", lc_result_string(result, "kind"), seen);
    }
    replace_control_characters(line);
}

static void put_lines(FILE *out, const char *indent, const char *prefix, const char *text) {
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        fprintf(out, "%s%s%.*s\n", indent, prefix, (int)length, text);
        text += length + (text[length] == '\n' ? 1 : 0);
    }
}

static void put_field(FILE *out, const char *indent, const char *name, const char *text) {
    if (*text != '\0') {
        fprintf(out, "%s%-12s%s\n", indent, name, text);
    }
}

static void put_notes(FILE *out, const char *indent, const json_t *notes) {
    size_t at;
    json_t *note;
    json_array_foreach(notes, at, note) {
        put_field(out, indent, at == 0 ? "steps" : "", json_string_value(note));
    }
}

static void put_stderr(FILE *out, const char *indent, const json_t *list) {
    size_t at;
    json_t *each;
    json_array_foreach(list, at, each) {
        fprintf(out, "%sstandard error of %s as %s\n", indent, lc_result_string(each, "name"),
                lc_result_string(each, "role"));
        put_lines(out, indent, "  | ", lc_result_string(each, "text"));
    }
}

void lc_result_explain(FILE *out, const json_t *result, const char *indent) {
    if (lc_result_is(result, "xpass")) {
        char line[400];
        lc_result_one_line(result, line, sizeof line);
        put_field(out, indent, "xpass", line);
    }
    put_field(out, indent, "case", lc_result_string(result, "title"));
    if (json_object_get(result, "requirement") != NULL) {
        fprintf(out, "%s%-12s%s: %s\n", indent, lc_result_string(result, "requirement"),
                lc_result_string(result, "level"), lc_result_string(result, "sentence"));
    }
    put_field(out, indent, "verdict", lc_result_string(result, "kind"));
    put_field(out, indent, "expected", lc_result_string(result, "expected"));
    put_field(out, indent, "seen", lc_result_string(result, "seen"));
    put_notes(out, indent, json_object_get(result, "notes"));
    put_lines(out, indent, "  ", lc_result_string(result, "page"));
    put_stderr(out, indent, json_object_get(result, "stderr"));
    put_field(out, indent, "rerun", lc_result_string(result, "command"));
}
