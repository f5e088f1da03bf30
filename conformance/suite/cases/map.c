/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The life of maps: who may go when, and what is left (SPEC.md, section 2). */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "suite/cases/sections.h"
#include "suite/kit/actor_map.h"

#define TAG 7
#define SENDER 3

/* ---------------------------------------------------------------- lifetime */

static void maker_closes(struct lc_case *c) {
    struct lc_actor *maker = lc_spawn(c, "provider");
    struct lc_actor *holder = lc_spawn(c, "provider");
    struct lc_actor_map map = lc_actor_map_create(c, maker, LC_MAP_BYTES);
    lc_actor_map_write(c, maker, map.number, 0, 5);
    int64_t opened = lc_actor_map_open(c, holder, &map.desc);
    lc_actor_map_close(c, maker, map.number);
    lc_actor_map_expect(c, holder, opened, 0, 5);
    lc_stop(c, maker);
    lc_actor_map_write(c, holder, opened, 2000, 6);
    lc_actor_map_expect(c, holder, opened, 2000, 6);
    lc_actor_map_expect(c, holder, opened, 0, 5);
}

static void maker_killed(struct lc_case *c) {
    struct lc_actor *maker = lc_spawn(c, "provider");
    struct lc_actor *holder = lc_spawn(c, "provider");
    struct lc_actor_map map = lc_actor_map_create(c, maker, LC_MAP_BYTES);
    lc_actor_map_write(c, maker, map.number, 0, 5);
    int64_t opened = lc_actor_map_open(c, holder, &map.desc);
    lc_kill(c, maker);
    lc_actor_map_expect(c, holder, opened, 0, 5);
}

/* The map is there, and nobody but its maker settled when it goes. */
static void check_there(struct lc_case *c, struct lc_actor *maker, const struct lc_desc *desc, bool doomed) {
    lc_check(c, lc_segment_exists(lc_provider(c), desc, lc_actor_pid(maker)), "a map that is still there",
             "it was taken away");
    lc_check(c, doomed || !lc_segment_is_marked(lc_provider(c), desc), "a map that only its maker removes",
             "it was marked for removal");
}

/* A holder that came later goes: the maker has its map, and a third one can still come. */
static void holder_closes(struct lc_case *c) {
    struct lc_actor *maker = lc_spawn(c, "provider");
    struct lc_actor_map map = lc_actor_map_create(c, maker, LC_MAP_BYTES);
    bool doomed = lc_segment_is_marked(lc_provider(c), &map.desc);
    for (int i = 0; i < 3; i++) {
        struct lc_actor *holder = lc_spawn(c, "provider");
        int64_t opened = lc_actor_map_open(c, holder, &map.desc);
        lc_actor_map_write(c, holder, opened, 0, (uint64_t)i);
        lc_actor_map_close(c, holder, opened);
        lc_stop(c, holder);
        lc_actor_map_expect(c, maker, map.number, 0, (uint64_t)i);
        check_there(c, maker, &map.desc, doomed);
    }
}

static void forked_copy(struct lc_case *c) {
    if (!lc_has_option(c, "fork")) {
        lc_skip(c, "the option fork");
    }
    struct lc_actor *maker = lc_spawn(c, "provider");
    struct lc_actor_map map = lc_actor_map_create(c, maker, LC_MAP_BYTES);
    bool doomed = lc_segment_is_marked(lc_provider(c), &map.desc);
    for (int i = 0; i < 2; i++) {
        lc_call(c, maker, "map.fork", "{s:I}", "map", (json_int_t)map.number);
        lc_actor_map_write(c, maker, map.number, 0, 5);
        lc_actor_map_expect(c, maker, map.number, 0, 5);
        check_there(c, maker, &map.desc, doomed);
        if (lc_provider(c) != LC_MEMFD) {
            struct lc_actor *holder = lc_spawn(c, "provider");
            lc_actor_map_expect(c, holder, lc_actor_map_open(c, holder, &map.desc), 0, 5);
        }
    }
}

/* Both ends of a channel in one process: each page has two maps there, and either goes while the other is in use. */
static void run_both_ends(struct lc_case *c, uint64_t messages) {
    if (!lc_has_option(c, "pair")) {
        lc_skip(c, "the option pair");
    }
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

/* More pages than a sender keeps for receivers that it knows nothing of. */
static void both_ends_for_long(struct lc_case *c) {
    run_both_ends(c, 30);
}

struct remains {
    enum lc_provider provider;
    struct lc_desc desc;
};

static bool is_gone(void *argument) {
    const struct remains *remains = argument;
    return !lc_segment_exists(remains->provider, &remains->desc, 0);
}

static void check_gone(struct lc_case *c, const struct lc_desc *desc) {
    struct remains remains = {lc_provider(c), *desc};
    lc_check(c, lc_wait_until(is_gone, &remains, 3000), "nothing of it in the system", "%s is still there",
             lc_desc_show(desc));
}

static void closed_leaves_nothing(struct lc_case *c) {
    struct lc_actor *maker = lc_spawn(c, "provider");
    struct lc_actor_map map = lc_actor_map_create(c, maker, LC_MAP_BYTES);
    struct lc_actor *holder = lc_spawn(c, "provider");
    int64_t opened = lc_actor_map_open(c, holder, &map.desc);
    lc_actor_map_close(c, maker, map.number);
    lc_actor_map_close(c, holder, opened);
    check_gone(c, &map.desc);
}

static void ended_leaves_nothing(struct lc_case *c) {
    struct lc_actor *maker = lc_spawn(c, "provider");
    struct lc_actor_map map = lc_actor_map_create(c, maker, LC_MAP_BYTES);
    lc_stop(c, maker);
    check_gone(c, &map.desc);
}

/* The maker is killed while somebody holds the map, and that one goes in good order. */
static void last_holder_leaves_nothing(struct lc_case *c) {
    struct lc_actor *maker = lc_spawn(c, "provider");
    struct lc_actor_map map = lc_actor_map_create(c, maker, LC_MAP_BYTES);
    struct lc_actor *holder = lc_spawn(c, "provider");
    int64_t opened = lc_actor_map_open(c, holder, &map.desc);
    lc_kill(c, maker);
    lc_actor_map_close(c, holder, opened);
    lc_stop(c, holder);
    lc_actor_map_create(c, lc_spawn(c, "provider"), LC_MAP_BYTES);
    check_gone(c, &map.desc);
}

static void killed_leaves_nothing(struct lc_case *c) {
    struct lc_actor *maker = lc_spawn(c, "provider");
    struct lc_actor_map map = lc_actor_map_create(c, maker, LC_MAP_BYTES);
    lc_kill(c, maker);
    lc_actor_map_create(c, lc_spawn(c, "provider"), LC_MAP_BYTES);
    check_gone(c, &map.desc);
}

/* For this process, and so for the adapters that it starts. */
static void limit_descriptors(struct lc_case *c) {
    const struct rlimit few = {256, 256};
    if (setrlimit(RLIMIT_NOFILE, &few) != 0) {
        lc_error(c, "limiting descriptors to 256");
    }
}

static void thousands_opened(struct lc_case *c) {
    limit_descriptors(c);
    struct lc_map *given = lc_new_map(c, LC_MAP_BYTES);
    struct lc_actor *actor = lc_spawn(c, "provider");
    for (int i = 0; i < 2000; i++) {
        lc_actor_map_close(c, actor, lc_actor_map_open(c, actor, &given->desc));
    }
}

static void thousands_made(struct lc_case *c) {
    limit_descriptors(c);
    struct lc_actor *actor = lc_spawn(c, "provider");
    for (int i = 0; i < 2000; i++) {
        lc_actor_map_close(c, actor, lc_actor_map_create(c, actor, 4096).number);
    }
}

const struct lc_case_def lc_map_cases[] = {
    {"ID-4/maker-closes", "the maker closes, the holder reads on", "provider", LC_NAMED_PROVIDERS, maker_closes, 0,
     false},
    {"ID-4/maker-killed", "the maker is killed, the holder reads on", "provider", LC_NAMED_PROVIDERS, maker_killed, 0,
     false},
    {"ID-4/holder-closes", "who did not make a map does not remove it", "provider", LC_NAMED_PROVIDERS, holder_closes,
     0, false},
    {"ID-4/both-ends", "one process writes a channel and reads it, over three pages", "client", LC_EACH_PROVIDER,
     both_ends, 0, false},
    {"RECV-6/both-ends", "the same over ten pages", "client", LC_EACH_PROVIDER, both_ends_for_long, 0, false},
    {"ID-11/forked-copy", "a forked child drops its copy", "provider", LC_EACH_PROVIDER, forked_copy, 0, false},
    {"ID-9/closed", "nothing is left of a map that was closed", "provider", LC_NAMED_PROVIDERS, closed_leaves_nothing,
     0, false},
    {"ID-9/ended", "nothing is left of the maps of a process that ended", "provider", LC_NAMED_PROVIDERS,
     ended_leaves_nothing, 0, false},
    {"ID-10/killed", "nothing is left of the maps of a process that was killed", "provider", LC_NAMED_PROVIDERS,
     killed_leaves_nothing, 0, false},
    {"ID-10/holder-left", "the maker is killed, the last holder closes", "provider", LC_NAMED_PROVIDERS,
     last_holder_leaves_nothing, 0, false},
    {"ID-12/thousands-opened", "one map opened and closed 2000 times, with 256 descriptors", "provider",
     LC_EACH_PROVIDER, thousands_opened, 60, false},
    {"ID-12/thousands-made", "2000 maps made and closed, with 256 descriptors", "provider", LC_EACH_PROVIDER,
     thousands_made, 60, false},
    {0},
};
