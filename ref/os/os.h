/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the operating system is asked for outside shared memory and sockets. One implementation a platform: posix/. */
#ifndef LLMP_OS_OS_H
#define LLMP_OS_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Monotonic nanoseconds; the origin means nothing. */
int64_t llmp_os_now(void);

/* Sleeps about that long; a signal may end it early. */
void llmp_os_sleep(int64_t ns);

/* Gives way to whoever else wants this processor. */
void llmp_os_yield(void);

/* Unpredictable bytes, for names; never fails (falls back to time and addresses). */
void llmp_os_random(void *bytes, size_t length);

/* The bytes of a processor's largest private cache (L2), 1 MiB where the system does not tell. */
size_t llmp_os_cache_size(void);

/* The bytes of memory that this machine has. */
uint64_t llmp_os_memory_size(void);

/* The name ("ENOENT") and the meaning of an errno value; thread-safe, never freed, never null. */
const char *llmp_os_errno_name(int number);
const char *llmp_os_errno_text(int number);

/* When a wait ends. */
struct llmp_deadline {
    int64_t at; /* LLMP_NOWAIT, LLMP_FOREVER, or a time of llmp_os_now() */
};

struct llmp_deadline llmp_deadline_in(int64_t timeout_ns);
bool llmp_deadline_passed(struct llmp_deadline deadline);
/* What is left of it, as a timeout. Never LLMP_NOWAIT for one that has passed, whose error is another: 1 ns then. */
int64_t llmp_deadline_timeout(struct llmp_deadline deadline);
/* The nanoseconds left, at most `most`; 0 when it passed. */
int64_t llmp_deadline_left(struct llmp_deadline deadline, int64_t max);

#endif
