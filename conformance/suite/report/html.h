/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Parts of a page of HTML. */
#ifndef LC_SUITE_REPORT_HTML_H
#define LC_SUITE_REPORT_HTML_H

#include <stdio.h>

/* Prints text, escaped. */
void lc_html_text(FILE *out, const char *text);
/* Prints a sentence of SPEC.md; `code` and *italics* become elements. */
void lc_html_sentence(FILE *out, const char *markdown);
/* Print what comes before and after the elements of the body, the style sheet included. */
void lc_html_begin(FILE *out, const char *title);
void lc_html_end(FILE *out);

#endif
