/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Descriptions and their ids (ID-1 to ID-3). The 20 bytes of an id come from a peer: no function here treats them as a
 * string before it has checked them.
 */
#ifndef LC_ORACLE_DESC_H
#define LC_ORACLE_DESC_H

#include <stdbool.h>
#include <sys/types.h>

#include "oracle/layout.h"

/* Makes a description; `id` is truncated to 19 characters. */
struct lc_desc lc_desc_of(uint64_t size, const char *id);
/*
 * Returns the id for messages: in quotes, bytes that do not print as \xNN. The string is static and thread-local; it is
 * overwritten by the fourth call after this one.
 */
const char *lc_desc_show(const struct lc_desc *desc);

/* Returns true if the id is terminated and all bytes after its NUL are zero (ID-1). */
bool lc_desc_is_terminated(const struct lc_desc *desc);
/* Returns the id as a number (a shmid or a descriptor), or -1 unless it is a decimal number that fits an int. */
int lc_id_number(const struct lc_desc *desc);
/* Returns true if the id is a name for shm_open(): '/', then at least one byte, and no other '/'. */
bool lc_id_is_name(const struct lc_desc *desc);

enum { LC_FD_PATH = 48 };
/*
 * Writes the path at which the descriptor of process `owner` (0: this process) can be opened again. Returns false if
 * the id is not the number of a descriptor.
 */
bool lc_id_fd_path(const struct lc_desc *desc, pid_t owner, char path[LC_FD_PATH]);

#endif
