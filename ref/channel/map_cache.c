/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/map_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "channel/page.h"
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

static void evict(struct llmp_map_cache *cache, uint32_t index) {
    cache->bytes -= llmp_shmem_size(cache->items[index].map);
    llmp_shmem_close(cache->items[index].map);
    cache->items[index] = cache->items[--cache->count];
}

static uint32_t least_recently_used(const struct llmp_map_cache *cache) {
    uint32_t oldest = 0;
    for (uint32_t i = 1; i < cache->count; i++) {
        oldest = cache->items[i].used_at < cache->items[oldest].used_at ? i : oldest;
    }
    return oldest;
}

/* The map used last is the page that the receiver still stands on. */
static void make_room(struct llmp_map_cache *cache, size_t size) {
    while (cache->count >= cache->max || (cache->count > 1 && cache->bytes + size > cache->max_bytes)) {
        evict(cache, least_recently_used(cache));
    }
}

static bool is_same(const struct llmp_kept_map *kept, const llmp_shmem_id *id) {
    llmp_shmem_desc desc = llmp_shmem_describe(kept->map);
    return strncmp(desc.id.bytes, id->bytes, sizeof id->bytes) == 0; /* bytes behind the NUL mean nothing (ID-1) */
}

static uint32_t find(const struct llmp_map_cache *cache, const llmp_shmem_id *id) {
    for (uint32_t i = 0; i < cache->count; i++) {
        uint32_t index = (cache->hint + i) % cache->count;
        if (is_same(&cache->items[index], id)) {
            return index;
        }
    }
    return NOT_FOUND;
}

/* Reads what M1 in pages.c and llmp_page_init() wrote; S1 and R1 order it, for an END_OF_PAGE led here. */
static bool is_current_life(const struct llmp_kept_map *kept, size_t size) {
    const struct llmp_page *page = llmp_shmem_data(kept->map);
    return llmp_shmem_size(kept->map) == size && llmp_load_relaxed(&page->magic) == LLMP_PAGE_MAGIC;
}

static int open_map(struct llmp_map_cache *cache, const llmp_shmem_desc *desc, uint32_t *index) {
    llmp_shmem *map;
    int rc = llmp_shmem_open(cache->provider, desc, &cache->shmem, &map);
    if (rc != 0) {
        return rc;
    }
    make_room(cache, desc->size);
    *index = cache->count;
    cache->items[cache->count++] = (struct llmp_kept_map){.map = map};
    cache->bytes += desc->size;
    cache->opened++;
    return 0;
}

int llmp_map_cache_get(struct llmp_map_cache *cache, const llmp_shmem_desc *desc, llmp_shmem **map) {
    uint32_t index = find(cache, &desc->id);
    if (index != NOT_FOUND && !is_current_life(&cache->items[index], desc->size)) {
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
