/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The reports of a run, as files. */
#ifndef LC_SUITE_REPORT_FILES_H
#define LC_SUITE_REPORT_FILES_H

#include "suite/report/console.h"
#include "suite/report/spec.h"

/*
 * Returns the content of results.json.
 *
 * impl: the --impl of the run
 * hello: the reply of its adapter, or null if the adapter cannot run here
 * results: the reference is stolen
 */
json_t *lc_report_run(const char *impl, json_t *hello, json_t *results);

/*
 * Writes all reports of all runs. `folder` null: build/conformance/NAME for each run, and matrix.html beside them.
 * Otherwise `folder`, or folder/NAME for each of several runs. Returns false after an error, which is printed.
 */
bool lc_report_write_all(const char *folder, const struct lc_spec *spec, const json_t *runs,
                         struct lc_console *console);

#endif
