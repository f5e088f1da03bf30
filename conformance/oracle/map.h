/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Maps by themselves: made, opened, cut and removed with the bare system calls of ID-3.
 */
#ifndef LC_ORACLE_MAP_H
#define LC_ORACLE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "oracle/layout.h"

enum lc_provider { LC_SYSV, LC_POSIX, LC_MEMFD, LC_PROVIDERS };

extern const char *const lc_provider_names[LC_PROVIDERS];

/* -1 for a name that is none of them. */
int lc_provider_by_name(const char *name);

struct lc_map {
    enum lc_provider provider;
    uint8_t *base;
    size_t size;         /* bytes mapped */
    struct lc_desc desc; /* as a peer would be told */
    int fd;              /* -1 for sysv */
    bool owned;          /* made here, to be removed here */
};

/* Zeroed. The descriptor of a memfd map is inherited by programs started afterwards. 0 or -errno. */
int lc_map_create(enum lc_provider provider, size_t size, struct lc_map *map);

/*
 * `owner`: the process in which a memfd id means something; 0 is this one. Maps what the segment really holds, however
 * large the description claims it is: map->size is the segment's size. 0, -EINVAL for an id that cannot be one, or
 * -errno.
 */
int lc_map_open(enum lc_provider provider, const struct lc_desc *desc, pid_t owner, struct lc_map *map);

/* How much of the mapping the segment still holds; less than map->size when somebody cut it. Touching more is SIGBUS. */
size_t lc_map_backed(const struct lc_map *map);

/* Cuts the segment under everybody who maps it: -ENOTSUP for sysv. */
int lc_map_truncate(struct lc_map *map, size_t size);

/* Takes the name away, so that nobody can open it any more; mappings stay. A memfd has none: nothing happens. */
int lc_map_unlink(struct lc_map *map);

/* Unmaps, and removes what was made here. */
void lc_map_close(struct lc_map *map);

/* Whether the segment behind a description still stands (sysv: removed ones do while attached). `owner` as above. */
bool lc_segment_exists(enum lc_provider provider, const struct lc_desc *desc, pid_t owner);

/* ID-1: terminated, and zero behind that. */
bool lc_desc_is_terminated(const struct lc_desc *desc);
/* Whether it is marked to go with its last holder (sysv alone knows such a mark; Linux still attaches it). */
bool lc_segment_is_marked(enum lc_provider provider, const struct lc_desc *desc);

/* A description from parts; `id` is cut to 19 characters. */
struct lc_desc lc_desc_of(uint64_t size, const char *id);
/* The id as a string for messages: quoted, non-printing bytes as \xNN. Static storage, four at a time. */
const char *lc_desc_show(const struct lc_desc *desc);

#endif
