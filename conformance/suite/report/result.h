/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Results: JSON objects with the fields that suite/README.md lists, and how they are counted and printed. */
#ifndef LC_SUITE_REPORT_RESULT_H
#define LC_SUITE_REPORT_RESULT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum { LC_RESULTS_VERSION = 2 }; /* of results.json */

/* Returns a field as a string; "" if it is missing. */
const char *lc_result_string(const json_t *result, const char *field);
bool lc_result_is(const json_t *result, const char *status);
bool lc_result_verdict_is(const json_t *result, const char *verdict);
/* Returns true if the status counts as a failure: failed, xpass. */
bool lc_status_is_failure(const char *status);

struct lc_totals {
    unsigned passed, failed, skipped; /* passed includes xfail, failed includes xpass; warnings are in none of them */
    unsigned xfail, xpass, warnings;
};
void lc_totals_add(struct lc_totals *totals, const json_t *result);
struct lc_totals lc_count(const json_t *results);

/* Writes one line: "wrong: expected: …; seen: …", or why the case was skipped. `room`: bytes of `line`. */
void lc_result_one_line(const json_t *result, char *line, size_t room);
/* Prints all details of a failure; each line starts with `indent`. */
void lc_result_explain(FILE *out, const json_t *result, const char *indent);

#endif
