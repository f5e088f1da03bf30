/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A page of HTML that compares runs: a row per requirement, a column per implementation. */
#ifndef LC_SUITE_REPORT_MATRIX_H
#define LC_SUITE_REPORT_MATRIX_H

#include "suite/report/result.h"
#include "suite/report/spec.h"

/* The page needs no other file, but links to SPEC.md beside it. */
void lc_report_matrix(FILE *out, const struct lc_spec *spec, const json_t *runs);

#endif
