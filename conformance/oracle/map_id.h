/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What an id's 20 bytes can be (ID-1, ID-3). They come from a peer: nothing here takes them for a string untested.
 */
#ifndef LC_ORACLE_MAP_ID_H
#define LC_ORACLE_MAP_ID_H

#include "oracle/map.h"

/* A shmid or a descriptor: -1 for everything but a decimal number that fits an int. */
int lc_id_number(const struct lc_desc *desc);
/* A name for shm_open: '/' and at least one more byte, none of them another '/'. */
bool lc_id_is_name(const struct lc_desc *desc);

/* Where a descriptor of `owner` (0: this process) can be opened a second time. False: the id is no descriptor. */
enum { LC_FD_PATH = 48 };
bool lc_id_fd_path(const struct lc_desc *desc, pid_t owner, char path[LC_FD_PATH]);

#endif
