/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef LLMP_CHANNEL_SENDER_PAGE_H
#define LLMP_CHANNEL_SENDER_PAGE_H

#include "llmp/llmp.h"

/*
 * Ends the page with END_OF_PAGE and continues on the next one. Waits up to `timeout_ns` if max_pages pages are unread,
 * or if the system lacks memory or descriptors for a page; everything committed is published before the wait.
 *
 * Returns 0, -EAGAIN, -ETIMEDOUT, -LLMP_E_REMOVED (sender_watch.h), or the error of creating a page. On an error the
 * page has not changed.
 */
int llmp_sender_turn_page(llmp_sender *sender, int64_t timeout_ns);

#endif
