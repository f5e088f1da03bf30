/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A page, byte by byte: its fields, a writer that can produce valid and invalid pages, and a reader that checks them.
 *
 * All pages lie in memory that another process writes. Single fields are read and written atomically. current_msg_id
 * uses acquire and release: the release store of lc_writer_commit() pairs with the acquire load of the implementation
 * under test, and the acquire load of lc_reader_next() with that implementation's release store (SEND-3).
 */
#ifndef LC_ORACLE_PAGE_H
#define LC_ORACLE_PAGE_H

#include <stdio.h>

#include "oracle/finding.h"
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

/*
 * Returns buf_len_padded (MSG-1) of a slot at map offset `offset` with `length` bytes of payload, or UINT64_MAX if the
 * slot would end beyond 2^64.
 */
uint64_t lc_padded(uint64_t offset, uint64_t length);
/* Returns true if a message fits after `used` bytes of slots and leaves room for END_OF_PAGE (SEND-1). */
bool lc_fits(uint64_t size_total, uint64_t used, uint64_t length);
/* Returns the size of the next map (EOP-4), or 0 if it does not fit 64 bits. */
uint64_t lc_next_size(uint64_t max_alloc, uint64_t initial_size);
bool lc_tag_is_internal(uint32_t tag); /* UNSET, UNINITIALIZED, END_OF_PAGE, NEW_SHM_CLIENT */
const char *lc_tag_name(uint32_t tag); /* the name of a reserved tag; null for all others */

struct lc_message {
    uint32_t tag, sender, broker, flags;
    uint64_t id, length, padded;
    uint64_t offset;        /* of the slot */
    const uint8_t *payload; /* in the map; valid until the next call on the reader */
};

/* Copies the message header at `offset`, reading each field once. The header must lie inside the map. */
struct lc_message lc_message_copy(const struct lc_map *map, uint64_t offset);

/* ---------------------------------------------------------------- writing */

/*
 * Writes one map at a time. It relies on its own state only, so a test may change the page directly in between. A
 * message that would not lie inside the map is an error of the test: abort().
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

/* Writes the next message without committing it; the payload is that of `seed`. Returns the offset of its slot. */
uint64_t lc_writer_prepare(struct lc_writer *writer, uint32_t tag, uint32_t flags, uint64_t length, uint64_t seed);
/* The same with the bytes of the payload given. */
uint64_t lc_writer_prepare_bytes(struct lc_writer *writer, uint32_t tag, uint32_t flags, const void *bytes,
                                 uint64_t length);
/* Publishes all prepared messages with one store. */
void lc_writer_commit(struct lc_writer *writer);
/* Prepares and commits a message; returns the offset of its slot. */
uint64_t lc_writer_send(struct lc_writer *writer, uint32_t tag, uint32_t flags, uint64_t length, uint64_t seed);

/* Returns true if a message fits on this page (SEND-1). */
bool lc_writer_fits(const struct lc_writer *writer, uint64_t length);

/* Initialises `next`, sends END_OF_PAGE that names it (EOP-3), and continues there. */
void lc_writer_turn_page(struct lc_writer *writer, struct lc_map *next);
/* Sends END_OF_PAGE with any description and stays on the page. Returns the offset of its slot. */
uint64_t lc_writer_end_page(struct lc_writer *writer, const struct lc_desc *desc);
/* Writes and reads the 32 bytes of EOP-1. */
void lc_eop_payload(uint8_t bytes[LC_EOP_PAYLOAD], const struct lc_desc *desc);
void lc_eop_parse(const uint8_t bytes[LC_EOP_PAYLOAD], struct lc_desc *desc);

/* ---------------------------------------------------------------- reading */

struct lc_reader {
    enum lc_provider provider;
    pid_t owner; /* for memfd, as for lc_map_open() */
    struct lc_map map;
    uint64_t offset, last_id;
    uint64_t pages;     /* turned so far */
    bool is_broadcast;  /* a broker's broadcast: slots may be 64 bytes longer (BROKER-7), senders differ */
    bool ignore_header; /* a case overwrote the header: sender_id, size_used, max_alloc_size, EOP-4 are not checked */
    bool joined;        /* counted on this page, by lc_join() or on its behalf (RECV-6): it must leave */
    uint64_t initial_size; /* of the channel's first map, for EOP-4 */
    uint64_t max_alloc;    /* the largest slot seen: max_alloc_size must be at least that */
    struct lc_desc *seen;  /* the pages read so far: only these may be reused (EOP-4) */
    size_t seen_count;
    struct lc_finding finding;
};

/*
 * Opens a channel at the page described, checks its header (ID-1, ID-2, PAGE-1, PAGE-3, PAGE-4), and joins it if `join`
 * is true; otherwise the page was joined on the reader's behalf (TCP-2). is_broadcast, ignore_header and initial_size
 * may be changed afterwards.
 *
 * Returns 0, -errno, or -EPROTO with a finding: the page is then not joined and cannot be read, but stays mapped so
 * that it can be shown. The caller calls lc_reader_close() in every case.
 */
int lc_reader_open(struct lc_reader *reader, enum lc_provider provider, const struct lc_desc *desc, pid_t owner,
                   bool join);

/*
 * Reads the next message and checks it against each requirement that a page can show: PAGE-4, PAGE-6, MSG-1, MSG-2,
 * MSG-4, MSG-5, SEND-1, SEND-3, SEND-4, EOP-1 … 4, EOP-10, EOP-12, RECV-3; on a broadcast BROKER-4 and BROKER-7.
 * END_OF_PAGE is followed in the order of SPEC.md: map, join, leave.
 *
 * Returns 1, 0 if there is no message yet, -EPROTO with a finding (the message is not consumed), or -errno.
 */
int lc_reader_next(struct lc_reader *reader, struct lc_message *message);
/* Waits at most `timeout_ms` for the next message. Returns as lc_reader_next(), but -ETIMEDOUT instead of 0. */
int lc_reader_wait(struct lc_reader *reader, struct lc_message *message, int timeout_ms);
/* As lc_reader_next(), but returns END_OF_PAGE like a message and stays on the page before it. */
int lc_reader_peek(struct lc_reader *reader, struct lc_message *message);
/* Leaves the page and unmaps it. A second call has no effect. */
void lc_reader_close(struct lc_reader *reader);

/*
 * Checks all of PAGE-1 on a page that no process writes or has joined at the moment. Returns 0, or -EPROTO with a
 * finding.
 */
int lc_page_check_fresh(const struct lc_map *map, struct lc_finding *finding);
/*
 * Checks PAGE-6: size_used is the sum of the slots. Every allocated message must have been committed. Returns 0, or
 * -EPROTO with a finding.
 */
int lc_page_check_used(const struct lc_map *map, struct lc_finding *finding);

/* ---------------------------------------------------------------- showing */

/* Prints the page header and the slots around `offset` field by field; the field at `offset` is marked. */
void lc_page_show(FILE *out, const struct lc_map *map, uint64_t offset);

#endif
