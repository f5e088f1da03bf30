/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Services of the operating system, except shared memory and sockets. Each platform has one implementation: posix/. */
#ifndef LLMP_OS_OS_H
#define LLMP_OS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ------------------------------------------------------------------ time and processor */

/* Returns a monotonic time in nanoseconds since an arbitrary origin. */
int64_t llmp_os_now(void);

/* Sleeps for about `ns` nanoseconds. A signal may end the sleep early. */
void llmp_os_sleep(int64_t ns);

/* Lets other threads run on this processor. */
void llmp_os_yield(void);

/* ------------------------------------------------------------------ random bytes and sizes */

/* Fills `bytes` with unpredictable bytes, for names. Falls back to the time and addresses, so it never fails. */
void llmp_os_random(void *bytes, size_t length);

/* Returns the bytes of a processor's largest private cache (L2), or 1 MiB if the system does not report it. */
size_t llmp_os_cache_size(void);

/*
 * Returns the bytes of memory that this process may use: those of the machine, or the limit of its control groups (of a
 * container) at the first call. UINT64_MAX if the system does not report it.
 */
uint64_t llmp_os_memory_size(void);

/* Returns the free bytes of the file system that has `path`, or UINT64_MAX if it is not limited or not known. */
uint64_t llmp_os_free_space(const char *path);

/* ------------------------------------------------------------------ error numbers */

/* Return the name ("ENOENT") and the English meaning of an errno value: static strings, never null. Thread-safe. */
const char *llmp_os_errno_name(int number);
const char *llmp_os_errno_text(int number);

/* ------------------------------------------------------------------ processes */

/*
 * Identifies a process. It differs between a process and the children that inherited its memory, even if the system
 * gives both the same number. All zero identifies no process.
 */
struct llmp_process_id {
    uint64_t number; /* the system's number of the process */
    uint64_t forks;  /* forks between the first process that called llmp_os_process_id() and this one */
};

/* Returns the identity of the calling process. Thread-safe. */
struct llmp_process_id llmp_os_process_id(void);

static inline bool llmp_process_id_equal(struct llmp_process_id a, struct llmp_process_id b) {
    return a.number == b.number && a.forks == b.forks;
}

/* ------------------------------------------------------------------ deadlines (deadline.c) */

/* The time at which a wait ends. */
struct llmp_deadline {
    int64_t at; /* LLMP_NOWAIT, LLMP_FOREVER, or a time of llmp_os_now() */
};

/* Returns the deadline of a wait that starts now. LLMP_FOREVER for a timeout that is negative or too large to add. */
struct llmp_deadline llmp_deadline_in(int64_t timeout_ns);

/* Returns true if the deadline has passed. LLMP_NOWAIT has always passed, LLMP_FOREVER never. */
bool llmp_deadline_passed(struct llmp_deadline deadline);

/*
 * Returns the rest of the wait as a timeout. A deadline that has passed gives 1 ns and not LLMP_NOWAIT: the error of a
 * wait with LLMP_NOWAIT is another one.
 */
int64_t llmp_deadline_timeout(struct llmp_deadline deadline);

/* Returns the nanoseconds until the deadline, 0 if it has passed, and at most `max`. */
int64_t llmp_deadline_left(struct llmp_deadline deadline, int64_t max);

#endif
