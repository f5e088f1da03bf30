/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The role of a provider: maps by themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "roles.h"
#include "values.h"

/* Map n is maps[n - 1]; a closed one leaves null, so that no number comes back. */
static llmp_shmem **maps;
static size_t map_count;

static llmp_shmem **find(struct call *call) {
    uint64_t number;
    if (!call_number(call, "map", UINT64_MAX, &number)) {
        return NULL;
    }
    if (number == 0 || number > map_count || maps[number - 1] == NULL) {
        call_refuse(call, "map: there is none of that number");
        return NULL;
    }
    return &maps[number - 1];
}

/* ---------------------------------------------------------------- making and opening */

static bool make_room(struct call *call) {
    llmp_shmem **more = realloc(maps, (map_count + 1) * sizeof *more);
    if (more == NULL) {
        call_refuse(call, "no memory for one more map");
        return false;
    }
    maps = more;
    return true;
}

static void keep(struct call *call, llmp_shmem *map) {
    maps[map_count++] = map;
    call_put_number(call, "map", map_count);
}

static void create(struct call *call) {
    const llmp_shmem_provider *provider;
    llmp_shmem *map;
    size_t size;
    if (!call_provider(call, &provider) || !call_size(call, "size", &size) || !make_room(call)) {
        return;
    }
    int code = llmp_shmem_create(provider, size, NULL, &map);
    if (code == 0) {
        llmp_shmem_desc desc = llmp_shmem_describe(map);
        keep(call, map);
        call_put(call, "description", value_desc(&desc));
    }
    call_settle(call, code);
}

static void open_map(struct call *call) {
    const llmp_shmem_provider *provider;
    llmp_shmem_desc desc;
    llmp_shmem *map;
    if (!call_provider(call, &provider) || !call_desc(call, "description", &desc) || !make_room(call)) {
        return;
    }
    int code = llmp_shmem_open(provider, &desc, NULL, &map);
    if (code == 0) {
        keep(call, map);
        call_put_number(call, "size", llmp_shmem_size(map));
    }
    call_settle(call, code);
}

/* ---------------------------------------------------------------- using */

/* Null where the bytes asked for do not lie in the map: the library says how many may be used, and sets no fence. */
static unsigned char *part_of(struct call *call, size_t *length) {
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
    unsigned char *bytes = part_of(call, &length);
    if (bytes != NULL && call_number(call, "seed", UINT64_MAX, &seed)) {
        value_payload(seed, bytes, length);
        call_ok(call);
    }
}

static void digest_map(struct call *call) {
    size_t length;
    const unsigned char *bytes = part_of(call, &length);
    if (bytes != NULL) {
        call_put_number(call, "digest", value_digest(0, bytes, length));
        call_ok(call);
    }
}

/* The child touches neither stdio nor anything else of this process: it drops its copy and is gone. */
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
        call_refuse(call, "no child could be forked and waited for");
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

static void drop(void) {
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

const struct role role_provider = {"provider", verbs, drop};
