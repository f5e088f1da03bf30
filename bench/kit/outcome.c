/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Recording the error of a measurement. */
#include "kit/outcome.h"

#include <stdarg.h>
#include <stdio.h>

void outcome_fail(struct outcome *outcome, const char *format, ...) {
    if (!outcome_ok(outcome)) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(outcome->error, sizeof outcome->error, format, arguments);
    va_end(arguments);
    for (char *c = outcome->error; *c != '\0'; c++) {
        if (*c == ',' || *c == '\n') {
            *c = ';';
        }
    }
}
