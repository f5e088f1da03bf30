/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <pthread.h>
#include <unistd.h>

#include "os/atomic.h"
#include "os/os.h"

/*
 * A child can get the pid of the process that it was forked from: as the first process of another pid namespace, or
 * once the parent is dead and its pid is reused. Counting forks distinguishes the two. A child of a bare clone(2) runs
 * no handler, but its pid differs from its living parent's.
 *
 * Written only by a child that has one thread so far. Relaxed: the count orders no other memory, so it has no partner.
 */
static uint64_t forks;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void count_fork(void) {
    llmp_store_relaxed(&forks, llmp_load_relaxed(&forks) + 1);
}

static void watch_forks(void) {
    (void)pthread_atfork(NULL, NULL, count_fork);
}

struct llmp_process_id llmp_os_process_id(void) {
    (void)pthread_once(&once, watch_forks);
    return (struct llmp_process_id){.number = (uint64_t)getpid(), .forks = llmp_load_relaxed(&forks)};
}
