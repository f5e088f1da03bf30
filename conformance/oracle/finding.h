/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A finding: the requirement that a page violates, and where. */
#ifndef LC_ORACLE_FINDING_H
#define LC_ORACLE_FINDING_H

#include <stdint.h>

enum { LC_TEXT_MAX = 160 }; /* bytes of a text, its NUL included; longer ones are truncated */

struct lc_finding {
    const char *requirement; /* "MSG-1"; null: no requirement is violated */
    uint64_t offset;         /* in the map */
    char expected[LC_TEXT_MAX];
    char seen[LC_TEXT_MAX];
};

/* Fills the finding; the texts are copied. Always returns -EPROTO. */
int lc_finding_set(struct lc_finding *finding, const char *requirement, uint64_t offset, const char *expected,
                   const char *seen);

/* Formats a text that lives until the end of the enclosing block: an argument for lc_finding_set(). */
#define LC_TEXT(...) lc_text((char[LC_TEXT_MAX]){0}, __VA_ARGS__)
const char *lc_text(char text[LC_TEXT_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
