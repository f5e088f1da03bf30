/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Outcomes and metrics. */
#include "cases/benchmark.h"

#include <stdarg.h>
#include <stdio.h>

void outcome_fail(struct outcome *out, const char *format, ...) {
    if (out->why[0] != '\0') {
        return; /* the first cause explains the later ones */
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out->why, sizeof out->why, format, arguments);
    va_end(arguments);
    for (char *c = out->why; *c != '\0'; c++) {
        if (*c == ',' || *c == '\n') {
            *c = ';';
        }
    }
}

double metric_value(const struct metric *metric, const struct times *times, size_t payload) {
    double ns = times->ns[metric->time];
    switch (metric->form) {
    case METRIC_PER_SECOND: return ns > 0 ? 1e9 / ns : 0;
    case METRIC_BYTES_PER_SECOND: return ns > 0 ? (double)payload * 1e9 / ns : 0;
    case METRIC_TIME:
    default: return ns;
    }
}
