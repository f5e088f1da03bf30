/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The role `provider`: maps without a channel. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "roles.h"
#include "values.h"

/* Map n is maps[n - 1]. A closed map leaves null, so that its number is not used again. */
static llmp_shmem **maps;
static size_t map_count;

static llmp_shmem **find(struct call *call) {
    uint64_t number;
    if (!call_number(call, "map", UINT64_MAX, &number)) {
        return NULL;
    }
    if (number == 0 || number > map_count || maps[number - 1] == NULL) {
        call_refuse(call, "map: no open map has this number");
        return NULL;
    }
    return &maps[number - 1];
}

/* ---------------------------------------------------------------- creating and opening */

static bool reserve_entry(struct call *call) {
    llmp_shmem **more = realloc(maps, (map_count + 1) * sizeof *more);
    if (more == NULL) {
        call_refuse(call, "out of memory");
        return false;
    }
    maps = more;
    return true;
}

static void store_map(struct call *call, llmp_shmem *map) {
    maps[map_count++] = map;
    call_put_number(call, "map", map_count);
}

static void create(struct call *call) {
    const llmp_shmem_provider *provider;
    llmp_shmem *map;
    size_t size;
    if (!call_provider(call, &provider) || !call_size(call, "size", &size) || !reserve_entry(call)) {
        return;
    }
    int rc = llmp_shmem_create(provider, size, NULL, &map);
    if (rc == 0) {
        llmp_shmem_desc desc = llmp_shmem_describe(map);
        store_map(call, map);
        call_put(call, "description", value_desc_to_json(&desc));
    }
    call_finish(call, rc);
}

static void open_map(struct call *call) {
    const llmp_shmem_provider *provider;
    llmp_shmem_desc desc;
    llmp_shmem *map;
    if (!call_provider(call, &provider) || !call_desc(call, "description", &desc) || !reserve_entry(call)) {
        return;
    }
    int rc = llmp_shmem_open(provider, &desc, NULL, &map);
    if (rc == 0) {
        store_map(call, map);
        call_put_number(call, "size", llmp_shmem_size(map));
    }
    call_finish(call, rc);
}

/* ---------------------------------------------------------------- reading and writing */

/* Returns the requested bytes, or null, with the answer set, if they are not inside the map. */
static unsigned char *read_range(struct call *call, size_t *length) {
    llmp_shmem **map = find(call);
    size_t offset;
    if (map == NULL || !call_size(call, "offset", &offset) || !call_size(call, "length", length)) {
        return NULL;
    }
    size_t size = llmp_shmem_size(*map);
    if (offset > size || *length > size - offset) {
        call_refuse(call, "offset and length reach outside the map's %zu bytes", size);
        return NULL;
    }
    return (unsigned char *)llmp_shmem_data(*map) + offset;
}

static void write_map(struct call *call) {
    size_t length;
    uint64_t seed;
    unsigned char *bytes = read_range(call, &length);
    if (bytes != NULL && call_number(call, "seed", UINT64_MAX, &seed)) {
        value_fill_payload(seed, bytes, length);
        call_ok(call);
    }
}

static void digest_map(struct call *call) {
    size_t length;
    const unsigned char *bytes = read_range(call, &length);
    if (bytes != NULL) {
        call_put_number(call, "digest", value_update_digest(0, bytes, length));
        call_ok(call);
    }
}

/* The child closes its copy and exits; it uses neither stdio nor other objects of this process. */
static void fork_map(struct call *call) {
    llmp_shmem **map = find(call);
    int status;
    if (map == NULL) {
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        llmp_shmem_close(*map);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        call_refuse(call, "fork or waitpid failed");
    } else if (status != 0) {
        call_refuse(call, "the child ended with wait status 0x%x", (unsigned)status);
    } else {
        call_ok(call);
    }
}

/* ---------------------------------------------------------------- closing */

static void close_map(struct call *call) {
    llmp_shmem **map = find(call);
    if (map != NULL) {
        llmp_shmem_close(*map);
        *map = NULL;
        call_ok(call);
    }
}

static void release(void) {
    for (size_t i = 0; i < map_count; i++) {
        llmp_shmem_close(maps[i]);
    }
    free(maps);
    maps = NULL;
    map_count = 0;
}

static const struct verb verbs[] = {
    {"map.create", "provider size", create},
    {"map.open", "provider description", open_map},
    {"map.write", "map offset length seed", write_map},
    {"map.digest", "map offset length", digest_map},
    {"map.fork", "map", fork_map},
    {"map.close", "map", close_map},
    {0},
};

const struct role role_provider = {"provider", verbs, release};
