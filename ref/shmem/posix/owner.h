/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Detects posix names whose owner no longer exists.
 *
 * A name outlives a process that is killed. The names of this library carry their owner's pid (ID-3), but a pid alone
 * proves little: it is reused, and it means another process in another pid namespace that shares /dev/shm. An owner
 * therefore also holds a read lock on byte number <pid> of the directory itself. The kernel releases the lock with the
 * process, every process can test it from any namespace, and it leaves no file behind.
 */
#ifndef LLMP_SHMEM_POSIX_OWNER_H
#define LLMP_SHMEM_POSIX_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Registers this process as an owner of names. The first call of a process, and the first after another /dev/shm was
 * mounted, opens a descriptor that stays open, and removes the names of dead owners. Returns 0 or -errno. Thread-safe.
 */
int llmp_owner_register(void);

/* Returns true if a process with that pid holds the lock, or if the lock cannot be tested. */
bool llmp_owner_alive(pid_t pid);

/* Random characters at the end of a name; fewer if the name would exceed 19 characters. */
#define LLMP_OWNER_RANDOM 8u

/*
 * Parses a name that this library created: "/libafl_<pid>_", a lower-case letter, then lower-case letters and digits up
 * to the full length. LibAFL's names have a digit after the second '_'; names of other programs are shorter. Returns
 * false for all other names and leaves `pid` unchanged.
 */
bool llmp_owner_parse(const char *name, pid_t *pid);

/* Removes the names of the owner with that pid, or of all owners if it is 0, if the owner is dead. */
void llmp_owner_sweep(pid_t pid);

#endif
