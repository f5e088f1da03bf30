/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The pages that a receiver keeps mapped, so that one that comes round again costs no system call and no page fault.
 *
 * An id may have been given to another segment since. A sender marks every page that it gives up (EOP-6) and readies
 * every page before it names it (EOP-3), so a kept mapping whose magic is not the initialised one is an old life's: it
 * is closed, and the id opened afresh.
 */
#ifndef LLMP_CHANNEL_MAP_CACHE_H
#define LLMP_CHANNEL_MAP_CACHE_H

#include "llmp/llmp.h"

struct llmp_kept_map {
    llmp_shmem *map;
    uint64_t used_at;
};

struct llmp_map_cache {
    const llmp_shmem_provider *provider;
    llmp_shmem_options shmem;
    struct llmp_kept_map *items;
    uint32_t count;
    uint32_t max;
    size_t bytes;
    size_t max_bytes;
    uint32_t hint; /* where the next page is likely to be: pages come round in order */
    uint64_t clock;
    uint64_t opened;
};

/* `most` maps, of `max_bytes` together; at least two of any size. 0 or -ENOMEM. */
int llmp_map_cache_init(struct llmp_map_cache *cache, const llmp_shmem_provider *provider,
                        const llmp_shmem_options *shmem, uint32_t max, size_t max_bytes);
void llmp_map_cache_fini(struct llmp_map_cache *cache);

/* Removes the segments of a sender that was killed, where nothing else will: llmp_shmem_reap() for every kept map. */
void llmp_map_cache_reap(const struct llmp_map_cache *cache);

/* The map of that description, kept or opened. It stays the cache's, and is not closed by the next get. */
int llmp_map_cache_get(struct llmp_map_cache *cache, const llmp_shmem_desc *desc, llmp_shmem **map);

#endif
