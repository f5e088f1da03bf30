/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The hand-over by the original's rule (EOP-5 to EOP-8), which is not the rule of ref. The cases show which messages it
 * loses, and how.
 *
 * The sender retires pages from the oldest on, each as soon as a receiver has joined it, and keeps their maps. It
 * reuses a kept map when as many receivers have left it as have joined it. It does not know how many receivers to
 * expect: one that has not joined yet does not count. When MAX_PAGES pages are full and no receiver has joined the
 * oldest, the sender fails (EOP-7), which ends the run here.
 *
 * A receiver leaves its page, maps the next one, refuses it if it is retired (PAGE-3: an error, not an unnoticed loss),
 * joins it, and continues. COUNTS selects how it counts: ADDS 1 (0.16.1), or STORES_ONE (0.15.4, EOP-5).
 *
 * Each case starts from the state that is best for the original: every receiver has joined the first page.
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
#define MAX_PAGES 3
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

/* Private to the sender. */
byte live[MAX_PAGES + 1];
byte live_count;
bit kept[MAPS];
byte created;
bit stuck;

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
    :: stuck && HERE.current == last -> break;
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

/* From the oldest on; stops at the first page that no receiver has joined. */
inline retire_joined_pages() {
    do
    :: live_count > 1 && pages[live[0]].joined > 0 ->
       atomic {
           printf("sender retires page %d: %d joined, %d left\n", live[0], pages[live[0]].joined, pages[live[0]].left);
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

inline init_page() {
    atomic {
        pages[map].joined = 0;
        pages[map].left = 0;
        pages[map].current = 0;
        pages[map].magic = 1;
        printf("sender initialises page %d\n", map);
    }
}

inline write(value) {
    atomic { pages[NEWEST].slot[used] = value; used++; pages[NEWEST].current = used; }
}

inline turn() {
    retire_joined_pages();
    if
    :: live_count >= MAX_PAGES -> printf("sender fails: no receiver has joined the oldest of its pages\n"); stuck = 1; goto over;
    :: live_count < MAX_PAGES
    fi;
    obtain();
    init_page();
    write(END_OF_PAGE + map);
    atomic { live[live_count] = map; live_count++; used = 0; map = 0; }
}

proctype sender() {
    byte i, used, map, sent;

    atomic {
        created = 1;
        init_page();
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
