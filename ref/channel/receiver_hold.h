/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Leaving a page: immediately, or when the last hold on it is released.
 *
 * A held page has a llmp_page_hold, which owns its map and counts references: one of the receiver while it is on the
 * page, and one for each call of llmp_receiver_hold(). The thread that drops the last reference leaves the page (J2).
 * The receiver puts the map back into its cache later, because only its own thread may use the cache.
 */
#ifndef LLMP_CHANNEL_RECEIVER_HOLD_H
#define LLMP_CHANNEL_RECEIVER_HOLD_H

#include "llmp/llmp.h"

/* Leaves the page. The receiver must not read from it afterwards. */
void llmp_receiver_leave(llmp_receiver *receiver);

/* Puts the maps of pages that were left since the last call back into the cache. */
void llmp_receiver_collect(llmp_receiver *receiver);

/* Leaves and closes all pages that are still held. */
void llmp_receiver_end_holds(llmp_receiver *receiver);

/* Returns the number of maps that holds own. */
uint64_t llmp_receiver_held_maps(const llmp_receiver *receiver);

#endif
