/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reports as text. `run` is what results.json contains. */
#ifndef LC_SUITE_REPORT_TEXT_H
#define LC_SUITE_REPORT_TEXT_H

#include "suite/report/result.h"

void lc_report_tap(FILE *out, const json_t *run);
/* Prints the line of one result, and the details of a failure as comments. `number` counts from 1. */
void lc_report_tap_result(FILE *out, size_t number, const json_t *result);

void lc_report_junit(FILE *out, const json_t *run);
void lc_report_markdown(FILE *out, const json_t *run);

#endif
