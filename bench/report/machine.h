/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The properties of this machine as JSON. A value that the system does not provide is null. */
#ifndef LLMP_BENCH_MACHINE_H
#define LLMP_BENCH_MACHINE_H

#include <jansson.h>

json_t *machine_cpu(void);    /* model, cores, caches, governor, hypervisor */
json_t *machine_memory(void); /* sizes, huge pages, limits of shared memory */
json_t *machine_kernel(void);
json_t *machine_load(void); /* load averages now */

/* Runs a shell command and returns the first line of its output, or null. */
json_t *machine_run(const char *command);

#endif
