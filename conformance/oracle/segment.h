/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The state of a segment in the system, seen without mapping it. */
#ifndef LC_ORACLE_SEGMENT_H
#define LC_ORACLE_SEGMENT_H

#include "oracle/map.h"

/*
 * Returns true if the segment that the description names exists. A sysv segment that was removed exists as long as it
 * is attached. `owner`: as for lc_map_open().
 */
bool lc_segment_exists(enum lc_provider provider, const struct lc_desc *desc, pid_t owner);
/*
 * Returns true if the segment is marked for removal at its last detach: sysv only. Linux lets processes attach such a
 * segment.
 */
bool lc_segment_is_marked(enum lc_provider provider, const struct lc_desc *desc);

#endif
