/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Pieces of HTML. */
#ifndef LC_SUITE_REPORT_HTML_H
#define LC_SUITE_REPORT_HTML_H

#include <stdio.h>

/* Plain text. */
void lc_html_text(FILE *out, const char *text);
/* A sentence of SPEC.md: `code` and *italics* are those of HTML. */
void lc_html_sentence(FILE *out, const char *markdown);
/* Everything up to the body's first element, style sheet included. */
void lc_html_begin(FILE *out, const char *title);
void lc_html_end(FILE *out);

#endif
