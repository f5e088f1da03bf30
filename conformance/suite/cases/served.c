/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The provider `served`: clients of a ShMemService, and their requests (SPEC.md, sections 2 and 12). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "suite/cases/sections.h"
#include "suite/kit/actor_map.h"
#include "suite/kit/mock_service.h"
#include "suite/kit/service_client.h"

enum { BYTES = LC_SERVED_BYTES };

static struct lc_actor_map create(struct lc_case *c, struct lc_actor *actor) {
    struct lc_actor_map map = lc_actor_map_create(c, actor, "served", BYTES);
    lc_check_u64(c, "size in the description:", BYTES, map.desc.size);
    return map;
}

static struct lc_actor_map open_map(struct lc_case *c, struct lc_actor *actor, const struct lc_desc *desc) {
    return lc_actor_map_open(c, actor, "served", desc);
}

static void expect_refused_create(struct lc_case *c) {
    lc_call_expect_refusal(c, lc_spawn(c, "provider"), "map.create", "{s:s, s:i}", "provider", "served", "size", BYTES);
}

/* Splits `<the service's id>:<own descriptor>`, two numbers. */
static void split_id(struct lc_case *c, const struct lc_desc *desc, long *id, long *fd) {
    const char *text = (const char *)desc->id;
    char *end;
    *id = strtol(text, &end, 10);
    bool valid = end != text && *end == ':';
    char *rest = end + 1;
    *fd = valid ? strtol(rest, &end, 10) : -1;
    lc_check(c, valid && end != rest && *end == '\0', "an id of the form <the service's id>:<own descriptor>", "%s",
             lc_desc_show(desc));
}

/* ---------------------------------------------------------------- with the implementation's service */

static void id_of_both(struct lc_case *c) {
    lc_service_open(c);
    struct lc_actor_map map = create(c, lc_spawn(c, "provider"));
    long id, fd;
    split_id(c, &map.desc, &id, &fd);
    int socket = lc_service_open_connection(c);
    lc_service_send_existing(c, socket, id, BYTES);
    struct lc_served_map known = lc_service_expect_map(c, socket);
    char path[64];
    struct stat own;
    snprintf(path, sizeof path, "/proc/%d/fd/%ld", (int)lc_actor_pid(map.actor), fd);
    lc_check(c, stat(path, &own) == 0, "a descriptor of the process that has the map", "%s does not exist", path);
    lc_check(c, own.st_ino == known.inode && own.st_dev == known.device, "the descriptor of this map",
             "%s is another file", path);
}

static void shared_by_two(struct lc_case *c) {
    lc_service_open(c);
    struct lc_actor_map one = create(c, lc_spawn(c, "provider"));
    lc_actor_map_write(c, &one, 100, 1);
    struct lc_actor_map two = open_map(c, lc_spawn_peer(c, "provider"), &one.desc);
    lc_actor_map_expect(c, &two, 100, 1);
    lc_actor_map_write(c, &two, 5000, 2);
    lc_actor_map_expect(c, &one, 5000, 2);
    struct lc_actor_map more = create(c, two.actor);
    lc_actor_map_write(c, &more, 100, 3);
    struct lc_actor_map back = open_map(c, one.actor, &more.desc);
    lc_actor_map_expect(c, &back, 100, 3);
    lc_actor_map_expect(c, &one, 100, 1);
}

static void refused_by_service(struct lc_case *c) {
    static const char *const ids[] = {"4711:5", "abc", "", ":5", "99999999999999999"};
    lc_service_open(c);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct lc_desc desc = lc_desc_of(BYTES, ids[i]);
        lc_note(c, "map.open of %s", lc_desc_show(&desc));
        lc_actor_map_expect_refusal(c, lc_spawn(c, "provider"), "served", &desc);
    }
}

static void no_service(struct lc_case *c) {
    expect_refused_create(c);
}

/* A connection of the suite counts the references: of a map that is closed, killed, and dropped at the end. */
static void references(struct lc_case *c) {
    lc_service_open(c);
    struct lc_actor_map one = create(c, lc_spawn(c, "provider"));
    struct lc_actor_map two = open_map(c, lc_spawn(c, "provider"), &one.desc);
    struct lc_actor_map three = open_map(c, lc_spawn(c, "provider"), &one.desc);
    long id, fd;
    split_id(c, &one.desc, &id, &fd);
    int socket = lc_service_open_connection(c);
    lc_service_send_existing(c, socket, id, BYTES);
    struct lc_served_map map = lc_service_expect_map(c, socket);
    lc_actor_map_write(c, &one, 0, 1);
    lc_service_wait_references(c, socket, &map, 4);
    lc_actor_map_close(c, &one);
    lc_service_wait_references(c, socket, &map, 3);
    lc_actor_map_expect(c, &two, 0, 1);
    lc_kill(c, three.actor);
    lc_service_wait_references(c, socket, &map, 2);
    lc_stop(c, two.actor);
    lc_service_wait_references(c, socket, &map, 1);
}

static void forked_copy(struct lc_case *c) {
    lc_require_option(c, "fork");
    lc_service_open(c);
    struct lc_actor_map map = create(c, lc_spawn(c, "provider"));
    for (uint64_t i = 0; i < 3; i++) {
        lc_actor_map_fork(c, &map);
        lc_actor_map_write(c, &map, 0, i);
        lc_actor_map_expect(c, &map, 0, i);
        struct lc_actor_map other = open_map(c, lc_spawn(c, "provider"), &map.desc);
        lc_actor_map_expect(c, &other, 0, i);
    }
}

/* ---------------------------------------------------------------- with a mock service */

static void requests(struct lc_case *c) {
    struct lc_mock_service *service = lc_mock_service_start(c, LC_MOCK_SERVES);
    struct lc_actor_map map = create(c, lc_spawn(c, "provider"));
    lc_check_u64(c, "number of NewMap requests:", 1, service->requests[LC_NEW_MAP]);
    lc_check_u64(c, "size in NewMap:", BYTES, service->size);
    long id, fd;
    split_id(c, &map.desc, &id, &fd);
    lc_check_u64(c, "the service's part of the id:", LC_MOCK_MAP, (uint64_t)id);
    lc_actor_map_write(c, &map, 0, 1);
    struct lc_actor_map again = open_map(c, lc_spawn(c, "provider"), &map.desc);
    lc_actor_map_expect(c, &again, 0, 1);
    lc_check_u64(c, "number of ExistingMap requests:", 1, service->requests[LC_EXISTING_MAP]);
    lc_check_u64(c, "size in ExistingMap:", BYTES, service->desc.size);
    struct lc_desc wanted = lc_desc_of(BYTES, lc_mock_map_id);
    lc_check(c, memcmp(service->desc.id, wanted.id, sizeof wanted.id) == 0,
             "ExistingMap with the part of the id before the colon", "%s", lc_desc_show(&service->desc));
    lc_check_u64(c, "number of invalid frames:", 0, service->invalid);
}

static void closed_connection(struct lc_case *c) {
    (void)lc_mock_service_start(c, LC_MOCK_HANGS_UP);
    expect_refused_create(c);
}

static void missing_descriptor(struct lc_case *c) {
    (void)lc_mock_service_start(c, LC_MOCK_OMITS_DESCRIPTOR);
    expect_refused_create(c);
}

#define CASE(id, title, roles, run)                                                                                    \
    { id, title, roles, LC_FIRST_PROVIDER, run, 0, true }

const struct lc_case_def lc_served_cases[] = {
    CASE("ID-3/served", "the two parts of the id of a served map", "service provider", id_of_both),
    CASE("SERVED-2/clients", "two processes share served maps", "service provider", shared_by_two),
    CASE("ID-13/served", "ids that the service does not know are refused", "service provider", refused_by_service),
    CASE("ID-13/no-service", "a served map is refused if no service runs", "provider", no_service),
    CASE("SERVED-3/clients", "maps that are closed, killed and dropped lose their references", "service provider",
         references),
    CASE("ID-11/served", "a forked child drops its copy of a served map", "service provider", forked_copy),
    CASE("SERVED-1/client", "the requests that a client sends", "provider", requests),
    CASE("SERVED-5/client-closed", "the service closes the connection instead of replying", "provider",
         closed_connection),
    CASE("SERVED-2/client-nothing", "the service sends an id without a descriptor", "provider", missing_descriptor),
    {0},
};
