/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Whose posix names still have a living owner.
 *
 * A name outlives a process that was killed. Ours carry their owner's pid (ID-3), but a pid alone proves little: it is
 * reused, and means another process in another pid namespace that sees the same /dev/shm. So an owner also holds a
 * read lock on byte number <pid> of the directory itself. The kernel drops it with the process, everybody can test it
 * whatever namespace they are in, and it leaves no file behind.
 */
#ifndef LLMP_SHMEM_POSIX_OWNER_H
#define LLMP_SHMEM_POSIX_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Says that this process owns names from now on, and the first time also clears away what dead owners left. Takes one
 * descriptor a process. 0 or -errno.
 */
int llmp_owner_declare(void);

/* Whether a process with that pid holds the lock. True where it cannot be found out. */
bool llmp_owner_alive(pid_t pid);

/* Random characters at the end of a name, or as many of them as fit into its 19. */
#define LLMP_OWNER_RANDOM 8u

/*
 * "/libafl_<pid>_", a small letter, and small letters and digits up to the full length: a name that this library gave.
 * LibAFL's own have a digit after the second '_'; others have shorter ones.
 */
bool llmp_owner_parse(const char *name, pid_t *pid);

/* Removes the names of owners that are gone: of this one, or of all when pid is 0. */
void llmp_owner_sweep(pid_t pid);

#endif
