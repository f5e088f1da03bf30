/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Waiting without spinning: who goes to sleep when there is nothing to read, and who wakes it.
 *
 * WAITS says how:
 *   POLLS      as shipped (ref/channel/wait.c): a sleep ends by itself, after 10 ms at most, and nobody wakes anybody.
 *              A sender that waits for room does the same, so one model does for both.
 *   ANNOUNCES  NOT shipped: what a strategy with wake-ups would have to do. A count of sleepers in shared memory; the
 *              sender looks at it after each message, and wakes all if it is not 0. A receiver counts itself in, sleeps
 *              unless current_msg_id has moved since it looked (futex compares and puts to sleep in one step: that is
 *              the second look), and counts itself out.
 * BOUNDED adds to ANNOUNCES a sleep that ends by itself too.
 *
 * A store reaches memory some time after it was executed: each process has a buffer of one store, and a full fence
 * empties it. That is what x86-64 does with plain stores; release and acquire alone do not forbid it on any machine. An
 * addition without a full fence is treated like a store, as it may be on other machines.
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

byte current; /* current_msg_id, as memory has it */
byte delayed; /* … as the sender stored it: not there yet where the two differ */
byte sent;
byte read[READERS];

byte sleepers;
bit announcing[READERS]; /* that addition is still on its way */
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
        printf("sender wakes whoever sleeps\n");
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

inline look() {
    atomic { seen = current; printf("receiver %d looks and finds %d messages\n", r, seen); }
}

inline announce() {
    atomic { announcing[r] = 1; printf("receiver %d announces its sleep\n", r); }
#ifndef FAULT_RECEIVER_WITHOUT_FENCE
    !announcing[r] /* full fence */
#endif
}

#ifdef FAULT_NO_LOOK_AFTER_ANNOUNCING
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
       :: asleep[r] = 0; /* its time is up */
#endif
       fi;
#ifndef FAULT_NO_LOOK_AFTER_ANNOUNCING
    :: !MAY_SLEEP
#endif
    fi
}

inline wait() {
#if WAITS == POLLS
    asleep[r] = 1;
    asleep[r] = 0; /* its time is up, sooner or later */
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
       look();
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

/* Where every process gets its turn again and again, everybody reads everything. */
#ifdef FAIR
#if READERS == 1
ltl everybody_reads { <>(read[0] == MESSAGES) }
#else
ltl everybody_reads { <>(read[0] == MESSAGES && read[1] == MESSAGES) }
#endif
#endif
