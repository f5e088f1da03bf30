/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The lists of --filter and --provider. */
#ifndef LC_SUITE_RUNNER_FILTER_H
#define LC_SUITE_RUNNER_FILTER_H

#include <stdbool.h>

/*
 * Returns true if a pattern of the comma-separated list matches; a null list matches everything. A pattern is a
 * requirement ("EOP-4", which does not match EOP-14), a section ("end-of-page"), a part of an id ("growth@posix"), or,
 * if it contains one of *?[, a glob for the whole id, with or without its provider.
 */
bool lc_filter_matches(const char *list, const char *section, const char *id);

/* Returns true if the comma-separated list contains the name; a null list contains all. */
bool lc_list_has(const char *list, const char *name);

#endif
