/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which cases are asked for. */
#ifndef LC_SUITE_RUNNER_FILTER_H
#define LC_SUITE_RUNNER_FILTER_H

#include <stdbool.h>

/*
 * `list`: patterns with commas between, null for everything. A pattern is a requirement ("EOP-4", which is not
 * EOP-14), a section ("end-of-page"), a part of an id ("growth@posix"), or, with one of *?[ in it, a glob for the whole id or the id without its
 * provider.
 */
bool lc_filter_matches(const char *list, const char *section, const char *id);

/* Whether a comma-separated list has that name in it. A null list has all. */
bool lc_list_has(const char *list, const char *name);

#endif
