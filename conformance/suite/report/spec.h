/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The requirements in SPEC.md: each is a paragraph that starts with `**EOP-4 (MUST)**` and ends at an empty line. */
#ifndef LC_SUITE_REPORT_SPEC_H
#define LC_SUITE_REPORT_SPEC_H

#include <stdbool.h>
#include <stddef.h>

struct lc_requirement {
    char *id;      /* "EOP-4" */
    char *level;   /* MUST, SHOULD or MAY */
    char *text;    /* Markdown, in one line */
    char *section; /* the heading of its section */
};

struct lc_spec {
    char *path;
    struct lc_requirement *all; /* in the order of the file */
    size_t count;
};

/* Returns false if the file cannot be read (errno says why) or has no requirement (errno is 0). */
bool lc_spec_load(struct lc_spec *spec, const char *path);
/* Returns null if there is no such requirement. */
const struct lc_requirement *lc_spec_find(const struct lc_spec *spec, const char *id);
void lc_spec_free(struct lc_spec *spec);

#endif
