/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/actor_map.h"

struct lc_actor_map lc_actor_map_create(struct lc_case *c, struct lc_actor *actor, uint64_t size) {
    const json_t *reply =
        lc_call(c, actor, "map.create", "{s:s, s:I}", "provider", lc_provider_name(c), "size", (json_int_t)size);
    return (struct lc_actor_map){(int64_t)lc_field_u64(c, reply, "map"), lc_field_desc(c, reply, "description")};
}

int64_t lc_actor_map_open(struct lc_case *c, struct lc_actor *actor, const struct lc_desc *desc) {
    const json_t *reply =
        lc_call(c, actor, "map.open", "{s:s, s:o}", "provider", lc_provider_name(c), "description", lc_desc_json(desc));
    return (int64_t)lc_field_u64(c, reply, "map");
}

void lc_actor_map_write(struct lc_case *c, struct lc_actor *actor, int64_t map, uint64_t offset, uint64_t seed) {
    lc_call(c, actor, "map.write", "{s:I, s:I, s:i, s:I}", "map", (json_int_t)map, "offset", (json_int_t)offset,
            "length", 1000, "seed", (json_int_t)seed);
}

void lc_actor_map_expect(struct lc_case *c, struct lc_actor *actor, int64_t map, uint64_t offset, uint64_t seed) {
    const json_t *reply = lc_call(c, actor, "map.digest", "{s:I, s:I, s:i}", "map", (json_int_t)map, "offset",
                                  (json_int_t)offset, "length", 1000);
    lc_check_u64(c, "digest of what was written", lc_payload_digest(1000, seed), lc_field_u64(c, reply, "digest"));
}

void lc_actor_map_close(struct lc_case *c, struct lc_actor *actor, int64_t map) {
    lc_call(c, actor, "map.close", "{s:I}", "map", (json_int_t)map);
}
