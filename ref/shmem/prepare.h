/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The memory behind a map. Each platform has one implementation: posix/prepare.c. */
#ifndef LLMP_SHMEM_PREPARE_H
#define LLMP_SHMEM_PREPARE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Populates the page tables (LLMP_SHMEM_PREFAULT) and locks the memory (LLMP_SHMEM_LOCK) as `flags` request. Never
 * changes the content. Returns 0, -ENOMEM if the machine has less than `size` bytes, or -errno.
 */
int llmp_shmem_prepare(void *data, size_t size, uint32_t flags);

/* Returns the bytes of a huge page, or 0 if the system has none. */
size_t llmp_shmem_huge_page_size(void);

/* Rounds `size` up to a multiple of `unit`. */
static inline size_t llmp_shmem_round_up(size_t size, size_t unit) {
    return (size + unit - 1) / unit * unit;
}

#endif
