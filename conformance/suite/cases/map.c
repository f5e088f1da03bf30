/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The lifetime of maps, and what is left of them (SPEC.md, section 2). */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "suite/cases/sections.h"
#include "suite/kit/actor_map.h"

enum { TAG = 7, SENDER = 3 };

static struct lc_actor_map create(struct lc_case *c, struct lc_actor *actor) {
    return lc_actor_map_create(c, actor, lc_provider_name(c), LC_MAP_BYTES);
}

static struct lc_actor_map open_map(struct lc_case *c, struct lc_actor *actor, const struct lc_desc *desc) {
    return lc_actor_map_open(c, actor, lc_provider_name(c), desc);
}

/* ---------------------------------------------------------------- lifetime */

/* A map of its creator, with the payload of seed 5 at its start, and the same map in another process, the holder. */
struct shared {
    struct lc_actor *creator, *holder;
    struct lc_actor_map created, held;
};

static struct shared share(struct lc_case *c) {
    struct shared shared = {.creator = lc_spawn(c, "provider"), .holder = lc_spawn(c, "provider")};
    shared.created = create(c, shared.creator);
    lc_actor_map_write(c, &shared.created, 0, 5);
    shared.held = open_map(c, shared.holder, &shared.created.desc);
    return shared;
}

static void creator_closes(struct lc_case *c) {
    struct shared shared = share(c);
    lc_actor_map_close(c, &shared.created);
    lc_actor_map_expect(c, &shared.held, 0, 5);
    lc_stop(c, shared.creator);
    lc_actor_map_write(c, &shared.held, 2000, 6);
    lc_actor_map_expect(c, &shared.held, 2000, 6);
    lc_actor_map_expect(c, &shared.held, 0, 5);
}

static void creator_killed(struct lc_case *c) {
    struct shared shared = share(c);
    lc_kill(c, shared.creator);
    lc_actor_map_expect(c, &shared.held, 0, 5);
}

/* `marked`: the creator has marked the segment for removal. */
static void check_exists(struct lc_case *c, const struct lc_actor_map *map, bool marked) {
    lc_check(c, lc_segment_exists(lc_provider(c), &map->desc, lc_actor_pid(map->actor)), "the map still exists",
             "it was removed");
    lc_check(c, marked || !lc_segment_is_marked(lc_provider(c), &map->desc), "only the creator removes the map",
             "it was marked for removal");
}

/* After each holder has closed the map, the creator still has it, and another process can open it. */
static void holder_closes(struct lc_case *c) {
    struct lc_actor_map map = create(c, lc_spawn(c, "provider"));
    bool marked = lc_segment_is_marked(lc_provider(c), &map.desc);
    for (uint64_t i = 0; i < 3; i++) {
        struct lc_actor *holder = lc_spawn(c, "provider");
        struct lc_actor_map held = open_map(c, holder, &map.desc);
        lc_actor_map_write(c, &held, 0, i);
        lc_actor_map_close(c, &held);
        lc_stop(c, holder);
        lc_actor_map_expect(c, &map, 0, i);
        check_exists(c, &map, marked);
    }
}

/*
 * An implementation cannot tell whether the creator of a name that it does not know still lives. The names belong to
 * this process, so that they are removed with it.
 */
static void strangers_names_stay(struct lc_case *c) {
    static const char *const endings[] = {"abcdefghij", "zzzzzzzzzz", "a0b1c2d3e4", "ABCDEFGHIJ",
                                          "1234567890", "a",          "0"};
    enum { COUNT = sizeof endings / sizeof endings[0] };
    struct lc_desc descs[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        char name[LC_ID_BYTES + 16];
        snprintf(name, sizeof name, "/libafl_%d_%s", (int)getpid(), endings[i]);
        name[LC_ID_BYTES - 1] = '\0';
        int fd = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
        if (fd < 0 || ftruncate(fd, LC_MAP_BYTES) != 0) {
            lc_error(c, "creating %s: %s", name, strerror(errno));
        }
        close(fd);
        descs[i] = lc_desc_of(LC_MAP_BYTES, name);
    }
    for (size_t i = 0; i < COUNT; i++) {
        struct lc_actor_map held = open_map(c, lc_spawn(c, "provider"), &descs[i]);
        lc_actor_map_close(c, &held);
        create(c, held.actor);
        lc_stop(c, held.actor);
    }
    for (size_t i = 0; i < COUNT; i++) {
        lc_check(c, lc_segment_exists(LC_POSIX, &descs[i], getpid()), "the name of another implementation still exists",
                 "%s was removed", lc_desc_show(&descs[i]));
    }
}

static void forked_copy(struct lc_case *c) {
    lc_require_option(c, "fork");
    struct lc_actor_map map = create(c, lc_spawn(c, "provider"));
    bool marked = lc_segment_is_marked(lc_provider(c), &map.desc);
    for (int i = 0; i < 2; i++) {
        lc_actor_map_fork(c, &map);
        lc_actor_map_write(c, &map, 0, 5);
        lc_actor_map_expect(c, &map, 0, 5);
        check_exists(c, &map, marked);
        if (lc_provider(c) != LC_MEMFD) {
            struct lc_actor_map held = open_map(c, lc_spawn(c, "provider"), &map.desc);
            lc_actor_map_expect(c, &held, 0, 5);
        }
    }
}

/* One process has both ends of a channel: it maps each page twice, and unmaps one map while the other is in use. */
static void run_both_ends(struct lc_case *c, uint64_t messages) {
    lc_require_option(c, "pair");
    struct lc_actor *client = lc_spawn(c, "client");
    const json_t *reply =
        lc_call(c, client, "client.pair", "{s:s, s:i}", "provider", lc_provider_name(c), "sender_id", SENDER);
    uint64_t quarter = lc_field_desc(c, reply, "description").size / 4;
    for (uint64_t i = 0; i < messages; i++) {
        lc_send_message(c, client, TAG, quarter, i);
        lc_expect_recv(c, client, TAG, SENDER, 0, quarter, i);
    }
}

static void both_ends(struct lc_case *c) {
    run_both_ends(c, 8);
}

/* Ten pages: more than a sender keeps for an unknown number of receivers. */
static void both_ends_for_long(struct lc_case *c) {
    run_both_ends(c, 30);
}

/* ---------------------------------------------------------------- leftovers */

struct segment {
    enum lc_provider provider;
    struct lc_desc desc;
};

static bool is_gone(void *argument) {
    const struct segment *segment = argument;
    return !lc_segment_exists(segment->provider, &segment->desc, 0);
}

static void check_gone(struct lc_case *c, const struct lc_desc *desc) {
    struct segment segment = {lc_provider(c), *desc};
    lc_check(c, lc_wait_until(is_gone, &segment, 3000), "the segment is removed", "%s still exists",
             lc_desc_show(desc));
}

/* Some implementations remove the leftovers of dead processes when they create the next map. */
static void create_another(struct lc_case *c) {
    (void)create(c, lc_spawn(c, "provider"));
}

static void closed_leaves_nothing(struct lc_case *c) {
    struct lc_actor_map map = create(c, lc_spawn(c, "provider"));
    struct lc_actor_map held = open_map(c, lc_spawn(c, "provider"), &map.desc);
    lc_actor_map_close(c, &map);
    lc_actor_map_close(c, &held);
    check_gone(c, &map.desc);
}

static void ended_leaves_nothing(struct lc_case *c) {
    struct lc_actor_map map = create(c, lc_spawn(c, "provider"));
    lc_stop(c, map.actor);
    check_gone(c, &map.desc);
}

/* The creator is killed while another process holds the map, which then closes it and exits. */
static void last_holder_leaves_nothing(struct lc_case *c) {
    struct lc_actor_map map = create(c, lc_spawn(c, "provider"));
    struct lc_actor_map held = open_map(c, lc_spawn(c, "provider"), &map.desc);
    lc_kill(c, map.actor);
    lc_actor_map_close(c, &held);
    lc_stop(c, held.actor);
    create_another(c);
    check_gone(c, &map.desc);
}

static void killed_leaves_nothing(struct lc_case *c) {
    struct lc_actor_map map = create(c, lc_spawn(c, "provider"));
    lc_kill(c, map.actor);
    create_another(c);
    check_gone(c, &map.desc);
}

/* The limit applies to this process and to the adapters that it starts. */
static void limit_descriptors(struct lc_case *c) {
    const struct rlimit limit = {256, 256};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        lc_error(c, "limiting descriptors to 256: %s", strerror(errno));
    }
}

static void opened_2000_times(struct lc_case *c) {
    limit_descriptors(c);
    struct lc_map *map = lc_new_map(c, LC_MAP_BYTES);
    struct lc_actor *actor = lc_spawn(c, "provider");
    for (int i = 0; i < 2000; i++) {
        struct lc_actor_map opened = open_map(c, actor, &map->desc);
        lc_actor_map_close(c, &opened);
    }
}

static void created_2000_times(struct lc_case *c) {
    limit_descriptors(c);
    struct lc_actor *actor = lc_spawn(c, "provider");
    for (int i = 0; i < 2000; i++) {
        struct lc_actor_map map = lc_actor_map_create(c, actor, lc_provider_name(c), 4096);
        lc_actor_map_close(c, &map);
    }
}

const struct lc_case_def lc_map_cases[] = {
    {"ID-4/maker-closes", "the creator closes its map, and another process still uses it", "provider",
     LC_NAMED_PROVIDERS, creator_closes, 0, false},
    {"ID-4/maker-killed", "the creator is killed, and another process still uses the map", "provider",
     LC_NAMED_PROVIDERS, creator_killed, 0, false},
    {"ID-4/holder-closes", "a process that did not create a map does not remove it", "provider", LC_NAMED_PROVIDERS,
     holder_closes, 0, false},
    {"ID-4/stranger", "names that another implementation created stay", "provider", LC_POSIX_ONLY, strangers_names_stay,
     0, false},
    {"ID-4/both-ends", "one process has both ends of a channel, over three pages", "client", LC_EACH_PROVIDER,
     both_ends, 0, false},
    {"RECV-6/both-ends", "one process has both ends of a channel, over ten pages", "client", LC_EACH_PROVIDER,
     both_ends_for_long, 0, false},
    {"ID-11/forked-copy", "a forked child drops its copy of a map", "provider", LC_EACH_PROVIDER, forked_copy, 0,
     false},
    {"ID-9/closed", "the segment of a closed map is removed", "provider", LC_NAMED_PROVIDERS, closed_leaves_nothing, 0,
     false},
    {"ID-9/ended", "the segments of a process that exits are removed", "provider", LC_NAMED_PROVIDERS,
     ended_leaves_nothing, 0, false},
    {"ID-10/killed", "the segments of a killed process are removed", "provider", LC_NAMED_PROVIDERS,
     killed_leaves_nothing, 0, false},
    {"ID-10/holder-left", "the creator is killed, and the last holder closes the map", "provider", LC_NAMED_PROVIDERS,
     last_holder_leaves_nothing, 0, false},
    {"ID-12/thousands-opened", "2000 times a map is opened and closed, with 256 descriptors", "provider",
     LC_EACH_PROVIDER, opened_2000_times, 60, false},
    {"ID-12/thousands-made", "2000 maps are created and closed, with 256 descriptors", "provider", LC_EACH_PROVIDER,
     created_2000_times, 60, false},
    {0},
};
