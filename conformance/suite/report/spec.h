/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The requirements, read from SPEC.md: a paragraph that begins with `**EOP-4 (MUST)**`, up to an empty line. */
#ifndef LC_SUITE_REPORT_SPEC_H
#define LC_SUITE_REPORT_SPEC_H

#include <stdbool.h>
#include <stddef.h>

struct lc_requirement {
    char *id;      /* "EOP-4" */
    char *level;   /* MUST, SHOULD or MAY */
    char *text;    /* one line, as Markdown */
    char *section; /* the heading above: "6. The end of a page" */
};

struct lc_spec {
    char *path;
    struct lc_requirement *all; /* in the order of the page */
    size_t count;
};

/* False: the file cannot be read, or has no requirement in it; errno says which (0: none). */
bool lc_spec_load(struct lc_spec *spec, const char *path);
/* Null: there is no such requirement. */
const struct lc_requirement *lc_spec_find(const struct lc_spec *spec, const char *id);
void lc_spec_free(struct lc_spec *spec);

#endif
