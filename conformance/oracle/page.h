/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A page, byte by byte: fields, a writer that makes any page, right or wrong, and a reader that says what is wrong with
 * one.
 *
 * Everything lies in memory that another process writes. Single fields are read and written atomically;
 * current_msg_id with acquire and release: lc_writer's commit pairs with the acquire load of the implementation under
 * test, lc_reader's look with its release store (SEND-3).
 */
#ifndef LC_ORACLE_PAGE_H
#define LC_ORACLE_PAGE_H

#include <stdio.h>

#include "oracle/map.h"

/* ---------------------------------------------------------------- fields */

uint16_t lc_get16(const void *base, size_t offset);
uint32_t lc_get32(const void *base, size_t offset);
uint64_t lc_get64(const void *base, size_t offset);
void lc_put16(void *base, size_t offset, uint16_t value);
void lc_put32(void *base, size_t offset, uint32_t value);
void lc_put64(void *base, size_t offset, uint64_t value);

uint64_t lc_current_msg_id(const void *page);           /* acquire */
void lc_set_current_msg_id(void *page, uint64_t value); /* release */
void lc_join(void *page);                               /* receivers_joined_count + 1 */
void lc_leave(void *page);                              /* receivers_left_count + 1 */

/* MSG-1: buf_len_padded of a slot at map offset `offset` with `length` payload bytes; UINT64_MAX where it is too long. */
uint64_t lc_padded(uint64_t offset, uint64_t length);
/* SEND-1: whether it fits behind `used` bytes of slots, END_OF_PAGE's room kept. */
bool lc_fits(uint64_t size_total, uint64_t used, uint64_t length);
/* EOP-4. 0 where it does not fit 64 bits. */
uint64_t lc_next_size(uint64_t max_alloc, uint64_t initial_size);
bool lc_tag_is_internal(uint32_t tag); /* UNSET, UNINITIALIZED, END_OF_PAGE, NEW_SHM_CLIENT */
const char *lc_tag_name(uint32_t tag); /* of a reserved one; null for all others */

/* ---------------------------------------------------------------- writing */

/*
 * Writes on one map at a time. After any direct change of the page it goes on as if nothing had happened. A message that
 * would not lie within the map is a mistake of whoever asks for it: abort().
 */
struct lc_writer {
    struct lc_map *map;
    uint32_t sender;
    uint64_t offset; /* of the next slot */
    uint64_t next_id;
    uint64_t max_alloc;
};

/* Initialises the map as a page (PAGE-1). */
void lc_writer_start(struct lc_writer *writer, struct lc_map *map, uint32_t sender);

/* The next message, not yet committed: returns its slot's offset. Payload from `seed`, or zero bytes of it. */
uint64_t lc_writer_prepare(struct lc_writer *writer, uint32_t tag, uint32_t flags, uint64_t length, uint64_t seed);
/* The same with the payload's bytes given. */
uint64_t lc_writer_prepare_bytes(struct lc_writer *writer, uint32_t tag, uint32_t flags, const void *bytes,
                                 uint64_t length);
/* Publishes what was prepared, several at once if there are several. */
void lc_writer_commit(struct lc_writer *writer);
/* Both; returns the slot's offset. */
uint64_t lc_writer_send(struct lc_writer *writer, uint32_t tag, uint32_t flags, uint64_t length, uint64_t seed);

/* Whether a message fits on this page by SEND-1. */
bool lc_writer_fits(const struct lc_writer *writer, uint64_t length);

/* END_OF_PAGE naming `next`, which is initialised first (EOP-3); the writer goes on there. */
void lc_writer_turn_page(struct lc_writer *writer, struct lc_map *next);
/* END_OF_PAGE naming anything; the writer stays. Returns the slot's offset. */
uint64_t lc_writer_end_page(struct lc_writer *writer, const struct lc_desc *desc);
/* The 32 bytes of EOP-1. */
void lc_eop_payload(uint8_t bytes[LC_EOP_PAYLOAD], const struct lc_desc *desc);
void lc_eop_parse(const uint8_t bytes[LC_EOP_PAYLOAD], struct lc_desc *desc);

/* ---------------------------------------------------------------- reading */

/* What was found wrong: which requirement, and where. */
struct lc_finding {
    const char *requirement; /* "MSG-1"; null: nothing is wrong */
    uint64_t offset;         /* in the map */
    char expected[160];
    char seen[160];
};

struct lc_message {
    uint32_t tag, sender, broker, flags;
    uint64_t id, length, padded;
    uint64_t offset;        /* of the slot */
    const uint8_t *payload; /* in the map: until the reader is asked again */
};

struct lc_reader {
    enum lc_provider provider;
    pid_t owner; /* for memfd */
    struct lc_map map;
    uint64_t offset, last_id;
    uint64_t pages;        /* turned so far */
    bool is_broadcast;     /* a broker's broadcast: slots may be a line longer (BROKER-7), senders differ */
    bool ignore_header;    /* a test wrote over the header: nothing is held against its figures */
    bool joined;           /* on this page, by its own joining or before (RECV-6): it has to leave */
    uint64_t initial_size; /* for EOP-4: of the channel's first map */
    uint64_t max_alloc;    /* largest slot seen: the page header has to know of it */
    struct lc_desc *seen;  /* the pages read so far: only they can be used again (EOP-4) */
    size_t seen_count;
    struct lc_finding finding;
};

/*
 * Opens, checks the header (ID-1, ID-2, PAGE-1, PAGE-3, PAGE-4) and joins if asked to; otherwise it was counted before
 * (TCP-2). 0, -errno, or -EPROTO with a finding: the page is then not joined, never read, and still mapped, to be
 * shown. Close in any case. What is expected of the channel (forwarded, scribbled, initial_size) is set afterwards.
 */
int lc_reader_open(struct lc_reader *reader, enum lc_provider provider, const struct lc_desc *desc, pid_t owner,
                   bool join);

/*
 * The next message, checked against every requirement that a page can show: PAGE-4, PAGE-6, MSG-1, MSG-2, MSG-4, MSG-5,
 * SEND-1, SEND-3, SEND-4, EOP-1 … 4, EOP-10, EOP-12, RECV-3; on a broadcast BROKER-4 and BROKER-7.
 * END_OF_PAGE is followed in the order of SPEC.md (map, join, leave). 1: there is one; 0: nothing yet;
 * -EPROTO: `finding` says what is wrong, and nothing was gone over; -errno.
 */
int lc_reader_next(struct lc_reader *reader, struct lc_message *message);
/* Waits for it, at most `timeout_ms`: -ETIMEDOUT. */
int lc_reader_wait(struct lc_reader *reader, struct lc_message *message, int timeout_ms);
/* Stays on the page when the next message is END_OF_PAGE, and returns it, too. */
int lc_reader_peek(struct lc_reader *reader, struct lc_message *message);
/* Leaves the page and unmaps it. */
void lc_reader_close(struct lc_reader *reader);

/* Looks at a page on which nothing goes on at the moment, and that nobody has joined yet: PAGE-1, whole. */
int lc_page_check_fresh(const struct lc_map *map, struct lc_finding *finding);
/* PAGE-6, with all that was committed and nothing in flight: size_used is the sum of the slots. 0 or -EPROTO. */
int lc_page_check_used(const struct lc_map *map, struct lc_finding *finding);

/* ---------------------------------------------------------------- showing */

/* The page header and the slots around `offset`, field by field with names and bytes; the field at `offset` is marked. */
void lc_page_show(FILE *out, const struct lc_map *map, uint64_t offset);

#endif
