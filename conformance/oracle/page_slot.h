/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The checks of one message. */
#ifndef LC_ORACLE_PAGE_SLOT_H
#define LC_ORACLE_PAGE_SLOT_H

#include "oracle/page.h"

/*
 * Checks a message that current_msg_id declares committed.
 *
 * message: a copy of its header
 * current: current_msg_id, as read before the copy was made
 * Returns 0, or -EPROTO with a finding.
 */
int lc_check_message(const struct lc_reader *reader, const struct lc_message *message, uint64_t current,
                     struct lc_finding *finding);

#endif
