/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef LLMP_SHMEM_POSIX_PROVIDERS_H
#define LLMP_SHMEM_POSIX_PROVIDERS_H

#include "shmem/provider.h"

extern const llmp_shmem_provider llmp_shmem_sysv;
extern const llmp_shmem_provider llmp_shmem_posix;
extern const llmp_shmem_provider llmp_shmem_memfd;
extern const llmp_shmem_provider llmp_shmem_nop;

#endif
