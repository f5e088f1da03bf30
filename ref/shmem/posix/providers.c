/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shmem/posix/providers.h"

/* LibAFL's default on Linux comes first. */
const llmp_shmem_provider *const llmp_shmem_builtin_providers[] = {
    &llmp_shmem_sysv, &llmp_shmem_posix, &llmp_shmem_memfd, &llmp_shmem_nop, NULL,
};
