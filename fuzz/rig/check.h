/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How a target says that a property does not hold: it prints what, and ends the process as a crash does. */
#ifndef LLMP_FUZZ_CHECK_H
#define LLMP_FUZZ_CHECK_H

__attribute__((noreturn, format(printf, 4, 5))) void fuzz_fail(const char *file, int line, const char *property,
                                                               const char *format, ...);

/* FUZZ_CHECK(property, "what was seen: %d", …) */
#define FUZZ_CHECK(property, ...)                                                                                      \
    do {                                                                                                               \
        if (!(property)) {                                                                                             \
            fuzz_fail(__FILE__, __LINE__, #property, __VA_ARGS__);                                                     \
        }                                                                                                              \
    } while (0)

#endif
