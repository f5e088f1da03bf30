/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The read locks that this process holds on bytes of /dev/shm: one open file description, and how many users each lock
 * has. A caller of the functions of the first group has called llmp_lock_enter().
 *
 * A child inherits the description of its parent, and with it the locks: they exist until both are gone. The child gets
 * a description of its own at its first change, because on the inherited one it would change its parent's locks.
 */
#ifndef LLMP_SHMEM_POSIX_LOCK_H
#define LLMP_SHMEM_POSIX_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#define LLMP_LOCK_DIRECTORY "/dev/shm"

/* The first place that this library locks. It is far above those of other programs, and below the largest offset. */
#define LLMP_LOCK_FIRST ((uint64_t)1 << 62)

/* ------------------------------------------------------------------ the locks of this process */

/* Begins and ends the use of the table by one thread. The end closes the descriptor if no lock is left. */
void llmp_lock_enter(void);
void llmp_lock_leave(void);

/*
 * Makes sure that this process has a description of its own, of the /dev/shm that is mounted now, with all its locks:
 * it may be a child, another one may have been mounted, and a program that becomes a daemon closes all descriptors.
 * Returns 0 or -errno; after an error the locks are as before.
 */
int llmp_lock_settle(void);

/* Returns a number that identifies the /dev/shm of the last successful llmp_lock_settle(). */
uint64_t llmp_lock_mount(void);

/* Locks the byte at `place`, or counts one more user of that lock. After llmp_lock_settle(). Returns 0 or -errno. */
int llmp_lock_take(uint64_t place);

/*
 * Counts one user less. After the last it unlocks, unless `keep` is set or this process shares the description because
 * llmp_lock_settle() failed. Children do not keep such a lock. Has no effect if the lock is not in the table.
 */
void llmp_lock_drop(uint64_t place, bool keep);

/* Returns how many users the lock at `place` has in this process. */
uint32_t llmp_lock_count(uint64_t place);

/* Returns true if another process has a lock on one of `length` bytes from `place` on, or if it cannot be tested. */
bool llmp_lock_is_shared(uint64_t place, int length);

/* ------------------------------------------------------------------ the locks of all processes */

/* Opens the directory; the caller closes it. Returns the descriptor or -errno. */
int llmp_lock_open_directory(void);

/* As llmp_lock_is_shared(), but with a descriptor of the caller's, for which locks of this process count, too. */
bool llmp_lock_is_taken(int directory, uint64_t place, int length);

#endif
