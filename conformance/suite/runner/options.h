/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The command line. */
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
    const char *providers; /* null: all that suite and implementation share */
    const char *report;    /* folder; null: the usual one */
    const char *expected;  /* null: `expected-failures` in the implementation's folder */
    const char *spec;      /* null: where it was built or installed */
    bool strict, list, tap, verbose, write_expected;
    double seconds;
    int repeat;
    char **matrix; /* results to combine */
    int matrix_count;
};

/* False: an exit code was chosen (`*exit_code`) and whatever is to be said was said. */
bool lc_options_parse(struct lc_options *options, int argc, char **argv, int *exit_code);

#endif
