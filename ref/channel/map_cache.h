/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The maps that a receiver keeps open, so that a page that is reused costs no system call and no page fault.
 *
 * The id of a map may have been reused for another segment. A sender marks every page that it removes (EOP-6), and
 * initialises every page before it names it (EOP-3). So if END_OF_PAGE names an id whose open map does not have the
 * initialised magic, the map is one of an earlier segment: it is closed, and the id is opened again.
 */
#ifndef LLMP_CHANNEL_MAP_CACHE_H
#define LLMP_CHANNEL_MAP_CACHE_H

#include "llmp/llmp.h"

struct llmp_cached_map {
    llmp_shmem *map;
    uint64_t used_at; /* value of the cache's clock when the map was last got */
};

struct llmp_map_cache {
    const llmp_shmem_provider *provider;
    llmp_shmem_options shmem;
    struct llmp_cached_map *items;
    uint32_t count;
    uint32_t max;
    size_t bytes;
    size_t max_bytes;
    uint32_t hint; /* index at which the next page probably is: pages are reused in order */
    uint64_t clock;
    uint64_t opened;
};

/* Keeps at most `max` maps, of `max_bytes` together; two of any size are always allowed. Returns 0 or -ENOMEM. */
int llmp_map_cache_init(struct llmp_map_cache *cache, const llmp_shmem_provider *provider,
                        const llmp_shmem_options *shmem, uint32_t max, size_t max_bytes);
void llmp_map_cache_fini(struct llmp_map_cache *cache);

/* Calls llmp_shmem_reap() for every map: removes the segments of a killed sender that would otherwise remain. */
void llmp_map_cache_reap(const struct llmp_map_cache *cache);

/* Returns the map of a description, open or opened now. The cache owns it, and does not close it in the next get. */
int llmp_map_cache_get(struct llmp_map_cache *cache, const llmp_shmem_desc *desc, llmp_shmem **map);

/* Takes a map out of the cache: the caller owns it until llmp_map_cache_put(). */
struct llmp_cached_map llmp_map_cache_take(struct llmp_map_cache *cache, const llmp_shmem *map);

/*
 * Puts back a map that was taken out. Closes it instead if the cache is full, or if the map's id was opened again in
 * the meantime.
 */
void llmp_map_cache_put(struct llmp_map_cache *cache, struct llmp_cached_map item);

#endif
