/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef LLMP_SHMEM_SAME_H
#define LLMP_SHMEM_SAME_H

#include "llmp/shmem.h"

/* Returns true if two open maps of one provider are of the same segment: by identity if the provider sets it, because a
 * segment may have several names, and a name several segments in turn; otherwise by id. */
bool llmp_shmem_is_same(const llmp_shmem *a, const llmp_shmem *b);

#endif
