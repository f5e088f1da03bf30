/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Names of posix segments (ID-3): "/libafl_<pid>_", a mark of this library, a token of the process that creates the
 * segment, and random characters, 19 characters in all.
 *
 *     /libafl_4711_+Kxa7Q      pid 4711, token "+K" (its first character is the mark), random "xa7Q"
 *
 * A pid alone does not identify a process: it is reused, and it means another process in another pid namespace that
 * shares /dev/shm. Living processes with the same pid have different tokens (owner.h). The number of digits of the pid
 * determines the length of the token.
 */
#ifndef LLMP_SHMEM_POSIX_NAME_H
#define LLMP_SHMEM_POSIX_NAME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "llmp/shmem.h"

/* The creator of names, as it appears in them. */
struct llmp_owner {
    pid_t pid;
    uint32_t token; /* less than llmp_name_tokens(pid) */
};

/* Returns how many tokens names with that pid can have: 6 or more, or 0 if it has over 7 digits (none on Linux). */
uint32_t llmp_name_tokens(pid_t pid);

/* Fills an id with a new random name. One of a pid of 7 digits is one of 3844. */
void llmp_name_make(const struct llmp_owner *owner, llmp_shmem_id *id);

/*
 * Parses a name that llmp_name_make() can return. Returns false for all other names, which are not of this library, and
 * leaves `owner` unchanged. `name` is of at most LLMP_SHMEM_ID_SIZE bytes, or NUL-terminated.
 */
bool llmp_name_parse(const char *name, struct llmp_owner *owner);

#endif
