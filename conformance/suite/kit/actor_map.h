/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Maps by themselves, made and used by a party in the role provider (ADAPTER.md, map.*). */
#ifndef LC_SUITE_KIT_ACTOR_MAP_H
#define LC_SUITE_KIT_ACTOR_MAP_H

#include "suite/kit/case.h"

enum { LC_MAP_BYTES = 65536 };

struct lc_party_map {
    int64_t number;
    struct lc_desc desc;
};

/* map.create and map.open; the number by which the party knows the map. */
struct lc_party_map lc_party_create(struct lc_case *c, struct lc_party *party, uint64_t size);
int64_t lc_party_open(struct lc_case *c, struct lc_party *party, const struct lc_desc *desc);

/* 1000 bytes of that seed at that offset: written, and wanted. */
void lc_party_write(struct lc_case *c, struct lc_party *party, int64_t map, uint64_t offset, uint64_t seed);
void lc_party_expect(struct lc_case *c, struct lc_party *party, int64_t map, uint64_t offset, uint64_t seed);

void lc_party_close(struct lc_case *c, struct lc_party *party, int64_t map);

#endif
