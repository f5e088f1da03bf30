/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Command-line options. */
#ifndef LC_SUITE_RUNNER_OPTIONS_H
#define LC_SUITE_RUNNER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Exit codes. */
enum { LC_EXIT_OK = 0, LC_EXIT_FAILURES = 1, LC_EXIT_USAGE = 2, LC_EXIT_BROKEN = 3 };

enum { LC_MAX_IMPLS = 16 };

struct lc_options {
    const char *impls[LC_MAX_IMPLS];
    size_t impl_count;
    const char *peer;      /* null: the implementation itself */
    const char *filter;    /* null: all cases */
    const char *providers; /* null: all that suite and implementation have in common */
    const char *report;    /* a folder; null: the default one */
    const char *expected;  /* null: `expected-failures` in the implementation's folder */
    const char *spec;      /* null: the installed one, or the one of the source tree */
    bool strict, list, tap, verbose, write_expected;
    double time_factor;
    int repeat;
    char **matrix; /* the results.json files to combine; null without --matrix */
    int matrix_count;
};

/* Returns false if the program is to exit with `*exit_code`: after --help, --version, or an error, which is printed. */
bool lc_options_parse(struct lc_options *options, int argc, char **argv, int *exit_code);

#endif
