/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Private zeroed memory: the interface without the sharing, for tests and measurements (ID-3). */
#include <errno.h>
#include <sys/mman.h>

#include "shmem/provider.h"

static int nop_create(struct llmp_shmem *map, const llmp_shmem_options *options) {
    if (map->flags & LLMP_SHMEM_HUGE_PAGES) {
        llmp_shmem_warn(options, "nop: private memory has no huge pages here, using ordinary ones");
    }
    map->flags &= LLMP_SHMEM_PREFAULT | LLMP_SHMEM_LOCK;
    map->data = mmap(NULL, map->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return map->data == MAP_FAILED ? -errno : 0;
}

static int nop_open(struct llmp_shmem *map, const llmp_shmem_id *id) {
    (void)id;
    return nop_create(map, NULL);
}

static void nop_close(struct llmp_shmem *map, bool remove) {
    (void)remove;
    (void)munmap(map->data, map->size);
}

const llmp_shmem_provider llmp_shmem_nop = {
    .name = "nop",
    .summary = "private memory: shares nothing, for tests",
    .scope = LLMP_SCOPE_PROCESS,
    .create = nop_create,
    .open = nop_open,
    .close = nop_close,
};
