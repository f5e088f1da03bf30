/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Contracts of the sender's arithmetic, to prove that it satisfies the preconditions of llmp_slot_padded(). The
 * functions are those of sender_slot.h; their contracts are here because they use bounds that other files enforce.
 */
#include "channel/sender_state.h"

/* llmp_shmem_create() enforces the bound of a map, check_options() in sender_life.c that of a message. */
#define MAP_MAX LLMP_SHMEM_SIZE_MAX
#define MESSAGE_MAX ((size_t)1 << 37)

/*@ requires \valid_read(sender);
  @ terminates \true; exits \false; assigns \nothing;
  @ ensures \result == 0 <==>
  @     !sender->pending && !sender->exited && !sender->abandoned && length <= sender->max_message;
  @ ensures \result <= 0;
  @*/
static inline int check_alloc(const llmp_sender *sender, size_t length);

/*@ requires \valid(sender) && \valid(sender->page) && \valid(padded);
  @ requires \separated(sender, padded, sender->page);
  @ requires sender->used <= MAP_MAX && length <= MESSAGE_MAX;
  @ terminates \true; exits \false; assigns *padded, sender->max_alloc, sender->page->max_alloc_size;
  @ ensures length <= *padded < length + LLMP_LINE;
  @ ensures (LLMP_PAGE_HEADER + sender->used + LLMP_SLOT_HEADER + *padded) % LLMP_LINE == 0;
  @ ensures \result <==> sender->used + LLMP_SLOT_HEADER + *padded + LLMP_EOP_ROOM <= sender->room;
  @ ensures sender->max_alloc >= \old(sender->max_alloc) && sender->max_alloc >= LLMP_SLOT_HEADER + *padded;
  @*/
static inline bool fits(llmp_sender *sender, size_t length, size_t *padded);

#include "channel/sender_slot.h"
