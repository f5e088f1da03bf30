/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the system tells about itself. Whatever it does not tell is null in the JSON. */
#ifndef LLMP_BENCH_MACHINE_H
#define LLMP_BENCH_MACHINE_H

#include <jansson.h>

json_t *machine_cpu(void);    /* model, cores, caches, governor, hypervisor */
json_t *machine_memory(void); /* sizes, huge pages, limits of shared memory */
json_t *machine_kernel(void);
json_t *machine_load(void); /* load averages now */

/* The first line that a command prints, or null. */
json_t *machine_ask(const char *command);

#endif
