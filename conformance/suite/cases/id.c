/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ids and descriptions, through the role provider (SPEC.md, section 2). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "suite/cases/sections.h"
#include "suite/kit/actor_map.h"

enum { SENDER = 4 };

/* ---------------------------------------------------------------- making and opening */

static struct lc_map raw_open(struct lc_case *c, struct lc_actor *owner, const struct lc_desc *desc) {
    struct lc_map map;
    int rc = lc_map_open(lc_provider(c), desc, lc_actor_pid(owner), &map);
    lc_check(c, rc == 0, "an id that opens by the calls of ID-3", "%s: %s", lc_desc_show(desc), strerror(-rc));
    return map;
}

/* ---------------------------------------------------------------- what an id is */

static bool is_decimal(const char *id) {
    size_t digits = 0;
    while (isdigit((unsigned char)id[digits])) {
        digits++;
    }
    return digits > 0 && id[digits] == '\0' && (id[0] != '0' || digits == 1);
}

static bool is_posix_name(const char *id, pid_t pid) {
    char prefix[32];
    int length = snprintf(prefix, sizeof prefix, "/libafl_%d_", (int)pid);
    return strncmp(id, prefix, (size_t)length) == 0 && strchr(id + 1, '/') == NULL;
}

static void id_string(struct lc_case *c) {
    struct lc_actor *actor = lc_spawn(c, "provider");
    for (int i = 0; i < 5; i++) {
        struct lc_actor_map map = lc_actor_map_create(c, actor, LC_MAP_BYTES);
        const char *id = (const char *)map.desc.id;
        lc_check(c, map.desc.id[LC_ID_BYTES - 1] == 0 && strlen(id) <= 19, "at most 19 characters", "%s",
                 lc_desc_show(&map.desc));
        bool good = lc_provider(c) == LC_POSIX ? is_posix_name(id, lc_actor_pid(actor)) : is_decimal(id);
        lc_check(c, good, lc_provider(c) == LC_POSIX ? "/libafl_<pid>_<more>" : "a decimal number", "%s",
                 lc_desc_show(&map.desc));
    }
}

/* On a page the 20 bytes can be seen as they are. */
static void zeros_behind(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender(c, sender, SENDER);
    struct lc_reader *reader = lc_read_channel(c, sender, &desc);
    for (uint64_t i = 0; reader->pages < 4; i++) {
        lc_send_message(c, sender, 1, lc_page_size(c) * 2 / 3, i);
        struct lc_message message;
        int rc = lc_reader_peek(reader, &message);
        if (rc == 1 && message.tag == LC_TAG_END_OF_PAGE) {
            const uint8_t *id = message.payload + 8;
            const uint8_t *nul = memchr(id, 0, LC_ID_BYTES);
            lc_check(c, nul != NULL, "a NUL within the 20 bytes of the id", "none");
            for (const uint8_t *at = nul; at < id + LC_ID_BYTES; at++) {
                lc_check(c, *at == 0, "zeros behind the NUL", "0x%02x", *at);
            }
            lc_next_message(c, reader, &message); /* a peek takes every message but this one */
        }
    }
}

static void size_is_the_maps(struct lc_case *c) {
    static const uint64_t sizes[] = {4096, LC_MAP_BYTES, 1 << 20, 5 << 20};
    struct lc_actor *actor = lc_spawn(c, "provider");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lc_actor_map map = lc_actor_map_create(c, actor, sizes[i]);
        lc_check(c, map.desc.size >= sizes[i], "at least the bytes asked for", "%llu",
                 (unsigned long long)map.desc.size);
        struct lc_map raw = raw_open(c, actor, &map.desc);
        uint64_t size = raw.size;
        lc_map_close(&raw);
        lc_check(c, size >= map.desc.size, "a segment that holds what its description says", "%llu bytes",
                 (unsigned long long)size);
    }
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender(c, sender, SENDER);
    struct lc_reader *reader = lc_read_channel(c, sender, &desc);
    lc_check_u64(c, "size_total and header", desc.size,
                 lc_get64(reader->map.base, LC_PAGE_SIZE_TOTAL) + LC_PAGE_HEADER);
}

/* Bytes go both ways between the party's map and the same segment opened with bare system calls. */
static void opens_by_id(struct lc_case *c) {
    struct lc_map *owned = lc_new_map(c, LC_MAP_BYTES);
    struct lc_actor *actor = lc_spawn(c, "provider");
    struct lc_actor_map map = lc_actor_map_create(c, actor, LC_MAP_BYTES);
    struct lc_map raw = raw_open(c, actor, &map.desc);
    lc_payload_fill(raw.base + 100, 1000, 7);
    lc_actor_map_expect(c, actor, map.number, 100, 7);
    lc_actor_map_write(c, actor, map.number, 3000, 8);
    uint32_t digest = lc_crc(0, raw.base + 3000, 1000);
    lc_map_close(&raw);
    lc_check_u64(c, "digest of what the party wrote", lc_payload_digest(1000, 8), digest);
    int64_t opened = lc_actor_map_open(c, actor, &owned->desc);
    lc_payload_fill(owned->base + 500, 1000, 9);
    lc_actor_map_expect(c, actor, opened, 500, 9);
}

static void ids_differ(struct lc_case *c) {
    enum { PARTIES = 3, EACH = 100 };
    static struct lc_desc descs[PARTIES * EACH];
    size_t count = 0;
    for (int p = 0; p < PARTIES; p++) {
        struct lc_actor *actor = lc_spawn(c, "provider");
        for (int i = 0; i < EACH; i++) {
            struct lc_desc desc = lc_actor_map_create(c, actor, 4096).desc;
            for (size_t other = 0; lc_provider(c) != LC_MEMFD && other < count; other++) {
                lc_check(c, memcmp(descs[other].id, desc.id, sizeof desc.id) != 0, "an id that no other map has", "%s",
                         lc_desc_show(&desc));
            }
            descs[count++] = desc;
        }
    }
}

/* ---------------------------------------------------------------- descriptions that cannot be */

static void refuse(struct lc_case *c, struct lc_actor *actor, struct lc_desc desc) {
    lc_note(c, "map.open of %s, %llu bytes", lc_desc_show(&desc), (unsigned long long)desc.size);
    const json_t *reply;
    enum lc_outcome outcome = lc_call_may_refuse(c, actor, &reply, "map.open", "{s:s, s:o}", "provider",
                                                 lc_provider_name(c), "description", lc_desc_json(&desc));
    lc_check(c, outcome == LC_REFUSED, "a refusal", "it was opened");
    lc_check_alive(c, actor);
}

static void impossible_ids(struct lc_case *c) {
    static const char *const ids[] = {"", "abc", "-1", "12x", " 7", "99999999999999999", "4294967297"};
    struct lc_actor *actor = lc_spawn(c, "provider");
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        refuse(c, actor, lc_desc_of(LC_MAP_BYTES, ids[i]));
    }
}

/* The id of a map that is there, and more behind it. */
static void something_behind(struct lc_case *c) {
    static const char *const more[] = {"x", " ", ".0", "-"};
    struct lc_map *map = lc_new_map(c, LC_MAP_BYTES);
    struct lc_actor *actor = lc_spawn(c, "provider");
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        char id[LC_ID_BYTES + 4];
        snprintf(id, sizeof id, "%s%s", (const char *)map->desc.id, more[i]);
        refuse(c, actor, lc_desc_of(LC_MAP_BYTES, id));
    }
}

static void unterminated_id(struct lc_case *c) {
    struct lc_desc desc = {.size = LC_MAP_BYTES};
    memset(desc.id, lc_provider(c) == LC_POSIX ? 'a' : '1', sizeof desc.id);
    desc.id[0] = lc_provider(c) == LC_POSIX ? '/' : '1';
    refuse(c, lc_spawn(c, "provider"), desc);
}

static void names_nothing(struct lc_case *c) {
    struct lc_actor *actor = lc_spawn(c, "provider");
    char nothing[LC_ID_BYTES] = "2000000000";
    if (lc_provider(c) == LC_POSIX) { /* of the party's, so that it goes with it should it come to be made */
        snprintf(nothing, sizeof nothing, "/libafl_%d_0", (int)lc_actor_pid(actor));
    }
    refuse(c, actor, lc_desc_of(LC_MAP_BYTES, nothing));
    struct lc_map map;
    enum lc_provider other = lc_provider(c) == LC_POSIX ? LC_SYSV : LC_POSIX;
    if (lc_map_create(other, LC_MAP_BYTES, &map) != 0) {
        lc_error(c, "a map of %s", lc_provider_names[other]);
    }
    struct lc_desc desc = map.desc;
    refuse(c, actor, desc);
    lc_map_close(&map);
}

/* Opened or refused, but no signal at the first touch behind the end. */
static void touched_behind(struct lc_case *c) {
    struct lc_map *map = lc_new_map(c, LC_MAP_BYTES);
    struct lc_actor *actor = lc_spawn(c, "provider");
    struct lc_desc desc = map->desc;
    desc.size = UINT64_C(16) * LC_MAP_BYTES;
    const json_t *reply;
    if (lc_call_may_refuse(c, actor, &reply, "map.open", "{s:s, s:o}", "provider", lc_provider_name(c), "description",
                           lc_desc_json(&desc)) == LC_OK) {
        uint64_t opened = lc_field_u64(c, reply, "map");
        lc_call_may_refuse(c, actor, &reply, "map.digest", "{s:I, s:i, s:i}", "map", (json_int_t)opened, "offset",
                           15 * LC_MAP_BYTES, "length", 1000);
    }
    lc_check_alive(c, actor);
}

/* Refused. */
static void claims_more(struct lc_case *c) {
    static const uint64_t sizes[] = {LC_MAP_BYTES + 4096, UINT64_C(16) * LC_MAP_BYTES, UINT64_C(1) << 40,
                                     (UINT64_C(1) << 63) + 4096, UINT64_MAX};
    struct lc_map *map = lc_new_map(c, LC_MAP_BYTES);
    struct lc_actor *actor = lc_spawn(c, "provider");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lc_desc desc = map->desc;
        desc.size = sizes[i];
        refuse(c, actor, desc);
    }
    int64_t opened = lc_actor_map_open(c, actor, &map->desc);
    lc_payload_fill(map->base, 1000, 3);
    lc_actor_map_expect(c, actor, opened, 0, 3);
}

static void receiver_claims_more(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, SENDER);
    struct lc_desc desc = writer->map->desc;
    desc.size *= 4;
    struct lc_actor *receiver = lc_spawn(c, "receiver");
    const json_t *reply;
    enum lc_outcome outcome = lc_call_may_refuse(c, receiver, &reply, "receiver.open", "{s:s, s:o}", "provider",
                                                 lc_provider_name(c), "description", lc_desc_json(&desc));
    lc_check(c, outcome == LC_REFUSED, "a refusal", "it was opened");
    lc_check_alive(c, receiver);
}

static void receiver_of_nonsense(struct lc_case *c) {
    static const char *const ids[] = {"", "abc", "99999999999999999"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct lc_actor *receiver = lc_spawn(c, "receiver");
        struct lc_desc desc = lc_desc_of(LC_PAGE_DEFAULT, ids[i]);
        const json_t *reply;
        enum lc_outcome outcome = lc_call_may_refuse(c, receiver, &reply, "receiver.open", "{s:s, s:o}", "provider",
                                                     lc_provider_name(c), "description", lc_desc_json(&desc));
        lc_check(c, outcome == LC_REFUSED, "a refusal", "%s was opened", lc_desc_show(&desc));
        lc_check_alive(c, receiver);
    }
}

const struct lc_case_def lc_id_cases[] = {
    {"ID-1/zeros", "zeros behind the id's NUL", "sender", LC_EACH_PROVIDER, zeros_behind, 0, false},
    {"ID-2/size", "a description's size is the map's", "provider sender", LC_EACH_PROVIDER, size_is_the_maps, 0, false},
    {"ID-3/string", "what the id looks like", "provider", LC_EACH_PROVIDER, id_string, 0, false},
    {"ID-3/opens", "the same bytes by bare system calls, both ways", "provider", LC_EACH_PROVIDER, opens_by_id, 0,
     false},
    {"ID-8/differ", "300 maps of three processes", "provider", LC_EACH_PROVIDER, ids_differ, 0, false},
    {"ID-6/impossible", "ids that cannot be", "provider", LC_EACH_PROVIDER, impossible_ids, 0, false},
    {"ID-6/something-behind", "the id of a map, and something behind it", "provider", LC_EACH_PROVIDER,
     something_behind, 0, false},
    {"ID-6/unterminated", "an id without a NUL", "provider", LC_EACH_PROVIDER, unterminated_id, 0, false},
    {"ID-6/receiver", "a receiver for ids that cannot be", "receiver", LC_EACH_PROVIDER, receiver_of_nonsense, 0,
     false},
    {"ID-13/nothing", "ids of nothing, and of another provider", "provider", LC_EACH_PROVIDER, names_nothing, 0, false},
    {"ID-7/claims-more", "sizes beyond the segment", "provider", LC_EACH_PROVIDER, claims_more, 0, false},
    {"ID-7/touched", "the first touch behind a segment that claims more", "provider", LC_EACH_PROVIDER, touched_behind,
     0, false},
    {"ID-7/receiver", "a receiver for a page that claims more than its segment", "receiver", LC_EACH_PROVIDER,
     receiver_claims_more, 0, false},
    {0},
};
