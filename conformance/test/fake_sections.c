/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Cases that test the suite itself: in the place of the real sections they give every result that a case can have.
 * fake_adapter.sh is the implementation, and test_suite.sh writes the specification.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suite/kit/case.h"

/* ---------------------------------------------------------------- without an adapter */

static void passes(struct lc_case *c) {
    lc_note(c, "nothing to do");
}

static void fails(struct lc_case *c) {
    lc_note(c, "a note \"before\" <the> end & more");
    lc_fail(c, "something <else> & better", "%s", "this");
}

static void error(struct lc_case *c) {
    lc_error(c, "no part of this was done");
}

static void skips(struct lc_case *c) {
    lc_skip(c, "a %s machine", "better");
}

static void suite_crashes(struct lc_case *c) {
    lc_note(c, "about to crash");
    (void)raise(SIGSEGV);
}

static void suite_aborts(struct lc_case *c) {
    (void)c;
    abort();
}

static void suite_ends(struct lc_case *c) {
    (void)c;
    _exit(0);
}

/* ---------------------------------------------------------------- with an adapter */

static void fresh(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender(c, sender, 7);
    struct lc_reader *reader = lc_read_channel(c, sender, &desc);
    lc_check_u64(c, "sender_id", 7, lc_get32(reader->map.base, LC_PAGE_SENDER_ID));
    lc_expect_no_message(c, reader);
    lc_stop(c, sender);
}

/* Creates a map whenever a signal arrives, and never returns. */
static void wait_for_ever(struct lc_case *c, void *argument) {
    (void)argument;
    for (;;) {
        lc_new_map(c, 4096);
        pause();
    }
}

/* Creates all that can remain after a case: maps, a helper with a map, and an adapter with a map. */
static void create_all(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_map segment;
    lc_open_sender(c, sender, 7);
    lc_new_map(c, 4096);
    lc_check(c, lc_map_create(LC_SYSV, 4096, &segment) == 0, "a segment", "none");
    pid_t helper = lc_fork_helper(c, wait_for_ever, NULL);
    lc_note(c, "the case is (process %d), its helper (process %d)", (int)getpid(), (int)helper);
}

static void hangs(struct lc_case *c) {
    create_all(c);
    lc_note(c, "about to wait for ever");
    wait_for_ever(c, NULL);
}

static void crashes_late(struct lc_case *c) {
    create_all(c);
    (void)raise(SIGBUS);
}

static void fails_late(struct lc_case *c) {
    create_all(c);
    fails(c);
}

/* ---------------------------------------------------------------- helpers, networks, peers */

static void helper_fails(struct lc_case *c, void *argument) {
    (void)argument;
    lc_fail(c, "a helper", "its failure");
}

static void waits_for_helper(struct lc_case *c) {
    lc_wait_helper(c, lc_fork_helper(c, helper_fails, NULL));
}

static void own_network(struct lc_case *c) {
    uint16_t port;
    int listener = lc_tcp_listen(&port), other = lc_tcp_connect(port);
    lc_check(c, listener >= 0 && other >= 0, "a loopback device", "%d, %d", listener, other);
    (void)close(listener);
    (void)close(other);
}

static void seeds(struct lc_case *c) {
    lc_check_u64(c, "a seed below 2^52, which differs between cases and not between runs:", UINT64_C(0x6ABDC7A1B93E5),
                 lc_seed(c));
}

static void peers(struct lc_case *c) {
    lc_spawn(c, "sender");
    lc_spawn_peer(c, "sender");
}

static const struct lc_case_def plain[] = {
    {"FAKE-1/passes", "nothing", "", LC_FIRST_PROVIDER, passes, 0, false},
    {"FAKE-1/fresh", "a fresh page", "sender", LC_EACH_PROVIDER, fresh, 0, false},
    {"FAKE-1/sysv", "a provider that the fake does not have", "sender", LC_SYSV_ONLY, fresh, 0, false},
    {"FAKE-1/seeds", "seeds", "", LC_FIRST_PROVIDER, seeds, 0, false},
    {"FAKE-11/passes", "not matched by a filter for FAKE-1", "", LC_FIRST_PROVIDER, passes, 0, false},
    {"FAKE-2/fails", "a failure", "", LC_FIRST_PROVIDER, fails, 0, false},
    {"FAKE-3/should", "a failure of a SHOULD", "", LC_FIRST_PROVIDER, fails, 0, false},
    {"FAKE-3/holds", "a SHOULD that holds", "", LC_FIRST_PROVIDER, passes, 0, false},
    {"FAKE-4/may", "a failure of a MAY", "", LC_FIRST_PROVIDER, fails, 0, false},
    {"FAKE-5/skips", "a skip", "", LC_FIRST_PROVIDER, skips, 0, false},
    {"FAKE-5/role", "a role that the fake does not have", "sender b2b", LC_FIRST_PROVIDER, passes, 0, false},
    {"FAKE-5/network", "a network namespace of its own", "", LC_FIRST_PROVIDER, own_network, 0, true},
    {0},
};

static const struct lc_case_def errors[] = {
    {"FAKE-6/error", "the suite reports an error", "", LC_FIRST_PROVIDER, error, 0, false},
    {"FAKE-6/crashes", "the suite crashes", "", LC_FIRST_PROVIDER, suite_crashes, 0, false},
    {"FAKE-6/aborts", "the suite aborts, as it does without memory", "", LC_FIRST_PROVIDER, suite_aborts, 0, false},
    {"FAKE-6/ends", "the suite exits without a verdict", "", LC_FIRST_PROVIDER, suite_ends, 0, false},
    {"FAKE-6/hangs", "the case hangs", "sender", LC_FIRST_PROVIDER, hangs, 1, false},
    {"FAKE-6/crashes-late", "the suite crashes after it has created maps and processes", "sender", LC_FIRST_PROVIDER,
     crashes_late, 0, false},
    {"FAKE-6/fails-late", "the case fails after it has created maps and processes", "sender", LC_FIRST_PROVIDER,
     fails_late, 0, false},
    {"FAKE-6/helper", "a helper fails", "", LC_FIRST_PROVIDER, waits_for_helper, 0, false},
    {0},
};

static const struct lc_case_def paired[] = {
    {"FAKE-7/pair", "two implementations", "sender", LC_FIRST_PROVIDER, peers, 0, false},
    {0},
};

const struct lc_section lc_sections[] = {
    {"plain", plain},
    {"errors", errors},
    {"matrix", paired},
    {NULL, NULL},
};
