/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The hand-over from page to page by the rule of ref/channel (pages.c, sender.c, sender_life.c, receiver.c): who is
 * expected on a page, who joined and left it, when it is given up, dropped or written anew, and when the channel ends.
 *
 * A step is what the code does in one atomic access. What is inside an `atomic` touches, beside that one access, only
 * what its process alone writes, and the ghosts that assertions look at. Steps interleave in every order, and all see a
 * step at once. That is enough for these accesses, also where the processor delays stores:
 *   - what a receiver reads of a page it reads behind R1, the acquire load that pairs with S1: it finds what was
 *     written before S1 and, as long as nobody writes the page anew, nothing else (publish.pml shows it);
 *   - what it read is behind it when J1 or J2 raise a count, for these are releases; the sender writes the page anew
 *     behind L1, L2, L4 and L5, the acquire loads of these counts;
 *   - J1 is before J2 in the same process, so who sees a page left sees the next one joined;
 *   - counts are raised by one indivisible addition. Only the sender sets them, on a page that nobody may be reading,
 *     and that is asserted where it does.
 *
 * What a case is made of (-D):
 *   EXPECTED   receivers expected from the start, each coming when it likes; LATE: shown the oldest page at some time,
 *              then counted in or not; STRANGERS: read along, and nobody counts them
 *   MOST       pages at most; MAPS: maps that can ever be made; MESSAGES: to be sent; SLOTS: messages on a page
 *   POLICY     REUSE or DROP; HISTORY: live pages stay, as a broker's broadcast channel has it
 *   FATE       of receiver 0: it may be KILLED at any step, FREE itself between two messages, or be DISMISSED and
 *              read on, which is against the rule; FATED: of so many receivers, where they FREE themselves
 *   CUTS       how often the sender may give up the oldest page where it would have to wait; PATIENT: not before
 *              whoever is counted has left it, so that a loss has no excuse
 *   MAPFAIL    receiver 0 fails to map a page once, and STOPS (as shipped) or RETRIES
 *   LINGER     the sender ends by llmp_sender_free(), with all the time it needs
 * Every name with FAULT_ or QUIRK_ in front is a rule that is not the shipped one: a seeded fault, or the original's.
 */
#define REUSE 1
#define DROP 2
#define KILLED 1
#define FREE 2
#define DISMISSED 3
#define STOPS 1
#define RETRIES 2

#ifndef EXPECTED
#define EXPECTED 2
#endif
#ifndef LATE
#define LATE 0
#endif
#ifndef STRANGERS
#define STRANGERS 0
#endif
#ifndef MOST
#define MOST 2
#endif
#ifndef MAPS
#define MAPS MOST
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
#ifndef CUTS
#define CUTS 0
#endif
#ifndef MAPFAIL
#define MAPFAIL 0
#endif
#ifndef LINGER
#define LINGER 0
#endif

#define READERS (EXPECTED + LATE + STRANGERS)
#define IS_LATE(r) ((r) >= EXPECTED && (r) < EXPECTED + LATE)
#define STAY (HISTORY -> MOST : 1)
#define NONE 255

/* What a slot holds: nothing, a message's number from 1 on, EXITING, or END_OF_PAGE with the map it names. */
#define UNSET 0
#define EXITING 30
#define END_OF_PAGE 31

/* ---------------------------------------------------------------- the world */

typedef page { /* shared */
    bit magic; /* 1: initialised; 0: given up, or never used */
    byte joined;
    byte left;
    byte current;
    byte slot[SLOTS + 1]; /* room for END_OF_PAGE is always kept (SEND-1) */
};
page pages[MAPS];
bit dropped[MAPS]; /* nobody can open it any more; who has it mapped keeps it */
bit closed;        /* the sender is gone, and so are its maps */
#define CAN_OPEN(map) (pages[map].magic == 1 && !dropped[map] && !closed)

/* Private to the sender, and global only for guards and assertions. */
typedef place {
    byte expected;
    byte gone;
    byte offered;
    byte vouched;
    byte ordinal; /* ghost: which page of the channel lies in this map now */
};
place book[MAPS];
byte live[6];
byte live_count;
bit spare[5];
byte created;
byte receivers;
byte offered;
byte cuts;

/* What the sender tells a late receiver over a socket. */
#define NOT_ASKED 0
#define OFFERED 1
#define CONFIRMED 2
#define WITHDRAWN 3
byte told[READERS];
byte shown[READERS];

/* Ghosts: how far a receiver has come, in pages of the channel. */
byte reached[READERS]; /* the page that it mapped last */
byte done[READERS];    /* the page that it left last */
bit counted[READERS];  /* is owed every message from its first page on */
bit away[READERS];     /* died, frees itself, or was cut off: may be dismissed */
bit is_dismissed[READERS];
bit lapsed[READERS];   /* counted in after the page that it was shown had been dropped */
bit kill_it;

/* ---------------------------------------------------------------- what must hold */

/*
 * A receiver that cannot go on is told so; it is never led past a message. And that has a cause: it was cut off, or the
 * page that it was shown had gone before it was counted in.
 */
#ifdef LOUD_LOSS_ALLOWED
#define LOSS_ALLOWED true
#else
#define LOSS_ALLOWED false
#endif
#if defined(STRICT_OFFER)
#define MAY_BE_LOST(r) (!counted[r])
#elif defined(PATIENT)
#define MAY_BE_LOST(r) (!counted[r] || lapsed[r] || LOSS_ALLOWED)
#else
#define MAY_BE_LOST(r) (!counted[r] || lapsed[r] || LOSS_ALLOWED || cuts > 0)
#endif

/* Who is owed this page has mapped it: one that is given up cannot be opened any more. */
inline assert_nobody_to_come(map) {
    atomic {
        for (ghost : 0 .. READERS - 1) {
            assert(!counted[ghost] || reached[ghost] >= book[map].ordinal || LOSS_ALLOWED);
        }
        ghost = 0;
    }
}

#define NEVER_READS(r) ((kill_it && (r) == 0) || told[r] == WITHDRAWN || (LOSS_ALLOWED && !counted[r]))

/* Who is owed this page has read it, and nobody else stands on it either: only then may it be written anew. */
inline assert_nobody_reads(map) {
    atomic {
        for (ghost : 0 .. READERS - 1) {
            assert(!counted[ghost] || done[ghost] >= book[map].ordinal ||
                   (LOSS_ALLOWED && reached[ghost] < book[map].ordinal));
            assert(NEVER_READS(ghost) || reached[ghost] != book[map].ordinal || done[ghost] >= book[map].ordinal);
        }
        ghost = 0;
    }
}

/* Who is owed this page, who died and was not counted out yet, and who is not counted but joined all the same. */
#define IS_OWED(r, map) ((counted[r] || (away[r] && !is_dismissed[r])) && done[r] < book[map].ordinal)
#define IS_BEHIND(r, map) \
    (IS_OWED(r, map) || (!away[r] && reached[r] >= book[map].ordinal && done[r] < book[map].ordinal))
#define IS_TO_COME(r, map) ((counted[r] || (away[r] && !is_dismissed[r])) && reached[r] < book[map].ordinal)
#if READERS == 1
#define SOMEBODY(is, map) is(0, map)
#elif READERS == 2
#define SOMEBODY(is, map) (is(0, map) || is(1, map))
#else
#define SOMEBODY(is, map) (is(0, map) || is(1, map) || is(2, map))
#endif
#define SOMEBODY_BEHIND(map) SOMEBODY(IS_BEHIND, map)

/*
 * Back-pressure has a cause: somebody who is counted has yet to leave the oldest page. Where somebody was counted out
 * that page's counts tell nothing, and it is enough that somebody has yet to come to the newest one.
 */
#define LAST live[live_count - 1]
#define LAST_BUT_ONE live[live_count - 2]
#define SOMEBODY_TO_COME (SOMEBODY(IS_TO_COME, LAST) || SOMEBODY_BEHIND(LAST_BUT_ONE))
#define WAIT_HAS_A_CAUSE(map) (SOMEBODY_BEHIND(map) || (book[map].gone != 0 && SOMEBODY_TO_COME))

#include "handover_receiver.pml"
#include "handover_sender.pml"

#if FATE == KILLED
/* At any moment, even between J1 and J2. */
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
