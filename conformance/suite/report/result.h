/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What becomes of results: their status, the lines on the terminal, and the files. */
#ifndef LC_SUITE_REPORT_RESULT_H
#define LC_SUITE_REPORT_RESULT_H

#include <jansson.h>
#include <stdio.h>

#include "suite/runner/plan.h"

struct lc_expected;

enum { LC_RESULTS_VERSION = 1 }; /* of results.json: README.md */

/* ---------------------------------------------------------------- results */

/*
 * Adds to a case's result what the plan knows: id, requirement, section …, and its `status`: passed, failed, expected
 * (failed, as was expected), advice (failed, of a level that does not count), skipped, unexpected (passed, although it
 * was expected to fail).
 */
void lc_result_classify(struct lc_planned *planned, const struct lc_expected *expected);
bool lc_status_is_failure(const char *status);
bool lc_result_is(const json_t *result, const char *status);
bool lc_result_verdict_is(const json_t *result, const char *verdict);
/* A field as a string, "" where it is missing. */
const char *lc_result_string(const json_t *result, const char *field);
/* "wrong: expected …, seen …", in one line. */
void lc_result_one_line(const json_t *result, char *line, size_t room);
/* The whole story of a failure, each line behind `indent`. */
void lc_result_explain(FILE *out, const json_t *result, const char *indent);

struct lc_totals {
    unsigned passed, failed, skipped; /* those of the last line: expected failures passed, advice is in none */
    unsigned expected, advice, unexpected;
};
struct lc_totals lc_count(const json_t *results);

/* ---------------------------------------------------------------- the terminal */

struct lc_console; /* TAP, or lines for people */

struct lc_console *lc_console_new(const struct lc_options *options);
void lc_console_free(struct lc_console *console);
void lc_console_begin(struct lc_console *console, const struct lc_plan *plan);
void lc_console_section(struct lc_console *console, const char *name);
void lc_console_section_end(struct lc_console *console);
void lc_console_progress(struct lc_console *console, const struct lc_planned *planned);
void lc_console_result(struct lc_console *console, const json_t *result);
/* The story of a failure that is no case's. */
void lc_console_explain(struct lc_console *console, const json_t *result);
/* Something else for people: in TAP a comment. */
void lc_console_print(struct lc_console *console, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* All runs are over: plan, advice, and the line of the totals. */
void lc_console_end(struct lc_console *console, const struct lc_totals *totals);

#endif
