/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Cases that try out the suite itself: with these in the place of the real sections, llmp-conformance meets everything
 * that may happen in a case. fake_adapter.sh plays the implementation, test_suite.sh writes the specification.
 */
#include <arpa/inet.h>
#include <signal.h>
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

static void cannot(struct lc_case *c) {
    lc_error(c, "no part of this was done");
}

static void skips(struct lc_case *c) {
    lc_skip(c, "a %s machine", "better");
}

static void suite_crashes(struct lc_case *c) {
    lc_note(c, "about to crash");
    raise(SIGSEGV);
}

static void suite_ends(struct lc_case *c) {
    (void)c;
    _exit(0);
}

/* ---------------------------------------------------------------- with one */

static void fresh(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_desc desc = lc_open_sender(c, sender, 7);
    struct lc_reader *reader = lc_read_channel(c, sender, &desc);
    lc_check_u64(c, "sender_id", 7, lc_get32(reader->map.base, LC_PAGE_SENDER_ID));
    lc_expect_no_message(c, reader);
    lc_stop(c, sender);
}

/* Whatever the case has made at the time of its end: a map, a helper, an adapter with a map of its own. */
static void wait_for_ever(struct lc_case *c, void *argument) {
    (void)argument;
    for (;;) {
        lc_new_map(c, 4096);
        pause();
    }
}

static void make_much(struct lc_case *c) {
    struct lc_actor *sender = lc_spawn(c, "sender");
    struct lc_map segment;
    lc_open_sender(c, sender, 7);
    lc_new_map(c, 4096);
    lc_check(c, lc_map_create(LC_SYSV, 4096, &segment) == 0, "a segment", "none");
    pid_t helper = lc_fork_helper(c, wait_for_ever, NULL);
    lc_note(c, "the case is (process %d), its helper (process %d)", (int)getpid(), (int)helper);
}

static void hangs(struct lc_case *c) {
    make_much(c);
    lc_note(c, "about to wait for ever");
    wait_for_ever(c, NULL);
}

static void crashes_late(struct lc_case *c) {
    make_much(c);
    raise(SIGBUS);
}

static void fails_late(struct lc_case *c) {
    make_much(c);
    fails(c);
}

/* ---------------------------------------------------------------- helpers, networks */

static void helper_fails(struct lc_case *c, void *argument) {
    (void)argument;
    lc_fail(c, "a helper", "its failure");
}

static void helped(struct lc_case *c) {
    lc_wait_helper(c, lc_fork_helper(c, helper_fails, NULL));
}

static void alone(struct lc_case *c) {
    uint16_t port;
    int listener = lc_tcp_listen(&port), other = lc_tcp_connect(port);
    lc_check(c, listener >= 0 && other >= 0, "a loopback", "%d, %d", listener, other);
    close(listener);
    close(other);
}

static void seeds(struct lc_case *c) {
    lc_check_u64(c, "a seed below 2^52, different for each case and the same in every run:", UINT64_C(0x6ABDC7A1B93E5),
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
    {"FAKE-11/passes", "what a filter for FAKE-1 does not mean", "", LC_FIRST_PROVIDER, passes, 0, false},
    {"FAKE-2/fails", "a failure", "", LC_FIRST_PROVIDER, fails, 0, false},
    {"FAKE-3/should", "a failure of a SHOULD", "", LC_FIRST_PROVIDER, fails, 0, false},
    {"FAKE-3/holds", "a SHOULD that holds", "", LC_FIRST_PROVIDER, passes, 0, false},
    {"FAKE-4/may", "a failure of a MAY", "", LC_FIRST_PROVIDER, fails, 0, false},
    {"FAKE-5/skips", "a skip", "", LC_FIRST_PROVIDER, skips, 0, false},
    {"FAKE-5/role", "a role that the fake does not have", "sender b2b", LC_FIRST_PROVIDER, passes, 0, false},
    {"FAKE-5/alone", "a network of its own", "", LC_FIRST_PROVIDER, alone, 0, true},
    {0},
};

static const struct lc_case_def troubled[] = {
    {"FAKE-6/trouble", "the suite cannot", "", LC_FIRST_PROVIDER, cannot, 0, false},
    {"FAKE-6/crashes", "the suite crashes", "", LC_FIRST_PROVIDER, suite_crashes, 0, false},
    {"FAKE-6/ends", "the suite ends without a verdict", "", LC_FIRST_PROVIDER, suite_ends, 0, false},
    {"FAKE-6/hangs", "the case hangs", "sender", LC_FIRST_PROVIDER, hangs, 1, false},
    {"FAKE-6/crashes-late", "the suite crashes with its hands full", "sender", LC_FIRST_PROVIDER, crashes_late, 0,
     false},
    {"FAKE-6/fails-late", "the case fails with its hands full", "sender", LC_FIRST_PROVIDER, fails_late, 0, false},
    {"FAKE-6/helper", "a helper fails", "", LC_FIRST_PROVIDER, helped, 0, false},
    {0},
};

static const struct lc_case_def paired[] = {
    {"FAKE-7/pair", "two implementations", "sender", LC_FIRST_PROVIDER, peers, 0, false},
    {0},
};

const struct lc_section lc_sections[] = {
    {"plain", plain},
    {"troubled", troubled},
    {"matrix", paired},
    {NULL, NULL},
};
