/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Replaces os/atomic.h for the prover: Frama-C cannot parse the builtins of the real header.
 *
 * A load returns any value, because a peer may have written it: `llmp_seen64(where, n)` is the value that load number n
 * returned, and nothing is known about it. Two loads of one field have different numbers, so no proof can rely on a
 * field keeping its value between two loads. The number of loads shows how often a function has read.
 */
#ifndef LLMP_OS_ATOMIC_H
#define LLMP_OS_ATOMIC_H

#include <stdint.h>

/*@ ghost extern uint64_t llmp_loads; */

/*@ axiomatic llmp_peer {
  @   logic uint64_t llmp_seen64(uint64_t *where, integer load);
  @   logic uint32_t llmp_seen32(uint32_t *where, integer load);
  @   logic char llmp_seen_char(char *where, integer load);
  @ }
  @ predicate llmp_few_loads = llmp_loads < 0x8000000000000000;
  @*/

/*@ requires mapped: \valid_read(where);
  @ requires counted: llmp_loads < UINT64_MAX;
  @ terminates \true; exits \false;
  @ assigns llmp_loads \from llmp_loads;
  @ assigns \result \from where, llmp_loads;
  @ ensures \result == llmp_seen64((uint64_t *)where, \old(llmp_loads));
  @ ensures llmp_loads == \old(llmp_loads) + 1;
  @*/
extern uint64_t llmp_load_u64(const uint64_t *where);

/*@ requires mapped: \valid_read(where);
  @ requires counted: llmp_loads < UINT64_MAX;
  @ terminates \true; exits \false;
  @ assigns llmp_loads \from llmp_loads;
  @ assigns \result \from where, llmp_loads;
  @ ensures \result == llmp_seen32((uint32_t *)where, \old(llmp_loads));
  @ ensures llmp_loads == \old(llmp_loads) + 1;
  @*/
extern uint32_t llmp_load_u32(const uint32_t *where);

/*@ requires mapped: \valid_read(where);
  @ requires counted: llmp_loads < UINT64_MAX;
  @ terminates \true; exits \false;
  @ assigns llmp_loads \from llmp_loads;
  @ assigns \result \from where, llmp_loads;
  @ ensures \result == llmp_seen_char((char *)where, \old(llmp_loads));
  @ ensures llmp_loads == \old(llmp_loads) + 1;
  @*/
extern char llmp_load_char(const char *where);

/* Selects the load by the size of the field; Frama-C removes the other branches when it parses the file. */
#define llmp_load_relaxed(where)                                                                                       \
    ((__typeof__(*(where)))(sizeof(__typeof__(*(where))) == 8 ? llmp_load_u64((const uint64_t *)(const void *)(where)) \
                            : sizeof(__typeof__(*(where))) == 4                                                        \
                                ? llmp_load_u32((const uint32_t *)(const void *)(where))                               \
                                : llmp_load_char((const char *)(const void *)(where))))

#define llmp_load_acquire(where) llmp_load_relaxed(where)
#define llmp_store_relaxed(where, value) (*(where) = (value))
#define llmp_store_release(where, value) (*(where) = (value))
#define llmp_prefetch(where) ((void)(where))
#define llmp_prefetch_write(where) ((void)(where))

#endif
