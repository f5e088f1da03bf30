/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Maps by themselves, made and used by a party in the role provider (ADAPTER.md, map.*). */
#ifndef LC_SUITE_KIT_ACTOR_MAP_H
#define LC_SUITE_KIT_ACTOR_MAP_H

#include "suite/kit/case.h"

enum { LC_MAP_BYTES = 65536 };

struct lc_actor_map {
    int64_t number;
    struct lc_desc desc;
};

/* map.create and map.open; the number by which the party knows the map. */
struct lc_actor_map lc_actor_map_create(struct lc_case *c, struct lc_actor *actor, uint64_t size);
int64_t lc_actor_map_open(struct lc_case *c, struct lc_actor *actor, const struct lc_desc *desc);

/* 1000 bytes of that seed at that offset: written, and wanted. */
void lc_actor_map_write(struct lc_case *c, struct lc_actor *actor, int64_t map, uint64_t offset, uint64_t seed);
void lc_actor_map_expect(struct lc_case *c, struct lc_actor *actor, int64_t map, uint64_t offset, uint64_t seed);

void lc_actor_map_close(struct lc_case *c, struct lc_actor *actor, int64_t map);

#endif
