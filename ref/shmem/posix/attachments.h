/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The System V segments that this process has opened, and how often. The kernel counts the attachments of all processes
 * together: a process that has a segment open twice must not take itself for another holder. Thread-safe.
 */
#ifndef LLMP_SHMEM_POSIX_ATTACHMENTS_H
#define LLMP_SHMEM_POSIX_ATTACHMENTS_H

#include <stddef.h>

/* Counts one more opened map of a segment. Returns 0 or -ENOMEM. A child starts with its parent's counts. */
int llmp_attachments_add(int segment);

/* Counts one less. */
void llmp_attachments_remove(int segment);

/* Returns how many opened maps of a segment this process has. Maps that it created do not count. */
size_t llmp_attachments_count(int segment);

#endif
