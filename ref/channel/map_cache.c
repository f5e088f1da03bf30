/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/map_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "channel/page.h"
#include "channel/shortage.h"
#include "os/atomic.h"
#include "shmem/liveness.h"

#define NOT_FOUND UINT32_MAX

int llmp_map_cache_init(struct llmp_map_cache *cache, const llmp_shmem_provider *provider,
                        const llmp_shmem_options *shmem, uint32_t max, size_t max_bytes) {
    *cache = (struct llmp_map_cache){
        .provider = provider,
        .shmem = *shmem,
        .max = max > 2 ? max : 2,
        .max_bytes = max_bytes,
    };
    cache->items = calloc(cache->max, sizeof *cache->items);
    return cache->items != NULL ? 0 : -ENOMEM;
}

void llmp_map_cache_fini(struct llmp_map_cache *cache) {
    for (uint32_t i = 0; i < cache->count; i++) {
        llmp_shmem_close(cache->items[i].map);
    }
    free(cache->items);
    *cache = (struct llmp_map_cache){0};
}

void llmp_map_cache_reap(const struct llmp_map_cache *cache) {
    for (uint32_t i = 0; i < cache->count; i++) {
        llmp_shmem_reap(cache->items[i].map);
    }
}

static void add(struct llmp_map_cache *cache, struct llmp_cached_map item) {
    cache->items[cache->count++] = item;
    cache->bytes += llmp_shmem_size(item.map);
}

static void drop(struct llmp_map_cache *cache, uint32_t index) {
    cache->bytes -= llmp_shmem_size(cache->items[index].map);
    cache->items[index] = cache->items[--cache->count];
}

static void evict(struct llmp_map_cache *cache, uint32_t index) {
    llmp_shmem *map = cache->items[index].map;
    drop(cache, index);
    llmp_shmem_close(map);
}

static uint32_t least_recently_used(const struct llmp_map_cache *cache) {
    uint32_t oldest = 0;
    for (uint32_t i = 1; i < cache->count; i++) {
        oldest = cache->items[i].used_at < cache->items[oldest].used_at ? i : oldest;
    }
    return oldest;
}

static bool is_full(const struct llmp_map_cache *cache, size_t size) {
    return cache->count >= cache->max || (cache->count > 1 && cache->bytes + size > cache->max_bytes);
}

/* Never evicts the map that was got last, because that is the page the receiver is still on. */
static void make_room(struct llmp_map_cache *cache, size_t size) {
    while (is_full(cache, size)) {
        evict(cache, least_recently_used(cache));
    }
}

/* Bytes behind the NUL of an id are ignored (ID-1). */
static bool has_id(const struct llmp_cached_map *item, const llmp_shmem_id *id) {
    llmp_shmem_desc desc = llmp_shmem_describe(item->map);
    return strncmp(desc.id.bytes, id->bytes, sizeof id->bytes) == 0;
}

static uint32_t find(const struct llmp_map_cache *cache, const llmp_shmem_id *id) {
    for (uint32_t i = 0; i < cache->count; i++) {
        uint32_t index = (cache->hint + i) % cache->count;
        if (has_id(&cache->items[index], id)) {
            return index;
        }
    }
    return NOT_FOUND;
}

/*
 * Returns true if the map is of the page that END_OF_PAGE names, and not of an earlier segment with the same id.
 *
 * Reads what M1 in page_list.c and llmp_page_init() wrote. Relaxed is enough: S1 and R1 order these writes before the
 * END_OF_PAGE that named the page.
 */
static bool is_current(const struct llmp_cached_map *item, size_t size) {
    const struct llmp_page *page = llmp_shmem_data(item->map);
    return llmp_shmem_size(item->map) == size && llmp_load_relaxed(&page->magic) == LLMP_PAGE_MAGIC;
}

/* Without address space for another map, closes maps that the receiver is not on. */
static int open_or_evict(struct llmp_map_cache *cache, const llmp_shmem_desc *desc, llmp_shmem **map) {
    int rc = llmp_shmem_open(cache->provider, desc, &cache->shmem, map);
    while (rc == -ENOMEM && cache->count > 1) {
        evict(cache, least_recently_used(cache));
        rc = llmp_shmem_open(cache->provider, desc, &cache->shmem, map);
    }
    return rc;
}

static int open_map(struct llmp_map_cache *cache, const llmp_shmem_desc *desc, uint32_t *index) {
    llmp_shmem *map;
    int rc = open_or_evict(cache, desc, &map);
    if (rc != 0) {
        return rc;
    }
    make_room(cache, desc->size);
    *index = cache->count;
    add(cache, (struct llmp_cached_map){.map = map});
    cache->opened++;
    return 0;
}

int llmp_map_cache_get(struct llmp_map_cache *cache, const llmp_shmem_desc *desc, llmp_shmem **map) {
    uint32_t index = find(cache, &desc->id);
    if (index != NOT_FOUND && !is_current(&cache->items[index], desc->size)) {
        evict(cache, index);
        index = NOT_FOUND;
    }
    if (index == NOT_FOUND) {
        int rc = open_map(cache, desc, &index);
        if (rc != 0) {
            return rc;
        }
    }
    cache->items[index].used_at = ++cache->clock;
    cache->hint = index + 1;
    *map = cache->items[index].map;
    return 0;
}

struct llmp_cached_map llmp_map_cache_take(struct llmp_map_cache *cache, const llmp_shmem *map) {
    uint32_t index = 0;
    while (cache->items[index].map != map) {
        index++;
    }
    struct llmp_cached_map item = cache->items[index];
    drop(cache, index);
    return item;
}

/* `used_at` stays as it was, so that the map that was got last remains the newest one. */
void llmp_map_cache_put(struct llmp_map_cache *cache, struct llmp_cached_map item) {
    llmp_shmem_desc desc = llmp_shmem_describe(item.map);
    if (is_full(cache, desc.size) || find(cache, &desc.id) != NOT_FOUND) {
        llmp_shmem_close(item.map);
    } else {
        add(cache, item);
    }
}
