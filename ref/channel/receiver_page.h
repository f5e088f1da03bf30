/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Opening and joining the first page of a channel, and getting from a page to the next one. */
#ifndef LLMP_CHANNEL_RECEIVER_PAGE_H
#define LLMP_CHANNEL_RECEIVER_PAGE_H

#include <stdbool.h>

#include "llmp/llmp.h"

/* Opens the first page, and joins it unless that was done on the receiver's behalf (TCP-2). */
int llmp_receiver_start(llmp_receiver *receiver, const llmp_shmem_desc *desc, bool pre_joined);

/*
 * Follows the END_OF_PAGE message with this payload to the next page (EOP-5). On an error the receiver stays on its
 * page, which it has not left; the caller may try again after a shortage.
 */
int llmp_receiver_follow(llmp_receiver *receiver, const void *payload);

#endif
