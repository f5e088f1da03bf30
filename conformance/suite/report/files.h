/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The reports of a run, as files. All of them read results.json's objects (README.md). */
#ifndef LC_SUITE_REPORT_FILES_H
#define LC_SUITE_REPORT_FILES_H

#include "suite/report/result.h"

/* What results.json holds. Takes over `results`. */
json_t *lc_report_run(const struct lc_impl *impl, json_t *results);

/* Everything for all runs, where the options want it. False: said what could not be written. */
bool lc_report_write_all(const struct lc_options *options, const struct lc_spec *spec, const json_t *runs,
                         struct lc_console *console);

void lc_report_tap(FILE *out, const json_t *run);
void lc_report_junit(FILE *out, const json_t *run);
void lc_report_markdown(FILE *out, const json_t *run);
/* Runs side by side, in one page of HTML that needs nothing else. */
void lc_report_matrix(FILE *out, const struct lc_spec *spec, const json_t *runs);

#endif
