/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef LLMP_SHMEM_LIVENESS_H
#define LLMP_SHMEM_LIVENESS_H

#include "llmp/shmem.h"

/*
 * Whether nobody else holds this opened map any more (sysv), or its owner is gone (posix). 1 yes, 0 no, -ENOTSUP where
 * the provider cannot tell.
 */
int llmp_shmem_is_orphan(const llmp_shmem *map);

/*
 * Removes the segment behind an opened map if nobody else holds it: LibAFL's sysv segments outlive a creator that was
 * killed (ID-4). The mapping stays usable until it is closed.
 */
void llmp_shmem_reap(const llmp_shmem *map);

#endif
