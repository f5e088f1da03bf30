/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Helpers of the shared-memory tests: what the kernel reports about descriptors, names, segments and mappings. */
#ifndef LLMP_TEST_SHMEM_SYSTEM_H
#define LLMP_TEST_SHMEM_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "llmp/shmem.h"

/* ---------------------------------------------------------------- counting */

/* Returns how many entries of a folder start with `prefix`, without "." and "..", or -1 if it cannot be read. */
int shmem_count_entries(const char *path, const char *prefix);
/* Returns how many descriptors this process has open. */
int shmem_count_fds(void);
/* Returns how many mappings of this process are shared memory. */
int shmem_count_maps(void);
/* Returns how many posix names carry this pid. */
int shmem_count_names(pid_t pid);
/* Returns how many System V segments the process with this pid created. */
int shmem_count_segments(pid_t pid);

/* ---------------------------------------------------------------- segments */

/* Return true if the kernel has a posix name or a System V segment with the id of `desc`. */
bool shmem_name_exists(const llmp_shmem_desc *desc);
bool shmem_segment_exists(const llmp_shmem_desc *desc);

/* ---------------------------------------------------------------- memory */

/* Returns how many memory pages of the range are mapped and would not fault, or -1 if the kernel does not report it. */
long shmem_pages_present(const void *address, size_t size);

/* Returns a field ("KernelPageSize") of the mapping at that address in /proc/self/smaps in KiB, or -1. */
long shmem_smaps_kib(const void *address, const char *field);

/* Returns the number after `field` at the start of a line of a file in /proc, or -1. */
long shmem_proc_field(const char *path, const char *field);

#endif
