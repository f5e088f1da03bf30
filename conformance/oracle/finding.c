/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "oracle/finding.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int lc_finding_set(struct lc_finding *finding, const char *requirement, uint64_t offset, const char *expected,
                   const char *seen) {
    finding->requirement = requirement;
    finding->offset = offset;
    snprintf(finding->expected, sizeof finding->expected, "%s", expected);
    snprintf(finding->seen, sizeof finding->seen, "%s", seen);
    return -EPROTO;
}

const char *lc_text(char text[LC_TEXT_MAX], const char *format, ...) {
    va_list values;
    va_start(values, format);
    vsnprintf(text, LC_TEXT_MAX, format, values);
    va_end(values);
    return text;
}
