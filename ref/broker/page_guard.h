/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Decides which pages a client's channel may consist of. The broker opens pages by descriptions that clients send, and
 * can open pages that the client could not: it runs as another user, or on another machine.
 *
 * Refused are pages of the broadcast, which the broker would forward to itself for ever; a page on which it reads
 * another client's channel, whose messages it would forward twice; and a page that the channel already had and that was
 * not initialised since, because pages that name each other never end.
 */
#ifndef LLMP_BROKER_PAGE_GUARD_H
#define LLMP_BROKER_PAGE_GUARD_H

#include "channel/receiver_guard.h"

struct llmp_broker_client; /* state.h */

/* Returns the guard of this client's channel. Its may_join returns -LLMP_E_PAGE_TAKEN or -LLMP_E_EOP_LOOP. */
struct llmp_page_guard llmp_page_guard_of(struct llmp_broker_client *client);

#endif
