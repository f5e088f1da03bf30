/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A receiver, as in ref/channel. Included by handover.pml. */

#define HERE pages[here]

inline join(map) { /* J1 */
    atomic { pages[map].joined++; printf("receiver %d joins page %d\n", r, map); }
}

inline leave(until) { /* J2 */
    atomic { HERE.left++; done[r] = until; printf("receiver %d leaves page %d\n", r, here); }
}

/* EOP-5 in the shipped order: maps the next page, joins it, leaves the old one. */
inline follow() {
#ifdef QUIRK_LEAVE_FIRST
    leave(reached[r]);
#endif
    if
    :: atomic { CAN_OPEN(to) -> reached[r] = book[to].number; }
#if MAPFAIL
    :: atomic {
           r == 0 && !failed -> failed = 1;
           printf("receiver %d cannot map page %d for now\n", r, to);
           goto map_failed;
       }
#endif
    :: atomic { !CAN_OPEN(to) -> goto lost; }
    fi;
    join(to);
#ifndef QUIRK_LEAVE_FIRST
    leave(reached[r] - 1);
#endif
    atomic { here = to; to = NONE; last = 0; known = 0; }
}

/* Copies the header once; then the user reads the payload, which must be unchanged. */
inline read_message() {
    atomic { got = HERE.slot[last]; last++; }
    if
    :: got >= END_OF_PAGE -> to = got - END_OF_PAGE; got = 0; follow();
    :: got == EXITING -> assert(next == MESSAGES + 1); break;
    :: else ->
       atomic {
           printf("receiver %d reads message %d on page %d\n", r, got, here);
           assert(got == next); /* RECV-4: each message once, in order */
           assert(HERE.slot[last - 1] == got);
           next++;
           got = 0;
       }
    fi
}

inline open_first() {
    if
    :: atomic { CAN_OPEN(to) -> reached[r] = book[to].number; done[r] = reached[r] - 1; here = to; to = NONE; }
    :: atomic { !CAN_OPEN(to) -> goto lost; }
    fi;
    next = (reached[r] - 1) * SLOTS + 1;
    if
    :: !IS_LATE(r) -> join(here);
    :: IS_LATE(r) -> printf("receiver %d opens page %d, joined on its behalf\n", r, here);
    fi
}

/* TCP-2: a late receiver is told first which page to open, and later whether it was confirmed. */
inline await_answer() {
    if
    :: answer[r] == CONFIRMED
    :: atomic { answer[r] == CANCELLED -> done[r] = reached[r]; goto over; }
    fi
}

proctype receiver(byte r) {
    byte here = NONE;
    byte to, last, known, got, next;
#if MAPFAIL
    bit failed;
#endif

    {
#if LATE
        if
        :: !IS_LATE(r)
        :: IS_LATE(r) ->
end_not_reserved:
           atomic { answer[r] != NOT_RESERVED -> to = offered_page[r]; }
#ifndef MAPS_BEFORE_CONFIRM
           await_answer();
#endif
        fi;
#endif
        open_first();
#ifdef MAPS_BEFORE_CONFIRM
        if
        :: !IS_LATE(r)
        :: IS_LATE(r) -> await_answer();
        fi;
#endif
reading:
        do
        :: last == known -> atomic { HERE.current != last -> known = HERE.current; assert(known > last); } /* R1 */
        :: last < known -> read_message();
#if FATE == FREE
        :: atomic { r < FATED -> counted[r] = 0; away[r] = 1; printf("receiver %d frees itself\n", r); goto freed; }
#endif
        od;
        atomic { leave(reached[r]); goto over; } /* llmp_receiver_free() */
#if FATE == FREE
freed:
        atomic { leave(reached[r]); goto over; }
#endif
#if MAPFAIL
map_failed:
#ifdef QUIRK_LEAVE_FIRST
        atomic { to = NONE; last = 0; known = 0; goto reading; } /* the original starts the old page again */
#elif MAPFAIL == RETRIES
        atomic { to = NONE; last--; goto reading; }
#else
        atomic { counted[r] = 0; away[r] = 1; to = NONE; }
        atomic { leave(reached[r]); goto over; }
#endif
#endif
lost:
        atomic {
            printf("receiver %d: page %d can no longer be opened\n", r, to);
            assert(MAY_BE_LOST(r));
            counted[r] = 0;
            away[r] = 1;
            to = NONE;
        }
        if
        :: here != NONE -> leave(reached[r]);
        :: here == NONE
        fi;
over:
        skip
    }
#if FATE == KILLED
    unless { r == 0 && kill_it }
#endif
}
