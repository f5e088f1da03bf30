/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Standard output while cases run: a line per section and all details of each failure, or TAP. */
#ifndef LC_SUITE_REPORT_CONSOLE_H
#define LC_SUITE_REPORT_CONSOLE_H

#include "suite/report/result.h"

struct lc_console;

/* verbose: prints a line for each case, also for those that pass. Returns null on an error. */
struct lc_console *lc_console_new(bool tap, bool verbose);
void lc_console_free(struct lc_console *console);

/* Announces the run of an implementation. `peer`: the name of another implementation on the other side, or null. */
void lc_console_begin(struct lc_console *console, const char *name, const char *implementation, const char *peer,
                      size_t cases);
void lc_console_section(struct lc_console *console, const char *name);
void lc_console_section_end(struct lc_console *console);
/* Shows which case runs now, if standard error is a terminal. */
void lc_console_progress(struct lc_console *console, const char *id);
void lc_console_result(struct lc_console *console, const json_t *result);
/* Prints the details of a failure that belongs to no case of the plan. */
void lc_console_explain(struct lc_console *console, const json_t *result);
/* Prints a line of text, in TAP as a comment. */
void lc_console_print(struct lc_console *console, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints the totals of all runs. */
void lc_console_end(struct lc_console *console, const struct lc_totals *totals);

#endif
