/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/actor_map.h"

struct lc_actor_map lc_actor_map_create(struct lc_case *c, struct lc_actor *actor, const char *provider,
                                        uint64_t size) {
    const json_t *reply = lc_call(c, actor, "map.create", "{s:s, s:I}", "provider", provider, "size", (json_int_t)size);
    return (struct lc_actor_map){actor, (int64_t)lc_field_u64(c, reply, "map"), lc_field_desc(c, reply, "description")};
}

struct lc_actor_map lc_actor_map_open(struct lc_case *c, struct lc_actor *actor, const char *provider,
                                      const struct lc_desc *desc) {
    const json_t *reply =
        lc_call(c, actor, "map.open", "{s:s, s:o}", "provider", provider, "description", lc_desc_json(desc));
    return (struct lc_actor_map){actor, (int64_t)lc_field_u64(c, reply, "map"), *desc};
}

void lc_actor_map_expect_refusal(struct lc_case *c, struct lc_actor *actor, const char *provider,
                                 const struct lc_desc *desc) {
    lc_call_expect_refusal(c, actor, "map.open", "{s:s, s:o}", "provider", provider, "description", lc_desc_json(desc));
}

void lc_actor_map_write(struct lc_case *c, const struct lc_actor_map *map, uint64_t offset, uint64_t seed) {
    lc_call(c, map->actor, "map.write", "{s:I, s:I, s:i, s:I}", "map", (json_int_t)map->number, "offset",
            (json_int_t)offset, "length", LC_PART_BYTES, "seed", (json_int_t)seed);
}

void lc_actor_map_expect(struct lc_case *c, const struct lc_actor_map *map, uint64_t offset, uint64_t seed) {
    const json_t *reply = lc_call(c, map->actor, "map.digest", "{s:I, s:I, s:i}", "map", (json_int_t)map->number,
                                  "offset", (json_int_t)offset, "length", LC_PART_BYTES);
    lc_check_u64(c, "the digest of the bytes in the map", lc_payload_digest(LC_PART_BYTES, seed),
                 lc_field_u64(c, reply, "digest"));
}

void lc_actor_map_fork(struct lc_case *c, const struct lc_actor_map *map) {
    lc_call(c, map->actor, "map.fork", "{s:I}", "map", (json_int_t)map->number);
}

void lc_actor_map_close(struct lc_case *c, const struct lc_actor_map *map) {
    lc_call(c, map->actor, "map.close", "{s:I}", "map", (json_int_t)map->number);
}
