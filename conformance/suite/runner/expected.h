/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The file `expected-failures`. Each line is the id of a case, white space, and the reason why it fails. An id without
 * @provider applies to all providers; a line with a provider takes precedence. If another implementation plays the
 * other side, +NAME follows the provider. A line that starts with # is a comment. A case with ~ before its id fails
 * only sometimes, so it may pass.
 */
#ifndef LC_SUITE_RUNNER_EXPECTED_H
#define LC_SUITE_RUNNER_EXPECTED_H

#include "suite/runner/plan.h"

struct lc_expectation {
    char *id;
    char *reason;
    bool sometimes; /* the case may pass */
};

struct lc_expected {
    char *path;     /* null if there is no place for the file */
    char *comments; /* kept when the file is written again */
    struct lc_expectation *all;
    size_t count;
};

/*
 * Reads the file. `path` may be null, and the file may be missing: then no failure is expected. Returns false and fills
 * `error` if it cannot be read or a line is wrong.
 */
bool lc_expected_load(struct lc_expected *expected, const char *path, char error[300]);
void lc_expected_free(struct lc_expected *expected);

/* Returns the line that applies to the case, or null. `id`: with its provider. */
const struct lc_expectation *lc_expected_find(const struct lc_expected *expected, const char *id);

/*
 * Writes the file again: with the failures of this plan, the lines of cases that it did not run, and the lines with ~.
 * Returns false and sets errno on an error.
 */
bool lc_expected_write(const struct lc_expected *expected, const struct lc_plan *plan);

#endif
