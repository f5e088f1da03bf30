/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The operations on shared-memory maps that the case `map` times: those of a subject, or the bare system calls. */
#ifndef LLMP_BENCH_MAP_OPS_H
#define LLMP_BENCH_MAP_OPS_H

#include <stddef.h>

/* Bytes that the caller allocates for each map, so that the operations need not allocate while the clock runs. */
enum { MAP_HANDLE_SIZE = 128 };

/* A map. Each implementation defines it, with at most MAP_HANDLE_SIZE bytes. */
struct map_handle;

struct map_ops {
    /* Creates a map of `size` bytes, and maps it. `context` is subject.context. Returns 0 or an error code. */
    int (*create)(const void *context, size_t size, struct map_handle *map);
    /* Maps `original` a second time, in the way another process would do it. Returns 0 or an error code. */
    int (*open)(const void *context, const struct map_handle *original, struct map_handle *map);
    /* Unmaps; if create() made the map, it also removes the memory. */
    void (*close)(struct map_handle *map);
    /* Returns a name or description of an error code. */
    const char *(*error_name)(int rc);
};

#endif
