/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ids and descriptions, mostly through the role provider (SPEC.md, section 2). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "suite/cases/sections.h"
#include "suite/kit/actor_map.h"
#include "suite/kit/channel_fixture.h"

static struct lc_actor_map create(struct lc_case *c, struct lc_actor *actor, uint64_t size) {
    return lc_actor_map_create(c, actor, lc_provider_name(c), size);
}

static struct lc_actor_map open_map(struct lc_case *c, struct lc_actor *actor, const struct lc_desc *desc) {
    return lc_actor_map_open(c, actor, lc_provider_name(c), desc);
}

static struct lc_map raw_open(struct lc_case *c, const struct lc_actor_map *map) {
    struct lc_map raw;
    int rc = lc_map_open(lc_provider(c), &map->desc, lc_actor_pid(map->actor), &raw);
    lc_check(c, rc == 0, "an id that the system calls of ID-3 can open", "%s: %s", lc_desc_show(&map->desc),
             strerror(-rc));
    return raw;
}

/* ---------------------------------------------------------------- ids of maps */

static bool is_decimal(const char *id) {
    size_t digits = 0;
    while (isdigit((unsigned char)id[digits]) != 0) {
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
    bool posix = lc_provider(c) == LC_POSIX;
    for (int i = 0; i < 5; i++) {
        struct lc_actor_map map = create(c, actor, LC_MAP_BYTES);
        const char *id = (const char *)map.desc.id;
        lc_check(c, map.desc.id[LC_ID_BYTES - 1] == 0 && strlen(id) <= 19, "an id of at most 19 characters", "%s",
                 lc_desc_show(&map.desc));
        bool valid = posix ? is_posix_name(id, lc_actor_pid(actor)) : is_decimal(id);
        lc_check(c, valid, posix ? "an id of the form /libafl_<pid>_<more>" : "a decimal number", "%s",
                 lc_desc_show(&map.desc));
    }
}

/* All 20 bytes of an id can only be seen in END_OF_PAGE. */
static void zeros_after_nul(struct lc_case *c) {
    struct lc_channel channel = lc_channel_open(c);
    for (uint64_t i = 0; channel.reader->pages < 4; i++) {
        struct lc_message message;
        lc_send_message(c, channel.sender, LC_CHANNEL_TAG, lc_page_size(c) * 2 / 3, i);
        int rc = lc_reader_peek(channel.reader, &message);
        if (rc == 1 && message.tag == LC_TAG_END_OF_PAGE) {
            const uint8_t *id = message.payload + 8;
            const uint8_t *nul = memchr(id, 0, LC_ID_BYTES);
            lc_check(c, nul != NULL, "a NUL within the 20 bytes of the id", "none");
            for (const uint8_t *at = nul; at < id + LC_ID_BYTES; at++) {
                lc_check(c, *at == 0, "zeros after the NUL", "0x%02x", *at);
            }
            lc_next_message(c, channel.reader, &message); /* peek does not consume END_OF_PAGE */
        }
    }
}

static void size_of_the_map(struct lc_case *c) {
    static const uint64_t sizes[] = {4096, LC_MAP_BYTES, 1 << 20, 5 << 20};
    struct lc_actor *actor = lc_spawn(c, "provider");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lc_actor_map map = create(c, actor, sizes[i]);
        lc_check(c, map.desc.size >= sizes[i], "a map of at least the requested size", "%llu bytes",
                 (unsigned long long)map.desc.size);
        struct lc_map raw = raw_open(c, &map);
        uint64_t size = raw.size;
        lc_map_close(&raw);
        lc_check(c, size >= map.desc.size, "a segment of at least the size in its description", "%llu bytes",
                 (unsigned long long)size);
    }
    struct lc_channel channel = lc_channel_open(c);
    lc_check_u64(c, "size_total and header:", channel.desc.size,
                 lc_get64(channel.reader->map.base, LC_PAGE_SIZE_TOTAL) + LC_PAGE_HEADER);
}

/* The actor and the suite, which uses bare system calls, read each other's bytes through each other's maps. */
static void opens_by_id(struct lc_case *c) {
    struct lc_map *own = lc_new_map(c, LC_MAP_BYTES);
    struct lc_actor *actor = lc_spawn(c, "provider");
    struct lc_actor_map map = create(c, actor, LC_MAP_BYTES);
    struct lc_map raw = raw_open(c, &map);
    lc_payload_fill(raw.base + 100, LC_PART_BYTES, 7);
    lc_actor_map_expect(c, &map, 100, 7);
    lc_actor_map_write(c, &map, 3000, 8);
    uint32_t digest = lc_crc(0, raw.base + 3000, LC_PART_BYTES);
    lc_map_close(&raw);
    lc_check_u64(c, "digest of the bytes that the actor wrote", lc_payload_digest(LC_PART_BYTES, 8), digest);
    struct lc_actor_map opened = open_map(c, actor, &own->desc);
    lc_payload_fill(own->base + 500, LC_PART_BYTES, 9);
    lc_actor_map_expect(c, &opened, 500, 9);
}

static void ids_differ(struct lc_case *c) {
    enum { ACTORS = 3, MAPS = 100 };
    static struct lc_desc descs[ACTORS * MAPS];
    size_t count = 0;
    for (int a = 0; a < ACTORS; a++) {
        struct lc_actor *actor = lc_spawn(c, "provider");
        for (int i = 0; i < MAPS; i++) {
            struct lc_desc desc = create(c, actor, 4096).desc;
            for (size_t other = 0; lc_provider(c) != LC_MEMFD && other < count; other++) {
                lc_check(c, memcmp(descs[other].id, desc.id, sizeof desc.id) != 0, "an id that no other map has", "%s",
                         lc_desc_show(&desc));
            }
            descs[count++] = desc;
        }
    }
}

/* ---------------------------------------------------------------- invalid descriptions */

static void expect_refusal(struct lc_case *c, struct lc_actor *actor, struct lc_desc desc) {
    lc_note(c, "map.open of %s, %llu bytes", lc_desc_show(&desc), (unsigned long long)desc.size);
    lc_actor_map_expect_refusal(c, actor, lc_provider_name(c), &desc);
}

static void invalid_ids(struct lc_case *c) {
    static const char *const ids[] = {"", "abc", "-1", "12x", " 7", "99999999999999999", "4294967297"};
    struct lc_actor *actor = lc_spawn(c, "provider");
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        expect_refusal(c, actor, lc_desc_of(LC_MAP_BYTES, ids[i]));
    }
}

/* The id of an existing map, with more characters after it. */
static void trailing_characters(struct lc_case *c) {
    static const char *const more[] = {"x", " ", ".0", "-"};
    struct lc_map *map = lc_new_map(c, LC_MAP_BYTES);
    struct lc_actor *actor = lc_spawn(c, "provider");
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        char id[LC_ID_BYTES + 4];
        snprintf(id, sizeof id, "%s%s", (const char *)map->desc.id, more[i]);
        expect_refusal(c, actor, lc_desc_of(LC_MAP_BYTES, id));
    }
}

static void unterminated_id(struct lc_case *c) {
    struct lc_desc desc = {.size = LC_MAP_BYTES};
    memset(desc.id, lc_provider(c) == LC_POSIX ? 'a' : '1', sizeof desc.id);
    desc.id[0] = lc_provider(c) == LC_POSIX ? '/' : '1';
    expect_refusal(c, lc_spawn(c, "provider"), desc);
}

static void no_such_map(struct lc_case *c) {
    struct lc_actor *actor = lc_spawn(c, "provider");
    char missing[LC_ID_BYTES] = "2000000000";
    if (lc_provider(c) == LC_POSIX) { /* a name with the actor's pid is removed with the case if the actor creates it */
        snprintf(missing, sizeof missing, "/libafl_%d_0", (int)lc_actor_pid(actor));
    }
    expect_refusal(c, actor, lc_desc_of(LC_MAP_BYTES, missing));
    struct lc_map map;
    enum lc_provider other = lc_provider(c) == LC_POSIX ? LC_SYSV : LC_POSIX;
    int rc = lc_map_create(other, LC_MAP_BYTES, &map);
    if (rc != 0) {
        lc_error(c, "creating a map over %s: %s", lc_provider_names[other], strerror(-rc));
    }
    struct lc_desc desc = map.desc;
    expect_refusal(c, actor, desc);
    lc_map_close(&map);
}

/* The implementation may open the map or refuse it, but access beyond the segment must not raise a signal. */
static void access_beyond_the_segment(struct lc_case *c) {
    struct lc_map *map = lc_new_map(c, LC_MAP_BYTES);
    struct lc_actor *actor = lc_spawn(c, "provider");
    struct lc_desc desc = map->desc;
    desc.size = UINT64_C(16) * LC_MAP_BYTES;
    const json_t *reply;
    if (lc_call_may_refuse(c, actor, &reply, "map.open", "{s:s, s:o}", "provider", lc_provider_name(c), "description",
                           lc_desc_json(&desc)) == LC_OK) {
        uint64_t opened = lc_field_u64(c, reply, "map");
        (void)lc_call_may_refuse(c, actor, NULL, "map.digest", "{s:I, s:i, s:i}", "map", (json_int_t)opened, "offset",
                                 15 * LC_MAP_BYTES, "length", 1000);
    }
    lc_check_alive(c, actor);
}

static void claims_more(struct lc_case *c) {
    static const uint64_t sizes[] = {LC_MAP_BYTES + 4096, UINT64_C(16) * LC_MAP_BYTES, UINT64_C(1) << 40,
                                     (UINT64_C(1) << 63) + 4096, UINT64_MAX};
    struct lc_map *map = lc_new_map(c, LC_MAP_BYTES);
    struct lc_actor *actor = lc_spawn(c, "provider");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct lc_desc desc = map->desc;
        desc.size = sizes[i];
        expect_refusal(c, actor, desc);
    }
    struct lc_actor_map opened = open_map(c, actor, &map->desc);
    lc_payload_fill(map->base, LC_PART_BYTES, 3);
    lc_actor_map_expect(c, &opened, 0, 3);
}

/* ---------------------------------------------------------------- invalid descriptions for receivers */

static void expect_refused_receiver(struct lc_case *c, const struct lc_desc *desc) {
    lc_note(c, "receiver.open of %s, %llu bytes", lc_desc_show(desc), (unsigned long long)desc->size);
    lc_call_expect_refusal(c, lc_spawn(c, "receiver"), "receiver.open", "{s:s, s:o}", "provider", lc_provider_name(c),
                           "description", lc_desc_json(desc));
}

static void receiver_claims_more(struct lc_case *c) {
    struct lc_writer *writer = lc_new_channel(c, 0, LC_CHANNEL_SENDER);
    struct lc_desc desc = writer->map->desc;
    desc.size *= 4;
    expect_refused_receiver(c, &desc);
}

static void receiver_invalid_ids(struct lc_case *c) {
    static const char *const ids[] = {"", "abc", "99999999999999999"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct lc_desc desc = lc_desc_of(LC_PAGE_DEFAULT, ids[i]);
        expect_refused_receiver(c, &desc);
    }
}

const struct lc_case_def lc_id_cases[] = {
    {"ID-1/zeros", "the bytes after the id's NUL are zero", "sender", LC_EACH_PROVIDER, zeros_after_nul, 0, false},
    {"ID-2/size", "the size in a description is that of the map", "provider sender", LC_EACH_PROVIDER, size_of_the_map,
     0, false},
    {"ID-3/string", "the form of the id", "provider", LC_EACH_PROVIDER, id_string, 0, false},
    {"ID-3/opens", "implementation and suite open each other's maps by their ids", "provider", LC_EACH_PROVIDER,
     opens_by_id, 0, false},
    {"ID-8/differ", "300 maps of three processes have different ids", "provider", LC_EACH_PROVIDER, ids_differ, 0,
     false},
    {"ID-6/impossible", "invalid ids are refused", "provider", LC_EACH_PROVIDER, invalid_ids, 0, false},
    {"ID-6/something-behind", "ids of existing maps with trailing characters are refused", "provider", LC_EACH_PROVIDER,
     trailing_characters, 0, false},
    {"ID-6/unterminated", "an id without a NUL is refused", "provider", LC_EACH_PROVIDER, unterminated_id, 0, false},
    {"ID-6/receiver", "a receiver refuses invalid ids", "receiver", LC_EACH_PROVIDER, receiver_invalid_ids, 0, false},
    {"ID-13/nothing", "ids of no map, and of a map of another provider, are refused", "provider", LC_EACH_PROVIDER,
     no_such_map, 0, false},
    {"ID-7/claims-more", "sizes larger than the segment are refused", "provider", LC_EACH_PROVIDER, claims_more, 0,
     false},
    {"ID-7/touched", "access beyond a segment that is smaller than its description", "provider", LC_EACH_PROVIDER,
     access_beyond_the_segment, 0, false},
    {"ID-7/receiver", "a receiver refuses a size larger than the segment", "receiver", LC_EACH_PROVIDER,
     receiver_claims_more, 0, false},
    {0},
};
