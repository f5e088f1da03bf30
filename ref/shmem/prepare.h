/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef LLMP_SHMEM_PREPARE_H
#define LLMP_SHMEM_PREPARE_H

#include <stddef.h>

/* Faults the memory in (PREFAULT) and locks it (LOCK), as `flags` ask. Never changes its content. */
int llmp_shmem_prepare(void *data, size_t size, unsigned flags);

/* Bytes of a huge page; 0 where there are none. */
size_t llmp_shmem_huge_page_size(void);

/* The same size, in whole huge pages. */
size_t llmp_shmem_round_up(size_t size, size_t unit);

#endif
