/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Shared-memory maps, created, opened, truncated and removed with the bare system calls of ID-3. Functions that return
 * int return 0 or a negative code: -errno of the system call that failed.
 */
#ifndef LC_ORACLE_MAP_H
#define LC_ORACLE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "oracle/desc.h"

enum lc_provider { LC_SYSV, LC_POSIX, LC_MEMFD, LC_PROVIDERS };

extern const char *const lc_provider_names[LC_PROVIDERS];

/* Returns an enum lc_provider, or -1 if no provider has that name. */
int lc_provider_by_name(const char *name);

struct lc_map {
    enum lc_provider provider;
    uint8_t *base;
    size_t size;         /* bytes mapped */
    struct lc_desc desc; /* the description by which a peer opens the map */
    int fd;              /* -1 for sysv */
    bool owned;          /* created here: lc_map_close() removes the segment */
};

/* Creates a zeroed map. The descriptor of a memfd map is inherited by programs that are started afterwards. */
int lc_map_create(enum lc_provider provider, size_t size, struct lc_map *map);

/*
 * Opens a map that another process created. Maps all of the segment and ignores the size in the description:
 * map->size is the segment's size.
 *
 * owner: the process in which the id of a memfd map is a descriptor; 0 is this process.
 * Returns -EINVAL if the id cannot be an id of this provider.
 */
int lc_map_open(enum lc_provider provider, const struct lc_desc *desc, pid_t owner, struct lc_map *map);

/* Returns how many bytes of the map the segment still backs: fewer than map->size after a truncation. Access to the
 * others raises SIGBUS. */
size_t lc_map_backed(const struct lc_map *map);

/* Changes the size of the segment for all processes that map it. Returns -ENOTSUP for sysv. */
int lc_map_truncate(struct lc_map *map, size_t size);

/* Removes the segment's name, so that no process can open it any more; mappings stay. No effect for memfd. */
int lc_map_unlink(struct lc_map *map);

/* Unmaps, and removes the segment if it was created here. A second call has no effect. */
void lc_map_close(struct lc_map *map);

#endif
