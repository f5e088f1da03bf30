/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Figures as text for readers. Each function fills `text` and returns it. */
#ifndef LLMP_BENCH_FORMAT_H
#define LLMP_BENCH_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* Formats a time with three significant figures: "9.80 ns", "12.5 us", "310 ms". */
const char *format_ns(double ns, char *text, size_t size);

/* Formats a size in the largest binary unit that divides it: "64 B", "4 KiB", "1 MiB". */
const char *format_bytes(uint64_t bytes, char *text, size_t size);

#endif
