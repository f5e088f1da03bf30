/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A sender as ref/channel/sender.c, sender_life.c and pages.c have it. Included by handover.pml. */

#define OLDEST live[0]
#define NEWEST live[live_count - 1]
#define SPARES (spare[0] + spare[1] + spare[2] + spare[3] + spare[4])

/* What is_released() would say now: a sender that waits polls for that. */
#define LATER_JOINED(i) (live_count > i && book[live[i]].gone == 0 && pages[live[i]].joined >= book[live[i]].expected)
#ifdef FAULT_ONE_GONE_FREES
#define ALL_JOINED_LATER true
#else
#define ALL_JOINED_LATER (LATER_JOINED(1) || LATER_JOINED(2) || LATER_JOINED(3) || LATER_JOINED(4))
#endif
#ifdef FAULT_AS_MANY_LEFT_AS_JOINED
#define LEFT_BY_ALL (pages[OLDEST].joined > 0 && pages[OLDEST].left >= pages[OLDEST].joined)
#else
#define LEFT_BY_ALL (pages[OLDEST].left >= book[OLDEST].expected && pages[OLDEST].left >= pages[OLDEST].joined)
#endif
#define RELEASED \
    (book[OLDEST].expected == book[OLDEST].gone || LEFT_BY_ALL || (book[OLDEST].gone != 0 && ALL_JOINED_LATER))

/* Where all pages are older than a death, those who join one more show how far they are. */
#if defined(FAULT_NO_PAGE_MORE)
#define BOUND MOST
#elif defined(FAULT_ONE_PAGE_MORE_EVER)
#define BOUND (MOST + (book[NEWEST].gone != 0))
#else
#define BOUND (MOST + (book[NEWEST].gone != 0 -> book[OLDEST].gone : 0))
#endif
#define MAY_TURN (live_count < BOUND)
#define MAY_MAKE (created < MAPS && live_count + SPARES < BOUND)

/* ---------------------------------------------------------------- who still reads */

inline find_left_by_all() {
    left = pages[OLDEST].left; /* L1 */
#ifdef FAULT_AS_MANY_LEFT_AS_JOINED /* whoever is expected */
    atomic { released = pages[OLDEST].joined > 0 && left >= pages[OLDEST].joined; left = 0; }
#else
    atomic { released = left >= book[OLDEST].expected && left >= pages[OLDEST].joined; left = 0; } /* L2 */
#endif
}

inline find_all_joined_later() {
#ifdef FAULT_ONE_GONE_FREES
    released = 1;
#else
    i = 1;
    do
    :: atomic { !released && i < live_count -> released = LATER_JOINED(i); i++; } /* L4 */
    :: atomic { released || i >= live_count -> i = 0; break; }
    od
#endif
}

inline find_released() {
    if
    :: book[OLDEST].expected == book[OLDEST].gone -> released = 1;
    :: else ->
       find_left_by_all();
       if
       :: !released && book[OLDEST].gone != 0 -> find_all_joined_later();
       :: else
       fi;
    fi
}

/* L5 */
inline find_reusable() {
    left = pages[OLDEST].left;
    atomic {
        reusable = left >= pages[OLDEST].joined;
        left = 0;
#ifndef FAULT_DEAD_FORGOTTEN
        reusable = reusable && book[OLDEST].gone == 0;
#endif
#ifndef FAULT_OFFERS_FORGOTTEN
        reusable = reusable && book[OLDEST].offered == 0;
#endif
        reusable = reusable && POLICY == REUSE;
    }
}

inline take_oldest() {
    i = 1;
    do :: i < live_count -> live[i - 1] = live[i]; i++; :: else -> break; od;
    live_count--;
    live[live_count] = 0;
    i = 0
}

inline retire() {
    find_reusable();
    atomic {
        printf("sender gives page %d up: %d expected, %d joined, %d left, %d gone\n", OLDEST, book[OLDEST].expected,
               pages[OLDEST].joined, pages[OLDEST].left, book[OLDEST].gone);
        assert_nobody_to_come(OLDEST);
        pages[OLDEST].magic = 0;
        spare[OLDEST] = reusable;
        dropped[OLDEST] = !reusable;
        reusable = 0;
        released = 0;
        take_oldest();
    }
}

inline reclaim() {
    do
    :: live_count > 1 && live_count >= STAY ->
       find_released();
       if
       :: released -> retire();
       :: else -> break;
       fi;
    :: else -> break;
    od
}

/* ---------------------------------------------------------------- the next page */

/* Which free page comes next, and when a new one is made, is a matter of speed: every choice is tried. */
inline obtain() {
    atomic {
        if
        :: MAY_MAKE -> map = created; created++;
        :: spare[0] -> map = 0;
        :: spare[1] -> map = 1;
        :: spare[2] -> map = 2;
        :: spare[3] -> map = 3;
        :: spare[4] -> map = 4;
        fi;
        spare[map] = 0;
    }
}

/* The stores of llmp_page_init() become visible one by one; these steps stand for that. */
inline ready() {
    atomic { assert_nobody_reads(map); pages[map].joined = 0; pages[map].left = 0; }
    atomic { pages[map].current = 0; pages[map].slot[0] = UNSET; }
    atomic {
        pages[map].magic = 1;
        turned++;
        book[map].expected = receivers;
        book[map].offered = offered;
        book[map].gone = 0;
        book[map].vouched = 0;
        book[map].ordinal = turned;
        printf("sender readies page %d as number %d of the channel, %d expected\n", map, turned, receivers);
    }
}

inline write(value) {
    pages[NEWEST].slot[used] = value;
    atomic { used++; pages[NEWEST].current = used; } /* S1 */
}

inline append() {
    atomic { live[live_count] = map; live_count++; used = 0; map = 0; }
}

inline turn() {
    obtain();
#ifdef FAULT_NAMED_BEFORE_READY
    write(END_OF_PAGE + map);
    ready();
#else
    ready(); /* EOP-3 */
    write(END_OF_PAGE + map);
#endif
    append()
}

/* ---------------------------------------------------------------- who comes and goes */

#define HAS_TO_WAIT (used == SLOTS && !MAY_TURN && !RELEASED)

/* `who` becomes one of those of whom `what` holds; where there is none, nothing can happen. */
#if READERS == 1
#define PICK(what) if :: what(0) -> who = 0; fi
#elif READERS == 2
#define PICK(what) if :: what(0) -> who = 0; :: what(1) -> who = 1; fi
#else
#define PICK(what) if :: what(0) -> who = 0; :: what(1) -> who = 1; :: what(2) -> who = 2; fi
#endif

#if LATE
#define MAY_OFFER(r) (IS_LATE(r) && told[r] == NOT_ASKED && sent <= MESSAGES)
#define MAY_ANSWER(r) (told[r] == OFFERED)

inline offer() {
    atomic {
        PICK(MAY_OFFER);
        offered++;
        for (i : 0 .. live_count - 1) {
            book[live[i]].offered++;
        }
        i = 0;
        shown[who] = OLDEST;
        told[who] = OFFERED;
        printf("sender shows page %d to receiver %d\n", OLDEST, who);
        who = 0;
    }
}

inline end_offer() {
    offered--;
    for (i : 0 .. live_count - 1) {
        book[live[i]].offered--;
    }
    i = 0
}

inline withdraw() {
    atomic {
        PICK(MAY_ANSWER);
        end_offer();
        told[who] = WITHDRAWN;
        printf("sender withdraws what receiver %d was shown\n", who);
        who = 0;
    }
}

inline expect_one_more() {
    receivers++;
#ifndef FAULT_CONFIRMED_NOT_EXPECTED
    for (i : 0 .. live_count - 1) {
        book[live[i]].expected++;
    }
    i = 0
#endif
}

/* Joins on its behalf, which pairs with L2. */
inline confirm() {
    atomic {
        PICK(MAY_ANSWER);
        end_offer();
        expect_one_more();
        counted[who] = 1;
        lapsed[who] = OLDEST != shown[who];
#ifdef FAULT_JOINS_WHAT_WAS_NOT_SHOWN
        pages[OLDEST].joined++;
#else
        pages[OLDEST].joined = pages[OLDEST].joined + !lapsed[who];
#endif
        book[OLDEST].vouched = book[OLDEST].vouched + !lapsed[who];
        told[who] = CONFIRMED;
        printf("sender counts receiver %d in, which was shown page %d, on page %d\n", who, shown[who], OLDEST);
        who = 0;
    }
}
#endif

#define IS_KNOWN(r) ((r) < EXPECTED || (IS_LATE(r) && told[r] == CONFIRMED))
#define MAY_DISMISS(r) (!is_dismissed[r] && IS_KNOWN(r) && (away[r] || (FATE == DISMISSED && (r) == 0)))

inline dismiss() {
    atomic {
        PICK(MAY_DISMISS);
        is_dismissed[who] = 1;
        counted[who] = 0;
        receivers--;
        for (i : 0 .. live_count - 1) {
#ifdef FAULT_DEAD_UNCOUNTED
            book[live[i]].expected--;
#else
            book[live[i]].gone++;
#endif
        }
        i = 0;
        printf("sender counts receiver %d out\n", who);
        who = 0;
    }
}

#ifdef PATIENT
#define MAY_CUT (cuts < CUTS && HAS_TO_WAIT && live_count > 1 && !SOMEBODY_BEHIND(OLDEST))
#else /* asked for when it had to wait, and maybe not any more */
#define MAY_CUT (cuts < CUTS && used == SLOTS && !MAY_TURN && live_count > 1)
#endif

inline cut() {
    atomic {
        MAY_CUT ->
        cuts++;
        printf("sender cuts page %d off\n", OLDEST);
        pages[OLDEST].magic = 0;
        dropped[OLDEST] = 1;
        take_oldest();
    }
}

/* ---------------------------------------------------------------- its life */

/* L3: whether llmp_sender_free() has waited enough. */
#if !LINGER
#define LINGERED true
#elif defined(FAULT_LINGERS_FOR_AS_MANY_AS_LIVE)
#define LINGERED (pages[NEWEST].joined >= receivers)
#elif defined(FAULT_LINGERS_FOR_ANY_JOIN)
#define LINGERED (receivers == 0 || pages[NEWEST].joined >= book[NEWEST].expected)
#else
#define CAME (book[NEWEST].vouched == 0 -> pages[NEWEST].joined : pages[NEWEST].left)
#define LINGERED (receivers == 0 || CAME >= book[NEWEST].expected)
#endif

inline begin() {
    atomic {
        map = 0;
        created = 1;
        ready();
        append();
        for (i : 0 .. READERS - 1) {
            run receiver(i);
        }
        i = 0;
#if FATE == KILLED
        run death();
#endif
    }
}

/* A sender that has to wait polls: it tries again when trying helps. Nobody is offered anything behind EXITING. */
proctype sender() {
    byte i, left, used, map, turned, sent, who, ghost;
    bit released, reusable;

    begin();
    do
    :: used < SLOTS && sent < MESSAGES -> sent++; write(sent);
    :: used < SLOTS && sent == MESSAGES && offered == 0 -> sent++; write(EXITING);
    :: used == SLOTS && sent <= MESSAGES && (MAY_TURN || RELEASED) ->
       reclaim();
       if :: MAY_TURN -> turn(); :: else fi;
    :: HAS_TO_WAIT && sent <= MESSAGES && !WAIT_HAS_A_CAUSE(OLDEST) -> assert(false); /* unreached: it must be */
#if CUTS
    :: cut()
#endif
#if LATE
    :: offer()
    :: confirm()
    :: withdraw()
#endif
    :: dismiss()
    :: sent > MESSAGES && LINGERED -> break;
#if LINGER
    :: sent > MESSAGES && timeout -> break; /* its time is up: not before nobody can move */
#endif
    od;
    closed = LINGER
}
