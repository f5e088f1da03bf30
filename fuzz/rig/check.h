/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reports a violated property: prints it and aborts, which the engine and replay.c treat as a crash. */
#ifndef LLMP_FUZZ_CHECK_H
#define LLMP_FUZZ_CHECK_H

__attribute__((noreturn, format(printf, 4, 5))) void fuzz_fail(const char *file, int line, const char *property,
                                                               const char *format, ...);

/* FUZZ_CHECK(property, "what was seen: %d", …) aborts unless the property is true. */
#define FUZZ_CHECK(property, ...)                                                                                      \
    do {                                                                                                               \
        if (!(property)) {                                                                                             \
            fuzz_fail(__FILE__, __LINE__, #property, __VA_ARGS__);                                                     \
        }                                                                                                              \
    } while (0)

#endif
