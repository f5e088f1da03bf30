/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A round trip through END_OF_PAGE: a description that llmp_eop_put() writes and llmp_eop_take() reads is unchanged if
 * no peer changes the payload meanwhile.
 */
#include "channel/page.h"

/* For this proof, loads return the bytes that were written: the peer changes nothing. */
/*@ predicate llmp_holds_still(struct llmp_eop *eop, llmp_shmem_desc *desc) =
  @     (\forall integer n; llmp_seen64(&eop->map_size, n) == desc->size) &&
  @     (\forall integer i, n; 0 <= i < LLMP_SHMEM_ID_SIZE
  @         ==> llmp_seen_char(&eop->id.bytes[i], n) == desc->id.bytes[i]);
  @*/

/*@ requires \valid(eop) && \valid_read(desc) && \valid(back) && \separated(eop, desc, back);
  @ requires llmp_few_loads && llmp_holds_still(eop, desc);
  @ terminates \true; exits \false; assigns *eop, *back, llmp_loads;
  @ ensures back->size == desc->size;
  @ ensures \forall integer i; 0 <= i < LLMP_SHMEM_ID_SIZE ==> back->id.bytes[i] == desc->id.bytes[i];
  @*/
void eop_round_trip(struct llmp_eop *eop, const llmp_shmem_desc *desc, llmp_shmem_desc *back);

void eop_round_trip(struct llmp_eop *eop, const llmp_shmem_desc *desc, llmp_shmem_desc *back) {
    llmp_eop_put(eop, desc);
    /*@ assert llmp_holds_still(eop, desc); */
    llmp_eop_take(eop, back);
    /*@ assert \forall integer i; 0 <= i < LLMP_SHMEM_ID_SIZE ==>
      @     back->id.bytes[i] == llmp_seen_char(&eop->id.bytes[i], \at(llmp_loads, Pre) + 1 + i); */
    /*@ assert llmp_holds_still(eop, desc); */
}
