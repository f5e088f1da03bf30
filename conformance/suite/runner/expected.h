/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The failures to expect: a case's id (for one provider, or without @provider for all), white space, the reason.
 * Where another implementation played the peer, +NAME stands behind the provider. A line that begins with # is a comment.
 * With ~ before the id the case fails sometimes: it may pass. A line for one provider goes before one for all.
 */
#ifndef LC_SUITE_RUNNER_EXPECTED_H
#define LC_SUITE_RUNNER_EXPECTED_H

#include <stdbool.h>
#include <stddef.h>

#include "suite/runner/plan.h"

struct lc_expectation {
    char *id;
    char *reason;
    bool sometimes; /* it may pass as well */
};

struct lc_expected {
    char *path;     /* null: there is no place for the file */
    char *comments; /* the lines with #, kept when the file is written again */
    struct lc_expectation *all;
    size_t count;
};

/* `path` may be null, and the file may be missing. False: a line is wrong; `error` says which. */
bool lc_expected_load(struct lc_expected *expected, const char *path, char error[300]);
void lc_expected_free(struct lc_expected *expected);

/* What is expected of this case, or null. */
const struct lc_expectation *lc_expected_find(const struct lc_expected *expected, const char *id);

/* Writes what failed in this plan, and keeps what it did not run and what fails sometimes. False and errno. */
bool lc_expected_write(const struct lc_expected *expected, const struct lc_plan *plan);

#endif
