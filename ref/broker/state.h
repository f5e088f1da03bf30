/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The state of a broker, for the files of this folder and for white-box tests. Declarations only: the header of the
 * file that changes a field describes it.
 *
 * Layers, each calls only those below it: broker (life and rounds), route (forwarding), liveness (clients that leave
 * or die), slow_clients (clients that do not read), clients (the registry), state. `parts` stands beside clients.
 */
#ifndef LLMP_BROKER_STATE_H
#define LLMP_BROKER_STATE_H

#include "llmp/llmp.h"

struct llmp_broker_part; /* parts.h */

struct llmp_broker_client {
    uint32_t id;
    llmp_receiver *channel;
    int64_t orphan_since; /* when its page was first found attached to no other process; 0: another process has it */
    bool leaving;         /* is removed as soon as all its messages are read, or LLMP_DRAIN_NS were spent on that */
    int leaving_code;     /* 0, or the error that it is removed for */
    int64_t drain_ns;     /* time spent on reading it since it is leaving */
    int64_t reader_until; /* of a departed client: counts as a reader of the broadcast until then */
    struct llmp_broker_client *next; /* of the departed clients */
};

struct llmp_broker {
    llmp_broker_options options;
    llmp_sender *broadcast;

    /* clients */
    struct llmp_broker_client **clients;
    uint32_t count;
    uint32_t capacity;
    uint32_t next_id;
    uint64_t joined;
    int64_t short_at; /* when memory or descriptors were last found lacking; 0: never */

    /* liveness */
    struct llmp_broker_client *departed; /* no longer clients, but still counted as readers of the broadcast */
    uint32_t departed_broken;            /* departed clients with a leaving_code: they still count for max_clients */
    int64_t next_liveness_check;

    /* slow_clients */
    int64_t blocked_since;    /* when the broadcast first took no message; 0: it takes messages */
    int64_t written_off;      /* llmp_sender_outstanding() at the last eviction: the broker waits for no reader as long
                                 as no more than these are outstanding */
    uint64_t evicted_at_turn; /* pages that the broadcast had turned at the last eviction */

    /* route */
    bool has_pending;            /* while true, no client's channel is read */
    llmp_broker_message pending; /* passed the hook, and waits for room in the broadcast; payload: in the client's page,
                                    in `scratch`, or the hook's own */
    const void *pending_from;    /* `self` of the part that forwarded it; null: a client sent it */
    void *scratch;               /* private copy of a payload, for the hook, or of a part's payload */
    size_t scratch_size;
    bool client_waits; /* in this round, a client was not read to its end for lack of memory or descriptors */
    bool finishing;    /* llmp_broker_run() is in its last rounds */
    bool exited;       /* EXITING was sent */
    uint64_t forwarded;
    uint64_t handled;

    /* parts */
    struct llmp_broker_part *parts;
    size_t part_count;
    size_t observers; /* parts with on_message */

    int stop; /* atomic: ST1 in llmp_broker_stop() pairs with ST2 in llmp_broker_run() */
};

#endif
