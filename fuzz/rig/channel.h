/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A channel and what is known of it: every operation of the target `channel` is done to both, and held against what was
 * known. channel_send.c has the sender's, channel_receive.c the receivers'; channel_audit.c reads the bytes themselves.
 */
#ifndef LLMP_FUZZ_CHANNEL_H
#define LLMP_FUZZ_CHANNEL_H

#include "rig/ledger.h"

#define FUZZ_RECEIVERS 5
#define FUZZ_MESSAGE_MAX 3000u

struct fuzz_listener {
    llmp_receiver *receiver;
    bool found;       /* its first message told where it stands */
    bool over;        /* closed, or cut off */
    uint32_t next;    /* number of the message that has to come */
    uint64_t idle_at; /* page turns when it last found nothing: it stands on the newest page then */
};

extern struct fuzz_channel {
    llmp_sender *sender;
    llmp_sender_options options;
    uint32_t id;
    uint32_t visible;    /* messages that receivers must see */
    uint32_t held_back;  /* of a batch */
    uint32_t page_start; /* the first message of the newest page */
    uint64_t turns;
    bool open;
    size_t length; /* of the message that is allocated */
    uint8_t *payload;
    bool exited;
    bool cut, dismissed;
    bool stained; /* fields were changed that nobody asks, but an audit would find */
    bool tainted; /* anything was changed: from now on only memory counts */
    int offers;
    struct fuzz_listener readers[FUZZ_RECEIVERS];
    struct fuzz_ledger sent; /* last: too large to be cleared each time */
} fuzz_channel;

/* `how` & 1: waits, if only on a clock that is none. */
int64_t fuzz_some_timeout(unsigned how);

void fuzz_do_alloc(size_t length, unsigned how);
void fuzz_do_send(size_t length, unsigned how);
void fuzz_do_commit(uint32_t tag, uint32_t flags);
void fuzz_do_shrink(size_t length);
void fuzz_do_cancel(void);
void fuzz_do_flush(void);
void fuzz_do_exit(void);

/* True: a message came. */
bool fuzz_do_receive(unsigned which, unsigned how);
void fuzz_do_drain(unsigned which);
void fuzz_open_reader(struct fuzz_listener *reader, const llmp_shmem_desc *desc, bool joined);
void fuzz_do_admit(void);
void fuzz_do_dismiss(unsigned which);
void fuzz_do_offer(unsigned how);
void fuzz_do_cut(void);

/* A reader that has nothing of the library's reads what is kept, from its oldest page to its end. */
void fuzz_audit(void);

#endif
