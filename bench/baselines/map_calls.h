/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The baseline of a map's cost: the bare system calls that a provider cannot do without, and nothing around them.
 *
 *     sysv    shmget shmat                                   | shmat        | shmdt, IPC_RMID
 *     posix   shm_open ftruncate posix_fallocate mmap        | shm_open mmap | munmap close shm_unlink
 *     memfd   memfd_create ftruncate posix_fallocate mmap    | mmap         | munmap close
 *
 * posix_fallocate belongs to it: without it a full system is a SIGBUS on first touch.
 */
#ifndef LLMP_BENCH_MAP_CALLS_H
#define LLMP_BENCH_MAP_CALLS_H

#include <stdbool.h>
#include <stddef.h>

struct raw_map {
    const struct raw_provider *provider;
    void *memory;
    size_t size;
    int handle; /* shmid or descriptor */
    bool owner;
    char name[40]; /* posix */
};

/* Returns null for a provider whose system calls are not known here. */
const struct raw_provider *raw_provider_find(const char *name);

/* Each returns 0 or -1 with errno set. */
int raw_map_create(const struct raw_provider *provider, size_t size, struct raw_map *map);
int raw_map_open(const struct raw_map *original, struct raw_map *map);
void raw_map_close(struct raw_map *map);

#endif
