/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Maps of the provider `served`: the clients of a ShMemService, and what they ask it for (SPEC.md, sections 2 and 12). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "suite/cases/sections.h"
#include "suite/kit/mock_service.h"
#include "suite/kit/service_client.h"

enum { BYTES = LC_SERVED_BYTES, PART = 1000 };

struct map {
    struct lc_actor *actor;
    uint64_t number; /* by which the party knows it */
    struct lc_desc desc;
};

/* ---------------------------------------------------------------- maps of parties */

static struct map create(struct lc_case *c, struct lc_actor *actor) {
    const json_t *reply = lc_call(c, actor, "map.create", "{s:s, s:i}", "provider", "served", "size", BYTES);
    struct map map = {actor, lc_field_u64(c, reply, "map"), lc_field_desc(c, reply, "description")};
    lc_check_u64(c, "the size of the description", BYTES, map.desc.size);
    return map;
}

static struct map open_map(struct lc_case *c, struct lc_actor *actor, const struct lc_desc *desc) {
    const json_t *reply =
        lc_call(c, actor, "map.open", "{s:s, s:o}", "provider", "served", "description", lc_desc_json(desc));
    return (struct map){actor, lc_field_u64(c, reply, "map"), *desc};
}

static void refuse_map(struct lc_case *c, struct lc_actor *actor, const char *verb, json_t *arguments) {
    const json_t *reply;
    enum lc_outcome outcome = lc_call_may_refuse(c, actor, &reply, verb, "o", arguments);
    lc_check(c, outcome == LC_REFUSED, "a refusal", "ok to %s", verb);
    lc_check_alive(c, actor);
}

static void write_map(struct lc_case *c, const struct map *map, int offset, uint64_t seed) {
    lc_call(c, map->actor, "map.write", "{s:I, s:i, s:i, s:I}", "map", (json_int_t)map->number, "offset", offset,
            "length", PART, "seed", (json_int_t)seed);
}

static void expect_bytes(struct lc_case *c, const struct map *map, int offset, uint64_t seed) {
    const json_t *reply = lc_call(c, map->actor, "map.digest", "{s:I, s:i, s:i}", "map", (json_int_t)map->number,
                                  "offset", offset, "length", PART);
    lc_check_u64(c, "digest", lc_payload_digest(PART, seed), lc_field_u64(c, reply, "digest"));
}

static void close_map(struct lc_case *c, const struct map *map) {
    lc_call(c, map->actor, "map.close", "{s:I}", "map", (json_int_t)map->number);
}

/* `<the service's id>:<own descriptor>`; both are numbers. */
static void split_id(struct lc_case *c, const struct lc_desc *desc, long *id, long *fd) {
    const char *text = (const char *)desc->id;
    char *end;
    *id = strtol(text, &end, 10);
    bool good = end != text && *end == ':';
    char *rest = end + 1;
    *fd = good ? strtol(rest, &end, 10) : -1;
    lc_check(c, good && end != rest && *end == '\0', "<the service's id>:<own descriptor>", "%s", lc_desc_show(desc));
}

/* ---------------------------------------------------------------- with the implementation's own service */

static void id_of_both(struct lc_case *c) {
    lc_service_open(c);
    struct map map = create(c, lc_spawn(c, "provider"));
    long id, fd;
    split_id(c, &map.desc, &id, &fd);
    int socket = lc_service_open_connection(c);
    lc_service_send_existing(c, socket, id, BYTES);
    struct lc_served_map known = lc_service_expect_map(c, socket);
    char path[64];
    struct stat stat_;
    snprintf(path, sizeof path, "/proc/%d/fd/%ld", (int)lc_actor_pid(map.actor), fd);
    lc_check(c, stat(path, &stat_) == 0, "a descriptor that the map's holder has", "%s is none", path);
    lc_check(c, stat_.st_ino == known.inode && stat_.st_dev == known.device, "the descriptor of this map",
             "%s is another", path);
}

static void shared_by_two(struct lc_case *c) {
    lc_service_open(c);
    struct map one = create(c, lc_spawn(c, "provider"));
    write_map(c, &one, 100, 1);
    struct map two = open_map(c, lc_spawn_peer(c, "provider"), &one.desc);
    expect_bytes(c, &two, 100, 1);
    write_map(c, &two, 5000, 2);
    expect_bytes(c, &one, 5000, 2);
    struct map more = create(c, two.actor);
    write_map(c, &more, 100, 3);
    struct map back = open_map(c, one.actor, &more.desc);
    expect_bytes(c, &back, 100, 3);
    expect_bytes(c, &one, 100, 1);
}

static void refused_by_service(struct lc_case *c) {
    static const char *const ids[] = {"4711:5", "abc", "", ":5", "99999999999999999"};
    lc_service_open(c);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct lc_desc desc = lc_desc_of(BYTES, ids[i]);
        lc_note(c, "map.open of %s", lc_desc_show(&desc));
        refuse_map(c, lc_spawn(c, "provider"), "map.open",
                   json_pack("{s:s, s:o}", "provider", "served", "description", lc_desc_json(&desc)));
    }
}

static void no_service(struct lc_case *c) {
    refuse_map(c, lc_spawn(c, "provider"), "map.create", json_pack("{s:s, s:i}", "provider", "served", "size", BYTES));
}

/* What a raw connection counts: a party that goes gives its reference back, in whichever way. */
static void gives_back(struct lc_case *c) {
    lc_service_open(c);
    struct map one = create(c, lc_spawn(c, "provider"));
    struct map two = open_map(c, lc_spawn(c, "provider"), &one.desc);
    struct map three = open_map(c, lc_spawn(c, "provider"), &one.desc);
    struct lc_served_map map = {.size = BYTES};
    long fd;
    split_id(c, &one.desc, &map.id, &fd);
    int socket = lc_service_open_connection(c);
    lc_service_send_existing(c, socket, map.id, BYTES);
    map = lc_service_expect_map(c, socket);
    write_map(c, &one, 0, 1);
    lc_service_wait_references(c, socket, &map, 4);
    close_map(c, &one);
    lc_service_wait_references(c, socket, &map, 3);
    expect_bytes(c, &two, 0, 1);
    lc_kill(c, three.actor);
    lc_service_wait_references(c, socket, &map, 2);
    lc_stop(c, two.actor);
    lc_service_wait_references(c, socket, &map, 1);
}

static void forked_copy(struct lc_case *c) {
    if (!lc_has_option(c, "fork")) {
        lc_skip(c, "the option fork");
    }
    lc_service_open(c);
    struct map map = create(c, lc_spawn(c, "provider"));
    for (uint64_t i = 0; i < 3; i++) {
        lc_call(c, map.actor, "map.fork", "{s:I}", "map", (json_int_t)map.number);
        write_map(c, &map, 0, i);
        expect_bytes(c, &map, 0, i);
        struct map other = open_map(c, lc_spawn(c, "provider"), &map.desc);
        expect_bytes(c, &other, 0, i);
    }
}

/* ---------------------------------------------------------------- with the suite as the service */

static void asks_for_maps(struct lc_case *c) {
    struct lc_mock_service *host = lc_mock_service_start(c, LC_MOCK_SERVES);
    struct lc_actor *actor = lc_spawn(c, "provider");
    struct map map = create(c, actor);
    lc_check_u64(c, "NewMap requests", 1, host->asked[LC_NEW_MAP]);
    lc_check_u64(c, "the size of NewMap", BYTES, host->size);
    long id, fd;
    split_id(c, &map.desc, &id, &fd);
    lc_check_u64(c, "the service's part of the id", (uint64_t)host->map, (uint64_t)id);
    write_map(c, &map, 0, 1);
    struct lc_actor *other = lc_spawn(c, "provider");
    struct map again = open_map(c, other, &map.desc);
    expect_bytes(c, &again, 0, 1);
    lc_check_u64(c, "ExistingMap requests", 1, host->asked[LC_EXISTING_MAP]);
    lc_check_u64(c, "the size in ExistingMap", BYTES, host->desc.size);
    struct lc_desc wanted = lc_desc_of(BYTES, lc_mock_map_id);
    lc_check(c, memcmp(host->desc.id, wanted.id, sizeof wanted.id) == 0, "the part of the id before the colon", "%s",
             lc_desc_show(&host->desc));
    lc_check_u64(c, "frames that are no request", 0, host->unknown);
}

static void hung_up_on(struct lc_case *c) {
    lc_mock_service_start(c, LC_MOCK_HANGS_UP);
    refuse_map(c, lc_spawn(c, "provider"), "map.create", json_pack("{s:s, s:i}", "provider", "served", "size", BYTES));
}

static void without_descriptor(struct lc_case *c) {
    lc_mock_service_start(c, LC_MOCK_OMITS_DESCRIPTOR);
    refuse_map(c, lc_spawn(c, "provider"), "map.create", json_pack("{s:s, s:i}", "provider", "served", "size", BYTES));
}

#define CASE(id, title, roles, run)                                                                                    \
    { id, title, roles, LC_FIRST_PROVIDER, run, 0, true }

const struct lc_case_def lc_served_cases[] = {
    CASE("ID-3/served", "the id of a served map", "service provider", id_of_both),
    CASE("SERVED-2/clients", "two processes and a served map", "service provider", shared_by_two),
    CASE("ID-13/served", "ids that the service knows nothing of", "service provider", refused_by_service),
    CASE("ID-13/no-service", "a served map where nobody serves", "provider", no_service),
    CASE("SERVED-3/clients", "closed, killed, ended: references go", "service provider", gives_back),
    CASE("ID-11/served", "a forked child drops its copy of a served map", "service provider", forked_copy),
    CASE("SERVED-1/client", "what a served map asks its service for", "provider", asks_for_maps),
    CASE("SERVED-5/client-closed", "a service that hangs up instead of answering", "provider", hung_up_on),
    CASE("SERVED-2/client-nothing", "a map's id without its descriptor", "provider", without_descriptor),
    {0},
};
