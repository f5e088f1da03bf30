/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void fuzz_fail(const char *file, int line, const char *property, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "\nPROPERTY VIOLATED at %s:%d: %s\n    ", file, line, property);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    abort();
}

/*
 * Called by AddressSanitizer. Its defaults (stacks of allocations, a large quarantine) cost more time than the targets.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "quarantine_size_mb=1:malloc_context_size=2";
}
