/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Publication on a processor that delays stores: payload, header and END_OF_PAGE, one release store (S1), one acquire
 * load (R1), over two pages that are reused in turn, with one receiver (receivers do not write what other receivers
 * read).
 *
 * A relaxed store reaches memory at any time after it was executed, and stores to different places in any order. A
 * release store reaches memory after all earlier stores of the process; later stores may overtake it. That is the
 * weakest order that C11 allows the writer. The receiver's loads happen in program order: a load after an acquire load
 * stays after it, and a load before a release addition stays before it. The faults move one load or store too far
 * forward or back.
 *
 * A store to a place with a pending store waits for that one. This excludes no behaviour: no process can distinguish a
 * pending store from one that was not executed yet.
 */
#ifndef MESSAGES
#define MESSAGES 8
#endif
#ifndef BATCH
#define BATCH 1
#endif
#define SLOTS 2
#define ROUND (SLOTS + 1)
#define AT(page, index) ((page) * ROUND + (index))

/* A header is its kind and its id, which is 1, 2, 3 on each page. */
#define HEAD(kind, id) ((kind) * 8 + (id))
#define UNSET 0
#define MESSAGE 1
#define END_OF_PAGE 2
#define EXITING 3
/* END_OF_PAGE's payload is the next page, as a value that no message has. */
#define NAME(page) (40 + (page))

/* Memory. */
byte head[2 * ROUND];
byte payload[2 * ROUND];
byte current[2];
byte left[2];
bit magic[2]; /* 1: initialised */

/* Stores that have not reached it yet. */
typedef store {
    bit pending;
    bit awaited; /* by the pending release store */
    byte value;
};
store to_head[2 * ROUND];
store to_payload[2 * ROUND];
store to_left[2];
store to_magic[2];
store to_current[2];
byte awaited;

/* ---------------------------------------------------------------- memory */

#define ARRIVES(from, to) \
    atomic { \
        from.pending -> to = from.value; \
        awaited = awaited - from.awaited; \
        from.pending = 0; \
        from.awaited = 0; \
        from.value = 0; \
    }

#define ALL_BEFORE_ARRIVED (awaited == 0)

#define IS_RELEASED(page) \
    atomic { \
        to_current[page].pending && (to_current[page].value == 0 || ALL_BEFORE_ARRIVED) -> \
        current[page] = to_current[page].value; \
        awaited = awaited - to_current[page].awaited; \
        to_current[page].pending = 0; \
        to_current[page].awaited = 0; \
        to_current[page].value = 0; \
    }

proctype memory() {
end_empty:
    do
    :: ARRIVES(to_head[0], head[0])
    :: ARRIVES(to_head[1], head[1])
    :: ARRIVES(to_head[2], head[2])
    :: ARRIVES(to_head[3], head[3])
    :: ARRIVES(to_head[4], head[4])
    :: ARRIVES(to_head[5], head[5])
    :: ARRIVES(to_payload[0], payload[0])
    :: ARRIVES(to_payload[1], payload[1])
    :: ARRIVES(to_payload[2], payload[2])
    :: ARRIVES(to_payload[3], payload[3])
    :: ARRIVES(to_payload[4], payload[4])
    :: ARRIVES(to_payload[5], payload[5])
    :: ARRIVES(to_left[0], left[0])
    :: ARRIVES(to_left[1], left[1])
    :: ARRIVES(to_magic[0], magic[0])
    :: ARRIVES(to_magic[1], magic[1])
    :: IS_RELEASED(0)
    :: IS_RELEASED(1)
    od
}

/* ---------------------------------------------------------------- the sender */

inline put(to, what) {
    atomic { !to.pending -> to.pending = 1; to.value = what; } /* unreached: if `what` is 0 already */
}

inline wait_for(to) {
    to.awaited = to.pending;
    awaited = awaited + to.pending
}

/* S1. One release store is pending at a time; the next would have to wait for it in any case. */
inline publish() {
    atomic {
        !to_current[0].pending && !to_current[1].pending ->
#ifndef FAULT_RELAXED_COMMIT
        for (i : 0 .. 2 * ROUND - 1) {
            wait_for(to_head[i]);
            wait_for(to_payload[i]);
        }
        for (i : 0 .. 1) {
            wait_for(to_left[i]);
            wait_for(to_magic[i]);
        }
        i = 0;
#endif
        to_current[here].value = used;
        to_current[here].pending = 1;
        unpublished = 0;
        printf("sender publishes %d on page %d\n", used, here);
    }
}

inline write(kind, what) {
    put(to_payload[AT(here, used)], what);
#ifdef FAULT_COMMIT_BEFORE_THE_HEADER
    atomic { used++; unpublished++; };
    publish();
    put(to_head[AT(here, used - 1)], HEAD(kind, used));
#else
    put(to_head[AT(here, used)], HEAD(kind, used + 1));
    atomic { used++; unpublished++; }
    if
    :: unpublished >= BATCH || kind != MESSAGE -> publish();
    :: else
    fi;
#endif
}

/* Retires a page that was used before, and initialises it: all by relaxed stores. */
inline init_page(page) {
    if
    :: was_used[page] -> put(to_magic[page], 0);
    :: !was_used[page] -> was_used[page] = 1;
    fi;
    put(to_left[page], 0);
    put(to_current[page], 0);
    put(to_head[AT(page, 0)], UNSET);
    put(to_magic[page], 1)
}

inline turn() {
    if
    :: !was_used[1 - here]
    :: was_used[1 - here] && left[1 - here] == 1 && !to_left[1 - here].pending -> /* L1 */
       printf("sender sees page %d left\n", 1 - here);
    fi;
#ifdef FAULT_NAMED_BEFORE_READY
    write(END_OF_PAGE, NAME(1 - here));
    init_page(1 - here);
#else
    init_page(1 - here);
    write(END_OF_PAGE, NAME(1 - here));
#endif
    atomic { here = 1 - here; used = 0; }
}

proctype sender() {
    byte i, here, used, unpublished, sent;
    bit was_used[2];

    init_page(0);
    /* The receiver starts with the description, which it gets when the page is in memory. */
    !to_magic[0].pending && !to_left[0].pending && !to_current[0].pending && !to_head[0].pending;
    run receiver();
    do
    :: sent < MESSAGES && used < SLOTS -> sent++; write(MESSAGE, sent);
    :: used == SLOTS -> turn();
    :: sent == MESSAGES && used < SLOTS -> break;
    od;
    write(EXITING, 0)
}

/* ---------------------------------------------------------------- the receiver */

inline poll() {
#ifdef FAULT_HEADER_BEFORE_THE_ID /* a load that moves before R1 */
    early = head[AT(here, last)];
#endif
    atomic { current[here] != last -> known = current[here]; assert(known > last); } /* R1 */
}

inline read_payload() {
    atomic {
        got = payload[AT(here, last)];
        if
        :: kind == MESSAGE -> printf("receiver reads message %d\n", got); assert(got == next); next++;
        :: kind == END_OF_PAGE -> assert(got == NAME(0) || got == NAME(1)); assert(got != NAME(here));
        :: kind == EXITING -> assert(next == MESSAGES + 1);
        fi;
    }
}

inline read_header() {
#ifdef FAULT_HEADER_BEFORE_THE_ID
    atomic {
        kind = (last + 1 == known -> early : head[AT(here, last)]);
#else
    atomic {
        kind = head[AT(here, last)];
#endif
        assert(kind % 8 == last + 1); /* RECV-0 */
        kind = kind / 8;
    }
}

inline follow() {
    assert(magic[1 - here] == 1); /* PAGE-3 */
    left[here]++; /* J2 */
#ifdef FAULT_LEAVES_BEFORE_IT_READ
    atomic { assert(payload[AT(here, SLOTS - 1)] == next); next++; }
#endif
    atomic { here = 1 - here; last = 0; known = 0; printf("receiver continues on page %d\n", here); }
}

proctype receiver() {
    byte here, last, known, kind, got;
    byte next = 1;
#ifdef FAULT_HEADER_BEFORE_THE_ID
    byte early;
#endif

    do
    :: last == known -> poll();
    :: last < known ->
       read_header();
#ifdef FAULT_LEAVES_BEFORE_IT_READ /* the load of the page's last payload moves behind J2 */
       if
       :: kind == MESSAGE && last == SLOTS - 1
       :: else -> read_payload();
       fi;
#else
       read_payload();
#endif
       if
       :: kind == MESSAGE -> last++;
       :: kind == END_OF_PAGE -> follow();
       :: kind == EXITING -> break;
       fi;
    od
}

init {
    atomic {
        run memory();
        run sender();
    }
}
