/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a broker remembers: shared by broker.c (its life), clients.c (who is there) and route.c (what goes where). */
#ifndef LLMP_BROKER_BROKER_INTERNAL_H
#define LLMP_BROKER_BROKER_INTERNAL_H

#include "broker/broker.h"

struct llmp_broker_client {
    uint32_t id;
    llmp_receiver *channel;
    int64_t orphan_since;            /* when nobody was seen to hold its page any more; 0: somebody does */
    bool leaving;                    /* removed as soon as everything that it sent was read */
    int leaving_code;                /* 0, or why it has to go */
    int64_t drain_ns;                /* spent on reading it since then */
    int64_t reader_until;            /* of those who left: from then on it is not expected to read any more */
    struct llmp_broker_client *next; /* of those who left */
};

/* A message that was read, and has yet to go out. While there is one, nothing else is read. */
struct llmp_broker_pending {
    bool is;
    uint32_t sender;
    uint32_t tag;
    uint32_t flags;
    const void *payload; /* in the client's page, in the broker's scratch, or a hook's own */
    size_t length;
};

/* What was sent before the end, a client's or the broker's, is passed on, but not for ever. */
#define LLMP_DRAIN_NS LLMP_SECONDS(1)

#define LLMP_NONE_WRITTEN_OFF INT64_MIN

struct llmp_broker {
    llmp_broker_options options;
    llmp_sender *broadcast;
    struct llmp_broker_client **clients;
    uint32_t count;
    uint32_t capacity;
    struct llmp_broker_client *departed; /* gone as clients, but may read the broadcast for a while yet */
    uint32_t departed_broken;            /* of those, who said no goodbye: they have a place until they are gone */
    uint32_t next_id;
    struct llmp_broker_part *parts;
    size_t part_count;
    struct llmp_broker_pending pending;
    void *scratch; /* hooks see a private copy of the payload */
    size_t scratch_size;
    int64_t blocked_since; /* 0: the broadcast channel takes messages */
    int64_t
        written_off; /* clients that are not waited for: llmp_sender_outstanding() when a page was last cut, or nobody */
    uint64_t evicted_at_turn; /* pages turned when that was */
    int64_t next_liveness_check;
    bool finishing; /* these are the last rounds */
    bool exited;
    int stop; /* atomic: ST1 in llmp_broker_stop() pairs with ST2 in llmp_broker_run() */
    uint64_t forwarded;
    uint64_t handled;
    uint64_t joined;
};

/* clients.c */
int llmp_clients_add(llmp_broker *broker, const llmp_shmem_desc *channel, uint32_t *id);
struct llmp_broker_client *llmp_clients_find(const llmp_broker *broker, uint32_t id);
/* Lets the client finish: it goes when everything that it sent was read, or LLMP_DRAIN_NS were spent on that. */
void llmp_clients_mark_leaving(struct llmp_broker_client *client, int code);
void llmp_clients_remove(llmp_broker *broker, uint32_t index, int code);
/* Looks for clients whose process is gone, and counts out who left before and reads no more. */
void llmp_clients_poll_liveness(llmp_broker *broker, int64_t now);
void llmp_clients_fini(llmp_broker *broker);

/* route.c */
/* Reads from every client in turn and passes on. Returns how many messages were read. */
uint32_t llmp_route_all(llmp_broker *broker);
/* Puts a message on the broadcast channel. -EAGAIN while a slow client is waited for. */
int llmp_route_out(llmp_broker *broker, const struct llmp_broker_pending *message);
/* Ends the broadcast channel (BROKER-5), over the head of clients that do not read. */
void llmp_route_exit(llmp_broker *broker);

#endif
