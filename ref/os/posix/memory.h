/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The memory that this process may use. Only memory.c and its test include this file. */
#ifndef LLMP_OS_POSIX_MEMORY_H
#define LLMP_OS_POSIX_MEMORY_H

#include <stdint.h>

/*
 * Returns the smallest memory limit of the control groups that a file in the format of /proc/self/cgroup lists, and of
 * the groups that contain them, below a folder like /sys/fs/cgroup. UINT64_MAX if none has a limit.
 */
uint64_t llmp_os_group_limit(const char *membership, const char *mount);

#endif
