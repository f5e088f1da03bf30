/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The hand-over by the original's rule (EOP-5 to EOP-8), which is not the rule of ref: what it loses, and how.
 *
 * The sender gives old pages up from the oldest on, each as soon as anybody joined it, and keeps their maps. A kept map
 * is used again when as many receivers left as joined. Nobody is expected: a receiver that has yet to come does not
 * count. When MOST pages are full and nobody joined the oldest, the sender gives up (EOP-7), which ends the run here.
 *
 * A receiver leaves the page, maps the next, refuses it if it is given up (PAGE-3: loud, and no loss that goes unseen),
 * joins it, and reads on. COUNTS says how it counts: ADDS 1 (0.16.1), or STORES_ONE (0.15.4, EOP-5).
 *
 * Each case starts from what suits the original best: every receiver has joined the first page before anything happens.
 */
#define ADDS 1
#define STORES_ONE 2

#ifndef COUNTS
#define COUNTS ADDS
#endif
#ifndef READERS
#define READERS 2
#endif
#ifndef MESSAGES
#define MESSAGES 8
#endif
#ifndef SLOTS
#define SLOTS 2
#endif
#define MOST 3
#define MAPS 4
#define NONE 255
#define END_OF_PAGE 31
#define EXITING 30

typedef page {
    bit magic;
    byte joined;
    byte left;
    byte current;
    byte slot[SLOTS + 1];
};
page pages[MAPS];

/* The sender's. */
byte live[MOST + 1];
byte live_count;
bit kept[MAPS];
byte created;
bit gave_up;

/* ---------------------------------------------------------------- the receiver */

#define HERE pages[here]

inline count(field) {
#if COUNTS == ADDS
    field++
#else
    field = 1
#endif
}

inline follow() {
    atomic { count(HERE.left); printf("receiver %d leaves page %d\n", r, here); }
    if
    :: pages[to].magic == 0 -> printf("receiver %d refuses page %d\n", r, to); break; /* unreached: with one receiver */
    :: pages[to].magic == 1
    fi;
    atomic { count(pages[to].joined); printf("receiver %d joins page %d\n", r, to); }
    atomic { here = to; to = 0; last = 0; }
}

proctype receiver(byte r) {
    byte here, to, last, got;
    byte next = 1;

    do
    :: gave_up && HERE.current == last -> break;
    :: atomic { HERE.current > last -> got = HERE.slot[last]; last++; }
       if
       :: got >= END_OF_PAGE -> to = got - END_OF_PAGE; got = 0; follow();
       :: got == EXITING -> assert(next == MESSAGES + 1); break;
       :: else ->
          atomic {
              printf("receiver %d reads message %d on page %d\n", r, got, here);
              assert(got == next); /* RECV-4 */
              next++;
              got = 0;
          }
       fi;
    od
}

/* ---------------------------------------------------------------- the sender */

#define NEWEST live[live_count - 1]

/* Oldest first; it stops at the first that nobody joined. */
inline give_up_what_was_joined() {
    do
    :: live_count > 1 && pages[live[0]].joined > 0 ->
       atomic {
           printf("sender gives page %d up: %d joined, %d left\n", live[0], pages[live[0]].joined, pages[live[0]].left);
           pages[live[0]].magic = 0;
           kept[live[0]] = 1;
           i = 1;
           do
           :: i < live_count -> live[i - 1] = live[i]; i++;
           :: else -> break;
           od;
           live_count--;
           live[live_count] = 0;
           i = 0;
       }
    :: else -> break;
    od
}

#define FREE(n) (kept[n] && pages[n].left == pages[n].joined)

inline obtain() {
    atomic {
        if
        :: FREE(0) -> map = 0;
        :: FREE(1) -> map = 1;
        :: FREE(2) -> map = 2;
        :: FREE(3) -> map = 3;
        :: !FREE(0) && !FREE(1) && !FREE(2) && !FREE(3) && created < MAPS -> map = created; created++;
        fi;
        kept[map] = 0;
    }
}

inline ready() {
    atomic {
        pages[map].joined = 0;
        pages[map].left = 0;
        pages[map].current = 0;
        pages[map].magic = 1;
        printf("sender readies page %d\n", map);
    }
}

inline write(value) {
    atomic { pages[NEWEST].slot[used] = value; used++; pages[NEWEST].current = used; }
}

inline turn() {
    give_up_what_was_joined();
    if
    :: live_count >= MOST -> printf("sender gives up: nobody joined the oldest of its pages\n"); gave_up = 1; goto over;
    :: live_count < MOST
    fi;
    obtain();
    ready();
    write(END_OF_PAGE + map);
    atomic { live[live_count] = map; live_count++; used = 0; map = 0; }
}

proctype sender() {
    byte i, used, map, sent;

    atomic {
        created = 1;
        ready();
        pages[0].joined = (COUNTS == ADDS -> READERS : 1);
        live_count = 1;
        for (i : 0 .. READERS - 1) {
            run receiver(i);
        }
        i = 0;
    }
    do
    :: used == SLOTS -> turn();
    :: used < SLOTS && sent < MESSAGES -> write(sent + 1); sent++;
    :: used < SLOTS && sent == MESSAGES -> break;
    od;
    write(EXITING);
over:
    skip
}

init {
    run sender()
}
