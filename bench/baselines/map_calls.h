/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The baseline of a map's cost: the system calls that shared memory of a transport needs, and nothing around them.
 *
 *     sysv    shmget shmat                                   | shmat         | shmdt, IPC_RMID
 *     posix   shm_open ftruncate posix_fallocate mmap        | shm_open mmap | munmap close shm_unlink
 *     memfd   memfd_create ftruncate posix_fallocate mmap    | mmap          | munmap close
 *
 * posix_fallocate() is one of them, because without it a full system is a SIGBUS at the first access.
 */
#ifndef LLMP_BENCH_MAP_CALLS_H
#define LLMP_BENCH_MAP_CALLS_H

#include "kit/map_ops.h"

/* Returns the system calls of a transport ("sysv"), or null if they are not known here. The context is unused. */
const struct map_ops *map_calls_find(const char *transport);

#endif
