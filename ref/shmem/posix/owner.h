/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Detects posix names whose owner no longer exists.
 *
 * A name outlives a process that is killed. Every process therefore holds read locks on bytes of the directory /dev/shm
 * itself, whose offsets follow from a pid and a token (name.h): one on the owner byte of the names that it creates, and
 * one on the reader byte of each process whose segments it has open. The kernel releases the locks with the process,
 * every process can test them from any pid namespace, and they leave no file behind.
 *
 * A forked child keeps the locks of its parent, because it may continue to use its parent's maps (a daemon does): names
 * exist until the last process that has them is gone, as System V segments do.
 */
#ifndef LLMP_SHMEM_POSIX_OWNER_H
#define LLMP_SHMEM_POSIX_OWNER_H

#include "shmem/posix/name.h"

/*
 * Takes the lock of this process's names once more, for one more map, and sets `owner`. The first call of a process,
 * and the first after another /dev/shm was mounted, opens a descriptor that stays open, removes the names of dead
 * owners, and chooses a token that no living process with this pid has. `renew` chooses another one: the names of the
 * last are used up. Returns 0 or -errno. Thread-safe, as all functions here.
 */
int llmp_owner_hold(bool renew, struct llmp_owner *owner);

/*
 * Undoes llmp_owner_hold(). Returns true if the caller must remove the name: this process is the owner, or it inherited
 * the lock and no other process holds it any more.
 */
bool llmp_owner_release(const struct llmp_owner *owner);

/* Takes the lock of a reader of that owner's segments, for one more opened map. Returns 0 or -errno. */
int llmp_reader_hold(const struct llmp_owner *owner);

/* Undoes llmp_reader_hold(). Returns true if this process has no more segments of that owner open. */
bool llmp_reader_release(const struct llmp_owner *owner);

/* Returns true if a process holds the owner's lock, or if the lock cannot be tested. */
bool llmp_owner_alive(const struct llmp_owner *owner);

/*
 * Removes the names of that owner, or of all owners if it is null, if the owner is dead and has no readers: a reader
 * may still have to open the next segments. Names of other implementations are never removed.
 */
void llmp_owner_sweep(const struct llmp_owner *owner);

#endif
