/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Maps that actors in the role provider create and use (ADAPTER.md, map.*). */
#ifndef LC_SUITE_KIT_ACTOR_MAP_H
#define LC_SUITE_KIT_ACTOR_MAP_H

#include "suite/kit/case.h"

enum { LC_MAP_BYTES = 65536, LC_PART_BYTES = 1000 };

/* A map as one actor has it. */
struct lc_actor_map {
    struct lc_actor *actor;
    int64_t number; /* by which the actor's requests name it */
    struct lc_desc desc;
};

/* map.create over a provider ("sysv", "served") */
struct lc_actor_map lc_actor_map_create(struct lc_case *c, struct lc_actor *actor, const char *provider, uint64_t size);
/* map.open */
struct lc_actor_map lc_actor_map_open(struct lc_case *c, struct lc_actor *actor, const char *provider,
                                      const struct lc_desc *desc);
/* Fails the case unless map.open refuses the description. */
void lc_actor_map_expect_refusal(struct lc_case *c, struct lc_actor *actor, const char *provider,
                                 const struct lc_desc *desc);

/* map.write of LC_PART_BYTES of the payload of that seed */
void lc_actor_map_write(struct lc_case *c, const struct lc_actor_map *map, uint64_t offset, uint64_t seed);
/* Fails the case unless map.digest is that of these bytes. */
void lc_actor_map_expect(struct lc_case *c, const struct lc_actor_map *map, uint64_t offset, uint64_t seed);
/* map.fork: a forked child drops its copy of the map */
void lc_actor_map_fork(struct lc_case *c, const struct lc_actor_map *map);
/* map.close */
void lc_actor_map_close(struct lc_case *c, const struct lc_actor_map *map);

#endif
