/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Maps of all providers: checks arguments, calls the provider, and finishes what it mapped. */
#include <errno.h>
#include <stdlib.h>

#include "os/os.h"
#include "shmem/liveness.h"
#include "shmem/prepare.h"
#include "shmem/provider.h"

/* ------------------------------------------------------------------ creating and opening */

static const llmp_shmem_options *or_default(const llmp_shmem_options *options) {
    static const llmp_shmem_options defaults;
    return options != NULL ? options : &defaults;
}

static int check_arguments(size_t size, const llmp_shmem_options *options) {
    if (size == 0) {
        return -LLMP_E_SIZE_ZERO;
    }
    return size > LLMP_SHMEM_SIZE_MAX ? -LLMP_E_SIZE_TOO_LARGE : llmp_shmem_check_options(options);
}

static struct llmp_shmem *new_map(const llmp_shmem_provider *provider, size_t size, unsigned flags) {
    struct llmp_shmem *map = calloc(1, sizeof *map);
    if (map != NULL) {
        map->provider = provider;
        map->size = size;
        map->flags = flags;
        map->handle = LLMP_SHMEM_NO_HANDLE;
    }
    return map;
}

/* Ends create and open: prepares the memory that the provider mapped, or frees `map` on failure. */
static int finish(struct llmp_shmem *map, int rc, llmp_shmem **out) {
    if (rc != 0) {
        free(map);
        return rc;
    }
    rc = llmp_shmem_prepare(map->data, map->size, map->flags);
    if (rc != 0) {
        llmp_shmem_close(map);
        return rc;
    }
    *out = map;
    return 0;
}

int llmp_shmem_create(const llmp_shmem_provider *provider, size_t size, const llmp_shmem_options *options,
                      llmp_shmem **out) {
    *out = NULL;
    options = or_default(options);
    int rc = check_arguments(size, options);
    if (rc != 0) {
        return rc;
    }
    /* The kernel would not refuse to reserve more than the machine has: it would start the out-of-memory killer. */
    if (size > llmp_os_memory_size()) {
        return -ENOMEM;
    }
    struct llmp_shmem *map = new_map(provider, size, options->flags);
    if (map == NULL) {
        return -ENOMEM;
    }
    map->owner = llmp_os_process_id();
    return finish(map, provider->create(provider, map, options), out);
}

int llmp_shmem_open(const llmp_shmem_provider *provider, const llmp_shmem_desc *desc, const llmp_shmem_options *options,
                    llmp_shmem **out) {
    *out = NULL;
    options = or_default(options);
    const llmp_shmem_desc copy = *desc;
    llmp_shmem_id id = {{0}}; /* the bytes before the NUL, then zeros (ID-1); empty if the provider shares nothing */
    int rc = check_arguments(copy.size, options);
    if (rc == 0 && provider->scope != LLMP_SCOPE_PROCESS) {
        rc = llmp_shmem_id_set(&id, copy.id.bytes);
    }
    if (rc != 0) {
        return rc;
    }
    struct llmp_shmem *map = new_map(provider, copy.size, options->flags & (LLMP_SHMEM_PREFAULT | LLMP_SHMEM_LOCK));
    if (map == NULL) {
        return -ENOMEM;
    }
    map->id = id;
    return finish(map, provider->open(provider, map, &id), out);
}

/* The system may have reused the id for another segment since the map was opened. */
int llmp_shmem_clone(const llmp_shmem *map, llmp_shmem **out) {
    llmp_shmem_desc desc = llmp_shmem_describe(map);
    int rc = llmp_shmem_open(map->provider, &desc, NULL, out);
    if (rc == 0 && (*out)->identity != map->identity) {
        llmp_shmem_close(*out);
        *out = NULL;
        rc = -LLMP_E_NO_SEGMENT;
    }
    return rc;
}

void llmp_shmem_close(llmp_shmem *map) {
    if (map != NULL) {
        map->provider->close(map->provider, map, llmp_shmem_is_owner(map));
        free(map);
    }
}

/* ------------------------------------------------------------------ owners */

/* A copy that a child inherited is not the owner's: closing it removes nothing (ID-4). */
bool llmp_shmem_is_owner(const llmp_shmem *map) {
    return llmp_process_id_equal(map->owner, llmp_os_process_id());
}

int llmp_shmem_is_orphan(const llmp_shmem *map) {
    const llmp_shmem_provider *provider = map->provider;
    return provider->is_orphan != NULL ? provider->is_orphan(provider, map) : -ENOTSUP;
}

int llmp_shmem_is_reachable(const llmp_shmem *map) {
    const llmp_shmem_provider *provider = map->provider;
    return provider->is_reachable != NULL ? provider->is_reachable(provider, map) : -ENOTSUP;
}

void llmp_shmem_reap(const llmp_shmem *map) {
    const llmp_shmem_provider *provider = map->provider;
    if (provider->reap != NULL && llmp_shmem_is_orphan(map) == 1) {
        provider->reap(provider, map);
    }
}

uint64_t llmp_shmem_room(const llmp_shmem_provider *provider) {
    return provider->room != NULL ? provider->room(provider) : UINT64_MAX;
}

/* ------------------------------------------------------------------ properties */

void *llmp_shmem_data(const llmp_shmem *map) {
    return map->data;
}

size_t llmp_shmem_size(const llmp_shmem *map) {
    return map->size;
}

llmp_shmem_desc llmp_shmem_describe(const llmp_shmem *map) {
    return (llmp_shmem_desc){.size = map->size, .id = map->id};
}

const llmp_shmem_provider *llmp_shmem_provider_of(const llmp_shmem *map) {
    return map->provider;
}

uint32_t llmp_shmem_flags_of(const llmp_shmem *map) {
    return map->flags;
}
