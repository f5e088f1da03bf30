/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef LLMP_SHMEM_LIVENESS_H
#define LLMP_SHMEM_LIVENESS_H

#include "llmp/shmem.h"

/*
 * Returns 1 if this process is the only holder of an opened map (sysv) or the map's owner no longer exists (posix), 0
 * if not, or -ENOTSUP if the provider cannot tell.
 */
int llmp_shmem_is_orphan(const llmp_shmem *map);

/*
 * Returns 1 if a process that opens the description of this map gets this segment, 0 if not, or -ENOTSUP if the provider
 * cannot tell. Programs that clean up /dev/shm (tmp cleaners, logind's RemoveIPC) remove the names of living owners, and
 * the name may since have been given to another segment. Thread-safe.
 */
int llmp_shmem_is_reachable(const llmp_shmem *map);

/*
 * Returns how many bytes further maps of the provider can have together, as far as the system limits them; UINT64_MAX
 * if it does not. Other processes can take them first.
 */
uint64_t llmp_shmem_room(const llmp_shmem_provider *provider);

/*
 * Removes the segment of an opened map if no other process holds it: LibAFL's sysv segments outlive a creator that was
 * killed (ID-4). The map remains usable until it is closed.
 */
void llmp_shmem_reap(const llmp_shmem *map);

#endif
