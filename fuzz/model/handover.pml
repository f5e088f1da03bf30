/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The hand-over from page to page by the rule of ref/channel (pages.c, sender, receiver): how many receivers are
 * expected on a page, how many joined and left it, when the sender retires, drops or reuses it, and when the channel
 * ends.
 *
 * A step is what the code does in one atomic access. Besides that access, an `atomic` touches only variables that its
 * process alone writes, and the ghost variables of assertions. Steps interleave in every order, and every process sees
 * a step at once. That is sufficient for these accesses even on a processor that delays stores:
 *   - a receiver reads a page after R1, the acquire load that pairs with S1: it sees what was written before S1 and, as
 *     long as the sender does not reuse the page, nothing else (publish.pml checks that);
 *   - the receiver's reads precede its additions J1 and J2, which are releases; the sender reuses the page after L1, L2,
 *     L4 and L5, the acquire loads of these counters;
 *   - J1 precedes J2 in the same process, so a sender that sees a page left also sees the next one joined;
 *   - counters are raised by one indivisible addition. Only the sender sets them, on a page that no receiver may be
 *     reading; an assertion checks that.
 *
 * A case sets these switches (-D):
 *   EXPECTED    receivers that are expected from the start; each starts at any time
 *   LATE        receivers that reserve the oldest page at some time, and are then confirmed or cancelled
 *   UNEXPECTED  receivers that read although the sender does not expect them
 *   MAX_PAGES   bound on pages; MAPS: bound on maps created in a run; MESSAGES: to be sent; SLOTS: messages on a page
 *   POLICY      REUSE or DROP; HISTORY: all pages within the bound stay live, as in a broker's broadcast channel
 *   FATE        of receiver 0: it may be KILLED at any step, FREE itself between two messages, or be REMOVED and read on,
 *               which violates the rule; FATED: how many receivers FREE themselves
 *   EVICTIONS   how often the sender may evict the oldest page when it would have to wait; PATIENT: only once all
 *               expected receivers have left that page, so that an eviction is no excuse for a loss
 *   MAPFAIL     receiver 0 fails to map a page once, and STOPS (as shipped) or RETRIES
 *   LINGER      the sender ends by llmp_sender_free(), without a timeout
 * A name that begins with FAULT_ or QUIRK_ selects a rule that is not the shipped one: a seeded fault, or the
 * original's.
 */
#define REUSE 1
#define DROP 2
#define KILLED 1
#define FREE 2
#define REMOVED 3
#define STOPS 1
#define RETRIES 2

#ifndef EXPECTED
#define EXPECTED 2
#endif
#ifndef LATE
#define LATE 0
#endif
#ifndef UNEXPECTED
#define UNEXPECTED 0
#endif
#ifndef MAX_PAGES
#define MAX_PAGES 2
#endif
#ifndef MAPS
#define MAPS MAX_PAGES
#endif
#ifndef MESSAGES
#define MESSAGES 5
#endif
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef POLICY
#define POLICY REUSE
#endif
#ifndef HISTORY
#define HISTORY 0
#endif
#ifndef FATE
#define FATE 0
#endif
#ifndef FATED
#define FATED 1
#endif
#ifndef EVICTIONS
#define EVICTIONS 0
#endif
#ifndef MAPFAIL
#define MAPFAIL 0
#endif
#ifndef LINGER
#define LINGER 0
#endif

#define READERS (EXPECTED + LATE + UNEXPECTED)
#define IS_LATE(r) ((r) >= EXPECTED && (r) < EXPECTED + LATE)
#define STAY (HISTORY -> MAX_PAGES : 1)
#define NONE 255

/* A slot is UNSET, or has a message's number from 1 on, EXITING, or END_OF_PAGE + the map that it names. */
#define UNSET 0
#define EXITING 30
#define END_OF_PAGE 31

/* ---------------------------------------------------------------- the world */

typedef page { /* shared */
    bit magic; /* 1: initialised; 0: retired, or never used */
    byte joined;
    byte left;
    byte current;
    byte slot[SLOTS + 1]; /* room for END_OF_PAGE is always kept (SEND-1) */
};
page pages[MAPS];
bit dropped[MAPS]; /* cannot be opened any more; a receiver that has it mapped keeps it */
bit closed;        /* the sender was freed, with its maps */
#define CAN_OPEN(map) (pages[map].magic == 1 && !dropped[map] && !closed)

/* Private to the sender: struct llmp_live_page. Global because guards and assertions use it. */
typedef place {
    byte expected;
    byte dismissed;
    byte reservations;
    byte joined_by_proxy;
    byte number; /* of all pages of the channel; assertions use it */
};
place book[MAPS];
byte live[6];
byte live_count;
bit spare[5];
byte created;
byte receivers;
byte reservations;
byte evictions;

/* What the sender has told a late receiver over a socket. */
#define NOT_RESERVED 0
#define RESERVED 1
#define CONFIRMED 2
#define CANCELLED 3
byte answer[READERS];
byte offered_page[READERS];

/* Ghost variables: how far each receiver has come, in pages of the channel. */
byte reached[READERS]; /* the page that it mapped last */
byte done[READERS];    /* the page that it left last */
bit counted[READERS];  /* it must receive every message from its first page on */
bit away[READERS];     /* it died, freed itself, or lost its next page: it may be removed */
bit is_removed[READERS];
bit lapsed[READERS];   /* it was confirmed after the page it had reserved was dropped */
bit kill_it;

/* ---------------------------------------------------------------- what must hold */

/*
 * A receiver that cannot continue gets an error; it never skips a message unnoticed. The error has a cause: a page was
 * evicted, or the page that the receiver had reserved was dropped before it was confirmed.
 */
#ifdef REPORTED_LOSS_ALLOWED
#define LOSS_ALLOWED true
#else
#define LOSS_ALLOWED false
#endif
#if defined(STRICT_RESERVATION)
#define MAY_BE_LOST(r) (!counted[r])
#elif defined(PATIENT)
#define MAY_BE_LOST(r) (!counted[r] || lapsed[r] || LOSS_ALLOWED)
#else
#define MAY_BE_LOST(r) (!counted[r] || lapsed[r] || LOSS_ALLOWED || evictions > 0)
#endif

/* Every receiver that must read this page has mapped it: a retired page cannot be opened any more. */
inline assert_all_arrived(map) {
    atomic {
        for (ghost : 0 .. READERS - 1) {
            assert(!counted[ghost] || reached[ghost] >= book[map].number || LOSS_ALLOWED);
        }
        ghost = 0;
    }
}

#define NEVER_READS(r) ((kill_it && (r) == 0) || answer[r] == CANCELLED || (LOSS_ALLOWED && !counted[r]))

/* Every receiver that must read this page has read it, and no other reads it: only then may it be reused. */
inline assert_none_reads(map) {
    atomic {
        for (ghost : 0 .. READERS - 1) {
            assert(!counted[ghost] || done[ghost] >= book[map].number ||
                   (LOSS_ALLOWED && reached[ghost] < book[map].number));
            assert(NEVER_READS(ghost) || reached[ghost] != book[map].number || done[ghost] >= book[map].number);
        }
        ghost = 0;
    }
}

/*
 * IS_OWED: must still read this page, or died and was not removed yet. IS_BEHIND: that, or reads it although it is not
 * expected. HAS_TO_ARRIVE: must still map it, or died and was not removed yet.
 */
#define IS_OWED(r, map) ((counted[r] || (away[r] && !is_removed[r])) && done[r] < book[map].number)
#define IS_BEHIND(r, map) \
    (IS_OWED(r, map) || (!away[r] && reached[r] >= book[map].number && done[r] < book[map].number))
#define HAS_TO_ARRIVE(r, map) ((counted[r] || (away[r] && !is_removed[r])) && reached[r] < book[map].number)
#if READERS == 1
#define ANY(is, map) is(0, map)
#elif READERS == 2
#define ANY(is, map) (is(0, map) || is(1, map))
#else
#define ANY(is, map) (is(0, map) || is(1, map) || is(2, map))
#endif
#define ANY_BEHIND(map) ANY(IS_BEHIND, map)

/*
 * A sender waits only with a cause: an expected receiver has not left the oldest page. If a receiver was removed, that
 * page's counters say nothing, and it is sufficient that a receiver has not arrived on the newest page.
 */
#define LAST live[live_count - 1]
#define LAST_BUT_ONE live[live_count - 2]
#define ANY_TO_ARRIVE (ANY(HAS_TO_ARRIVE, LAST) || ANY_BEHIND(LAST_BUT_ONE))
#define WAIT_HAS_A_CAUSE(map) (ANY_BEHIND(map) || (book[map].dismissed != 0 && ANY_TO_ARRIVE))

#include "handover_receiver.pml"
#include "handover_sender.pml"

#if FATE == KILLED
/* Happens at any step, even between J1 and J2. */
proctype death() {
    atomic { counted[0] = 0; away[0] = 1; kill_it = 1; printf("receiver 0 is killed\n"); }
}
#endif

init {
    byte r;
    atomic {
        receivers = EXPECTED;
        for (r : 0 .. READERS - 1) {
            counted[r] = r < EXPECTED;
        }
        run sender();
    }
}
