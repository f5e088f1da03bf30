/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/kit/actor_map.h"

struct lc_party_map lc_party_create(struct lc_case *c, struct lc_party *party, uint64_t size) {
    const json_t *answer =
        lc_ask(c, party, "map.create", "{s:s, s:I}", "provider", lc_provider_name(c), "size", (json_int_t)size);
    return (struct lc_party_map){(int64_t)lc_field_u64(c, answer, "map"), lc_field_desc(c, answer, "description")};
}

int64_t lc_party_open(struct lc_case *c, struct lc_party *party, const struct lc_desc *desc) {
    const json_t *answer =
        lc_ask(c, party, "map.open", "{s:s, s:o}", "provider", lc_provider_name(c), "description", lc_desc_json(desc));
    return (int64_t)lc_field_u64(c, answer, "map");
}

void lc_party_write(struct lc_case *c, struct lc_party *party, int64_t map, uint64_t offset, uint64_t seed) {
    lc_ask(c, party, "map.write", "{s:I, s:I, s:i, s:I}", "map", (json_int_t)map, "offset", (json_int_t)offset,
           "length", 1000, "seed", (json_int_t)seed);
}

void lc_party_expect(struct lc_case *c, struct lc_party *party, int64_t map, uint64_t offset, uint64_t seed) {
    const json_t *answer = lc_ask(c, party, "map.digest", "{s:I, s:I, s:i}", "map", (json_int_t)map, "offset",
                                  (json_int_t)offset, "length", 1000);
    lc_check_u64(c, "digest of what was written", lc_payload_digest(1000, seed), lc_field_u64(c, answer, "digest"));
}

void lc_party_close(struct lc_case *c, struct lc_party *party, int64_t map) {
    lc_ask(c, party, "map.close", "{s:I}", "map", (json_int_t)map);
}
