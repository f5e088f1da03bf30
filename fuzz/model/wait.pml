/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Waiting without spinning: when a receiver sleeps, and what wakes it.
 *
 * WAITS selects the strategy:
 *   POLLS      as shipped (ref/channel/wait.c): a sleep ends after a bounded time, 10 ms at most, and no process wakes
 *              another. A sender that waits for room does the same, so one model covers both.
 *   ANNOUNCES  NOT shipped: what a strategy with wake-ups would have to do. Shared memory has a counter of sleepers; the
 *              sender reads it after each message, and wakes all sleepers if it is not 0. A receiver adds 1, sleeps
 *              unless current_msg_id has changed since its poll (futex compares and sleeps in one step: this is the
 *              second check), and subtracts 1.
 * BOUNDED adds a bound on the sleep to ANNOUNCES.
 *
 * A store reaches memory some time after it was executed: each process has a buffer for one store, and a full fence
 * empties it. x86-64 delays plain stores in this way; release and acquire alone do not forbid it on any machine. An
 * addition without a full fence is treated like a store, as other machines may do.
 */
#define POLLS 1
#define ANNOUNCES 2

#ifndef WAITS
#define WAITS POLLS
#endif
#ifndef MESSAGES
#define MESSAGES 3
#endif
#ifndef READERS
#define READERS 2
#endif
#ifndef BOUNDED
#define BOUNDED 0
#endif

byte current; /* current_msg_id in memory */
byte delayed; /* current_msg_id as the sender stored it: still in its buffer if the two differ */
byte sent;
byte read[READERS];

byte sleepers;
bit announcing[READERS]; /* that addition is still in the receiver's buffer */
bit asleep[READERS];

/* ---------------------------------------------------------------- memory */

proctype buffer_of_sender() {
end_empty:
    do
    :: atomic { current != delayed -> current = delayed; }
    od
}

#if WAITS == ANNOUNCES
proctype buffer_of_receiver(byte r) {
end_empty:
    do
    :: atomic { announcing[r] -> sleepers++; announcing[r] = 0; }
    od
}
#endif

/* ---------------------------------------------------------------- the sender */

inline wake_all() {
    atomic {
#ifdef FAULT_SENDER_CLEARS_THE_COUNT
        sleepers = 0;
#endif
        for (i : 0 .. READERS - 1) {
            asleep[i] = 0;
        }
        i = 0;
        printf("sender wakes all sleepers\n");
    }
}

proctype sender() {
    byte i;

    do
    :: sent == MESSAGES -> break;
    :: sent < MESSAGES ->
       atomic { current == delayed -> sent++; delayed = sent; printf("sender stores message %d\n", sent); }
#if WAITS == ANNOUNCES
#ifndef FAULT_SENDER_WITHOUT_FENCE
       current == delayed; /* full fence */
#endif
       if
       :: atomic { sleepers > 0 -> printf("sender sees a sleeper\n"); }; wake_all();
       :: atomic { sleepers == 0 -> printf("sender sees no sleeper\n"); }
       fi;
#endif
    od
}

/* ---------------------------------------------------------------- a receiver */

inline poll() {
    atomic { seen = current; printf("receiver %d polls and finds %d messages\n", r, seen); }
}

inline announce() {
    atomic { announcing[r] = 1; printf("receiver %d announces its sleep\n", r); }
#ifndef FAULT_RECEIVER_WITHOUT_FENCE
    !announcing[r] /* full fence */
#endif
}

#ifdef FAULT_NO_CHECK_AFTER_ANNOUNCING
#define MAY_SLEEP true
#else
#define MAY_SLEEP (current == seen)
#endif

inline sleep() {
    if
    :: atomic { MAY_SLEEP -> asleep[r] = 1; printf("receiver %d sleeps\n", r); };
       if
       :: !asleep[r]
#if BOUNDED
       :: asleep[r] = 0; /* the sleep ends */
#endif
       fi;
#ifndef FAULT_NO_CHECK_AFTER_ANNOUNCING
    :: !MAY_SLEEP
#endif
    fi
}

inline wait() {
#if WAITS == POLLS
    asleep[r] = 1;
    asleep[r] = 0; /* the sleep ends after some time */
#else
    announce();
    sleep();
#ifndef FAULT_SENDER_CLEARS_THE_COUNT
    atomic { !announcing[r] -> sleepers--; }
#endif
#endif
}

proctype receiver(byte r) {
    byte seen;

    do
    :: read[r] == MESSAGES -> break;
    :: read[r] < MESSAGES ->
       poll();
       assert(seen >= read[r] && seen <= sent);
       if
       :: seen > read[r] -> read[r] = seen;
       :: seen == read[r] -> wait();
       fi;
    od
}

init {
    byte i;
    atomic {
        run buffer_of_sender();
        run sender();
        for (i : 0 .. READERS - 1) {
            run receiver(i);
#if WAITS == ANNOUNCES
            run buffer_of_receiver(i);
#endif
        }
    }
}

/* If every process makes steps again and again, all receivers read all messages. */
#ifdef FAIR
#if READERS == 1
ltl all_are_read { <>(read[0] == MESSAGES) }
#else
ltl all_are_read { <>(read[0] == MESSAGES && read[1] == MESSAGES) }
#endif
#endif
