/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Shared-memory files: what posix.c and memfd.c have in common. All return 0 or a negative code. */
#ifndef LLMP_SHMEM_POSIX_FILE_H
#define LLMP_SHMEM_POSIX_FILE_H

#include <sys/stat.h>

#include "shmem/provider.h"

/* Sets mode 0600 and reserves memory for `size` bytes. -EFBIG above the process's limit on file sizes. */
int llmp_shmem_file_reserve(int fd, size_t size);

/* Fills `st`. -LLMP_E_NO_SEGMENT if the descriptor is closed, -LLMP_E_ID_KIND if it is not a regular file. */
int llmp_shmem_file_stat(int fd, struct stat *st);

/* Returns a number that differs between files that exist at the same time or have one name in turn. */
uint64_t llmp_shmem_file_identity(const struct stat *st);

/* Maps the first map->size bytes and sets map->data. */
int llmp_shmem_file_map(struct llmp_shmem *map, int fd);

#endif
