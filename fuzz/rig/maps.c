/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rig/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sanitizer/asan_interface.h>

#include "rig/check.h"
#include "shmem/provider.h"

struct segment {
    size_t size; /* 0: there is none */
    int number;  /* its id */
    int holders;
    unsigned views; /* a bit for each view in use */
    bool removed;   /* cannot be opened any more */
    bool peer;      /* a peer holds it, too */
};

static struct {
    struct segment segments[FUZZ_SEGMENTS];
    int used; /* segments from here on were not used in this execution */
    int put;  /* segments of peers */
    int open; /* maps */
    uint32_t salt;
    uint32_t created;
} maps;

/* ---------------------------------------------------------------- begin and end */

uint32_t fuzz_maps_salt(const uint8_t *data, size_t size) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ data[i]) * 16777619u;
    }
    return hash;
}

void fuzz_maps_begin(uint32_t salt) {
    fuzz_arena_init();
    for (int i = 0; i < maps.used; i++) {
        maps.segments[i] = (struct segment){0};
    }
    maps.used = 0;
    maps.put = 0;
    maps.created = 0;
    maps.salt = salt;
}

void fuzz_maps_end(void) {
    FUZZ_CHECK(maps.open == 0, "%d maps are still open", maps.open);
    for (int i = 0; i < maps.used; i++) {
        FUZZ_CHECK(fuzz_arena_guards_intact(i, maps.segments[i].size), "a write outside segment %d", i);
    }
}

/* ---------------------------------------------------------------- segments */

/* Takes the first free place, so that places are reused at once. */
static int new_segment(size_t size) {
    for (int i = 0; i < FUZZ_SEGMENTS; i++) {
        struct segment *segment = &maps.segments[i];
        if (segment->size != 0 && segment->removed && segment->holders == 0) {
            FUZZ_CHECK(fuzz_arena_guards_intact(i, segment->size), "a write outside segment %d", i);
            segment->size = 0;
        }
        if (segment->size == 0) {
            *segment = (struct segment){.size = size};
            fuzz_arena_set_guards(i, size);
            maps.used = i < maps.used ? maps.used : i + 1;
            return i;
        }
    }
    return -1;
}

int fuzz_maps_put(const uint8_t *bytes, size_t size) {
    int i = new_segment(size);
    FUZZ_CHECK(i >= 0 && size > 0 && size <= FUZZ_SEGMENT_MAX, "a target created a segment of %zu bytes", size);
    maps.segments[i].number = ++maps.put;
    maps.segments[i].peer = true;
    memcpy(fuzz_arena_bytes(i), bytes, size);
    return i;
}

void fuzz_maps_orphan(int segment) {
    maps.segments[segment].peer = false;
}

uint8_t *fuzz_maps_bytes(int segment) {
    return fuzz_arena_bytes(segment);
}

size_t fuzz_maps_size(int segment) {
    return maps.segments[segment].size;
}

int fuzz_maps_count(void) {
    return maps.open;
}

static int find_number(int number) {
    for (int i = 0; i < maps.used; i++) {
        if (maps.segments[i].size != 0 && maps.segments[i].number == number && !maps.segments[i].removed) {
            return i;
        }
    }
    return -1;
}

/* Does not use the library's parser, which is under test. */
int fuzz_maps_find(const char *id) {
    int number = 0;
    size_t i = 0;
    for (; i < 9 && id[i] >= '0' && id[i] <= '9'; i++) {
        number = 10 * number + (id[i] - '0');
    }
    bool valid = i > 0 && id[i] == '\0' && id[0] != '0';
    return valid ? find_number(number) : -1;
}

bool fuzz_maps_locate(const void *address, int *segment, size_t *offset) {
    return fuzz_arena_locate(address, segment, offset) && *segment < maps.used &&
           *offset < maps.segments[*segment].size;
}

/* ---------------------------------------------------------------- the provider */

/* Gives the map a view of the segment. Returns 0, or -ENOMEM if all views are in use. */
static int open_view(struct llmp_shmem *map, int index) {
    struct segment *segment = &maps.segments[index];
    int view = 0;
    while (view < FUZZ_VIEWS && (segment->views >> view & 1) != 0) {
        view++;
    }
    if (view == FUZZ_VIEWS) {
        return -ENOMEM;
    }
    segment->views |= 1u << view;
    segment->holders++;
    maps.open++;
    map->data = fuzz_arena_view(index, view);
    ASAN_UNPOISON_MEMORY_REGION(map->data, map->size);
    return 0;
}

static int maps_create(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_options *options) {
    (void)self;
    (void)options;
    int i = map->size <= FUZZ_SEGMENT_MAX ? new_segment(map->size) : -1;
    if (i < 0) {
        return -ENOSPC;
    }
    maps.segments[i].number = (int)(100000000 + (maps.salt + 7919 * maps.created++) % 800000000);
    memset(fuzz_arena_bytes(i), 0, map->size);
    llmp_shmem_id_from_number(&map->id, maps.segments[i].number);
    return open_view(map, i);
}

static int maps_open(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_id *id) {
    (void)self;
    int number;
    int rc = llmp_shmem_id_number(id, &number);
    if (rc != 0) {
        return rc;
    }
    int i = find_number(number);
    if (i < 0) {
        return -LLMP_E_NO_SEGMENT;
    }
    return maps.segments[i].size < map->size ? -LLMP_E_SIZE_CLAIM : open_view(map, i);
}

/* Returns the segment of an open map, and its view. */
static struct segment *segment_of(const struct llmp_shmem *map, int *view) {
    int i;
    FUZZ_CHECK(fuzz_arena_find_view(map->data, &i, view), "not a map of this provider");
    FUZZ_CHECK((maps.segments[i].views >> *view & 1) != 0, "the map is already closed");
    return &maps.segments[i];
}

static void maps_close(const llmp_shmem_provider *self, struct llmp_shmem *map, bool remove) {
    (void)self;
    int view;
    struct segment *segment = segment_of(map, &view);
    ASAN_POISON_MEMORY_REGION(map->data, map->size);
    segment->views &= ~(1u << view);
    segment->holders--;
    segment->removed = segment->removed || remove;
    maps.open--;
}

static bool maps_is_orphan(const llmp_shmem_provider *self, const struct llmp_shmem *map) {
    (void)self;
    int view;
    const struct segment *segment = segment_of(map, &view);
    return segment->holders <= 1 && !segment->peer;
}

static void maps_reap(const llmp_shmem_provider *self, const struct llmp_shmem *map) {
    (void)self;
    int view;
    segment_of(map, &view)->removed = true;
}

const llmp_shmem_provider fuzz_maps = {
    .name = "fuzz",
    .summary = "memory of this process, a view for each map",
    .scope = LLMP_SCOPE_SYSTEM,
    .create = maps_create,
    .open = maps_open,
    .close = maps_close,
    .is_orphan = maps_is_orphan,
    .reap = maps_reap,
};
