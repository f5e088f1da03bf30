/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A sender, as in ref/channel (pages.c above all). Included by handover.pml. */

#define OLDEST live[0]
#define NEWEST live[live_count - 1]
#define SPARES (spare[0] + spare[1] + spare[2] + spare[3] + spare[4])

/* What is_released() would return now: a waiting sender polls for that. */
#define LATER_JOINED(i) (live_count > i && book[live[i]].dismissed == 0 && pages[live[i]].joined >= book[live[i]].expected)
#ifdef FAULT_ONE_DISMISSED_FREES
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
    (book[OLDEST].expected == book[OLDEST].dismissed || LEFT_BY_ALL || (book[OLDEST].dismissed != 0 && ALL_JOINED_LATER))

/*
 * If all pages are older than a death, their counters do not show how far the living receivers are; joins of one extra
 * page do.
 */
#if defined(FAULT_NO_EXTRA_PAGE)
#define BOUND MAX_PAGES
#elif defined(FAULT_ONE_EXTRA_PAGE)
#define BOUND (MAX_PAGES + (book[NEWEST].dismissed != 0))
#else
#define BOUND (MAX_PAGES + (book[NEWEST].dismissed != 0 -> book[OLDEST].dismissed : 0))
#endif
#define MAY_TURN (live_count < BOUND)
#define MAY_CREATE (created < MAPS && live_count + SPARES < BOUND)

/* ---------------------------------------------------------------- which pages are still read */

inline find_left_by_all() {
    left = pages[OLDEST].left; /* L1 */
#ifdef FAULT_AS_MANY_LEFT_AS_JOINED /* however many are expected */
    atomic { released = pages[OLDEST].joined > 0 && left >= pages[OLDEST].joined; left = 0; }
#else
    atomic { released = left >= book[OLDEST].expected && left >= pages[OLDEST].joined; left = 0; } /* L2 */
#endif
}

inline find_all_joined_later() {
#ifdef FAULT_ONE_DISMISSED_FREES
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
    :: book[OLDEST].expected == book[OLDEST].dismissed -> released = 1;
    :: else ->
       find_left_by_all();
       if
       :: !released && book[OLDEST].dismissed != 0 -> find_all_joined_later();
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
        reusable = reusable && book[OLDEST].dismissed == 0;
#endif
#ifndef FAULT_RESERVATIONS_FORGOTTEN
        reusable = reusable && book[OLDEST].reservations == 0;
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
        printf("sender retires page %d: %d expected, %d joined, %d left, %d dismissed\n", OLDEST, book[OLDEST].expected,
               pages[OLDEST].joined, pages[OLDEST].left, book[OLDEST].dismissed);
        assert_all_arrived(OLDEST);
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

/* Which free page is taken, and when a new one is created, affects only speed: the model tries every choice. */
inline obtain() {
    atomic {
        if
        :: MAY_CREATE -> map = created; created++;
        :: spare[0] -> map = 0;
        :: spare[1] -> map = 1;
        :: spare[2] -> map = 2;
        :: spare[3] -> map = 3;
        :: spare[4] -> map = 4;
        fi;
        spare[map] = 0;
    }
}

/* The stores of llmp_page_init() become visible one by one, in these steps. */
inline init_page() {
    atomic { assert_none_reads(map); pages[map].joined = 0; pages[map].left = 0; }
    atomic { pages[map].current = 0; pages[map].slot[0] = UNSET; }
    atomic {
        pages[map].magic = 1;
        turned++;
        book[map].expected = receivers;
        book[map].reservations = reservations;
        book[map].dismissed = 0;
        book[map].joined_by_proxy = 0;
        book[map].number = turned;
        printf("sender initialises page %d as number %d of the channel, %d expected\n", map, turned, receivers);
    }
}

inline write(value) {
    pages[NEWEST].slot[used] = value;
    atomic { used++; pages[NEWEST].current = used; } /* S1 */
}

inline become_newest() {
    atomic { live[live_count] = map; live_count++; used = 0; map = 0; }
}

inline turn() {
    obtain();
#ifdef FAULT_NAMED_BEFORE_READY
    write(END_OF_PAGE + map);
    init_page();
#else
    init_page(); /* EOP-3 */
    write(END_OF_PAGE + map);
#endif
    become_newest()
}

/* ---------------------------------------------------------------- receivers that come and go */

#define HAS_TO_WAIT (used == SLOTS && !MAY_TURN && !RELEASED)

/* Sets `who` to a receiver for which `what` is true; blocks if there is none. */
#if READERS == 1
#define PICK(what) if :: what(0) -> who = 0; fi
#elif READERS == 2
#define PICK(what) if :: what(0) -> who = 0; :: what(1) -> who = 1; fi
#else
#define PICK(what) if :: what(0) -> who = 0; :: what(1) -> who = 1; :: what(2) -> who = 2; fi
#endif

#if LATE
#define MAY_RESERVE(r) (IS_LATE(r) && answer[r] == NOT_RESERVED && sent <= MESSAGES)
#define MAY_ANSWER(r) (answer[r] == RESERVED)

inline reserve() {
    atomic {
        PICK(MAY_RESERVE);
        reservations++;
        for (i : 0 .. live_count - 1) {
            book[live[i]].reservations++;
        }
        i = 0;
        offered_page[who] = OLDEST;
        answer[who] = RESERVED;
        printf("sender reserves page %d for receiver %d\n", OLDEST, who);
        who = 0;
    }
}

inline end_reservation() {
    reservations--;
    for (i : 0 .. live_count - 1) {
        book[live[i]].reservations--;
    }
    i = 0
}

inline cancel_reservation() {
    atomic {
        PICK(MAY_ANSWER);
        end_reservation();
        answer[who] = CANCELLED;
        printf("sender cancels the reservation of receiver %d\n", who);
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

/* Joins the reserved page on the receiver's behalf, which pairs with L2. */
inline confirm() {
    atomic {
        PICK(MAY_ANSWER);
        end_reservation();
        expect_one_more();
        counted[who] = 1;
        lapsed[who] = OLDEST != offered_page[who];
#ifdef FAULT_JOINS_ANOTHER_PAGE
        pages[OLDEST].joined++;
#else
        pages[OLDEST].joined = pages[OLDEST].joined + !lapsed[who];
#endif
        book[OLDEST].joined_by_proxy = book[OLDEST].joined_by_proxy + !lapsed[who];
        answer[who] = CONFIRMED;
        printf("sender confirms receiver %d, which reserved page %d, on page %d\n", who, offered_page[who], OLDEST);
        who = 0;
    }
}
#endif

#define IS_KNOWN(r) ((r) < EXPECTED || (IS_LATE(r) && answer[r] == CONFIRMED))
#define MAY_REMOVE(r) (!is_removed[r] && IS_KNOWN(r) && (away[r] || (FATE == REMOVED && (r) == 0)))

inline remove_receiver() {
    atomic {
        PICK(MAY_REMOVE);
        is_removed[who] = 1;
        counted[who] = 0;
        receivers--;
        for (i : 0 .. live_count - 1) {
#ifdef FAULT_DEAD_NOT_EXPECTED
            book[live[i]].expected--;
#else
            book[live[i]].dismissed++;
#endif
        }
        i = 0;
        printf("sender removes receiver %d\n", who);
        who = 0;
    }
}

#ifdef PATIENT
#define MAY_EVICT (evictions < EVICTIONS && HAS_TO_WAIT && live_count > 1 && !ANY_BEHIND(OLDEST))
#else /* decided when it had to wait; a page may have become free since */
#define MAY_EVICT (evictions < EVICTIONS && used == SLOTS && !MAY_TURN && live_count > 1)
#endif

inline evict_oldest() {
    atomic {
        MAY_EVICT ->
        evictions++;
        printf("sender evicts page %d\n", OLDEST);
        pages[OLDEST].magic = 0;
        dropped[OLDEST] = 1;
        take_oldest();
    }
}

/* ---------------------------------------------------------------- the channel's lifetime */

/* L3: true if llmp_sender_free() has waited long enough. */
#if !LINGER
#define LINGERED true
#elif defined(FAULT_LINGERS_FOR_AS_MANY_AS_LIVE)
#define LINGERED (pages[NEWEST].joined >= receivers)
#elif defined(FAULT_LINGERS_FOR_ANY_JOIN)
#define LINGERED (receivers == 0 || pages[NEWEST].joined >= book[NEWEST].expected)
#else
#define ARRIVED (book[NEWEST].joined_by_proxy == 0 -> pages[NEWEST].joined : pages[NEWEST].left)
#define LINGERED (receivers == 0 || ARRIVED >= book[NEWEST].expected)
#endif

inline begin() {
    atomic {
        map = 0;
        created = 1;
        init_page();
        become_newest();
        for (i : 0 .. READERS - 1) {
            run receiver(i);
        }
        i = 0;
#if FATE == KILLED
        run death();
#endif
    }
}

/* A sender that has to wait tries again when it can succeed. After EXITING it accepts no reservation. */
proctype sender() {
    byte i, left, used, map, turned, sent, who, ghost;
    bit released, reusable;

    begin();
    do
    :: used < SLOTS && sent < MESSAGES -> sent++; write(sent);
    :: used < SLOTS && sent == MESSAGES && reservations == 0 -> sent++; write(EXITING);
    :: used == SLOTS && sent <= MESSAGES && (MAY_TURN || RELEASED) ->
       reclaim();
       if :: MAY_TURN -> turn(); :: else fi;
    :: HAS_TO_WAIT && sent <= MESSAGES && !WAIT_HAS_A_CAUSE(OLDEST) -> assert(false); /* unreached: must not be */
#if EVICTIONS
    :: evict_oldest()
#endif
#if LATE
    :: reserve()
    :: confirm()
    :: cancel_reservation()
#endif
    :: remove_receiver()
    :: sent > MESSAGES && LINGERED -> break;
#if LINGER
    :: sent > MESSAGES && timeout -> break; /* the timeout elapsed: only when no process can make a step */
#endif
    od;
    closed = LINGER
}
