/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A channel, and a model of it. Every operation of the target `channel` calls the library, compares the result with the
 * model and updates the model. channel_send.c has the sender's operations, channel_receive.c the receivers',
 * channel_audit.c compares the bytes of the pages.
 */
#ifndef LLMP_FUZZ_CHANNEL_H
#define LLMP_FUZZ_CHANNEL_H

#include "rig/ledger.h"

#define FUZZ_RECEIVERS 5
#define FUZZ_MESSAGE_MAX 3000u
#define FUZZ_BATCH 3u /* messages of one llmp_send_many() or llmp_recv_many() */

struct fuzz_receiver {
    llmp_receiver *receiver; /* null: none */
    bool located;            /* `next` is known: a late receiver's first message tells it */
    bool ended;              /* the channel was closed, or a page was evicted before the receiver reached it */
    uint32_t next;           /* number of the message that it must receive next */
    uint64_t idle_turn;      /* 1 + turns when it last received nothing, and so was on the newest page; 0: never */
};

extern struct fuzz_channel {
    llmp_sender *sender;
    llmp_sender_options options;
    uint32_t id;
    uint32_t visible;    /* messages that are published */
    uint32_t held_back;  /* committed messages of the current batch */
    uint32_t page_start; /* number of the newest page's first message */
    uint64_t turns;
    bool allocated;
    size_t length;    /* of the allocated message */
    uint8_t *payload; /* of the allocated message */
    bool exited;
    bool evicted; /* a page was evicted */
    bool removed; /* a receiver was removed */
    int reservations;
    bool unused_overwritten; /* fields that no receiver reads were overwritten; an audit would report them */
    bool corrupted;          /* any byte was overwritten: only memory accesses are checked from now on */
    struct fuzz_receiver receivers[FUZZ_RECEIVERS];
    struct fuzz_ledger sent; /* last: too large to be cleared for each execution */
} fuzz_channel;

/* `how` selects variants of an operation: 1 is a timeout instead of LLMP_NOWAIT, 8 a batch of FUZZ_BATCH messages. */
void fuzz_do_alloc(size_t length, unsigned how);
void fuzz_do_send(size_t length, unsigned how);
void fuzz_do_commit(uint32_t tag, uint32_t flags);
void fuzz_do_shrink(size_t length);
void fuzz_do_cancel(void);
void fuzz_do_flush(void);
void fuzz_do_exit(void);
void fuzz_do_reserve(unsigned how);
void fuzz_do_evict(void);

/* Receives one message, or with the bit 8 of `how` up to FUZZ_BATCH; returns true if there was one. */
bool fuzz_do_receive(unsigned which, unsigned how);

/* Receives until there is no message. */
void fuzz_do_drain(unsigned which);

void fuzz_open_receiver(struct fuzz_receiver *receiver, const llmp_shmem_desc *desc, bool joined);
void fuzz_do_add_receiver(void);
void fuzz_do_remove_receiver(unsigned which);

/* Reads the pages that exist with the second reader (reader.h) and compares all messages and their layout. */
void fuzz_audit(void);

#endif
