/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Private zeroed memory: implements the interface without sharing, for tests and measurements (ID-3). */
#include <errno.h>
#include <sys/mman.h>

#include "shmem/posix/providers.h"

static int map_private(struct llmp_shmem *map) {
    map->data = mmap(NULL, map->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return map->data == MAP_FAILED ? -errno : 0;
}

static int nop_create(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_options *options) {
    (void)self;
    if ((map->flags & LLMP_SHMEM_HUGE_PAGES) != 0) {
        llmp_shmem_warn(options, "nop: huge pages are not supported, using ordinary pages");
    }
    map->flags &= LLMP_SHMEM_PREFAULT | LLMP_SHMEM_LOCK;
    return map_private(map);
}

static int nop_open(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_id *id) {
    (void)self;
    (void)id;
    return map_private(map);
}

static void nop_close(const llmp_shmem_provider *self, struct llmp_shmem *map, bool remove) {
    (void)self;
    (void)remove;
    (void)munmap(map->data, map->size);
}

const llmp_shmem_provider llmp_shmem_nop = {
    .name = "nop",
    .summary = "private memory (mmap): shares nothing, for tests",
    .scope = LLMP_SCOPE_PROCESS,
    .create = nop_create,
    .open = nop_open,
    .close = nop_close,
};
