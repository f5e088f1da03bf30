/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "serve.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Between rounds that found nothing to do: short while that is new, then longer. */
#define PAUSE_FIRST_NS 50000L
#define PAUSE_LATER_NS 1000000L
#define ROUNDS_FIRST 2000u

static struct serve_plan plan;
static pthread_t thread;
static bool has_thread;

/* What follows is shared by the two threads and guarded by the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static pthread_once_t changed_once = PTHREAD_ONCE_INIT;
static bool has_ended;
static enum { SERVE, STOP, DROP } wish;
static struct {
    const llmp_shmem_desc *channel; /* null: nothing is wanted */
    int64_t id;
} attach;

/* Time limits are counted by the clock that nobody sets. */
static void init_changed(void) {
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

/* ---------------------------------------------------------------- the broker's thread */

static bool is_fulfilled(void) {
    llmp_broker_stats stats;
    llmp_broker_stats_get(plan.broker, &stats, sizeof stats);
    return plan.exit_after != 0 && stats.clients_joined >= plan.exit_after && stats.clients_now == 0;
}

/* Does what the other thread asks for. False: it asks for the end. */
static bool do_wishes(void) {
    (void)pthread_mutex_lock(&lock);
    if (attach.channel != NULL) {
        llmp_shmem_desc ignored;
        attach.id = llmp_broker_add_client(plan.broker, attach.channel, &ignored);
        attach.channel = NULL;
        (void)pthread_cond_broadcast(&changed);
    }
    bool go_on = wish == SERVE;
    (void)pthread_mutex_unlock(&lock);
    return go_on;
}

static void pause_after(unsigned idle_rounds) {
    struct timespec time = {.tv_nsec = idle_rounds < ROUNDS_FIRST ? PAUSE_FIRST_NS : PAUSE_LATER_NS};
    (void)nanosleep(&time, NULL);
}

static void serve_rounds(void) {
    unsigned idle = 0;
    while (do_wishes() && !is_fulfilled()) {
        uint64_t messages = llmp_broker_run_once(plan.broker);
        idle = messages > 0 ? 0 : idle + 1;
        if (idle > 0) {
            pause_after(idle);
        }
    }
}

static bool is_dropped(void) {
    (void)pthread_mutex_lock(&lock);
    bool dropped = wish == DROP;
    (void)pthread_mutex_unlock(&lock);
    return dropped;
}

static void *serve(void *unused) {
    if (!plan.own_loop) {
        serve_rounds();
    }
    if (!is_dropped()) {
        (void)llmp_broker_run(plan.broker);
    }
    (void)pthread_mutex_lock(&lock);
    has_ended = true;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
    return unused;
}

/* ---------------------------------------------------------------- the thread of the requests */

int serve_start(const struct serve_plan *chosen) {
    (void)pthread_once(&changed_once, init_changed);
    plan = *chosen;
    has_ended = false;
    wish = SERVE;
    attach.channel = NULL;
    int code = -pthread_create(&thread, NULL, serve, NULL);
    has_thread = code == 0;
    return code;
}

int64_t serve_attach(const llmp_shmem_desc *channel) {
    (void)pthread_mutex_lock(&lock);
    attach.channel = channel;
    while (attach.channel != NULL && !has_ended) {
        (void)pthread_cond_wait(&changed, &lock);
    }
    int64_t id = attach.channel == NULL ? attach.id : -ESRCH;
    attach.channel = NULL;
    (void)pthread_mutex_unlock(&lock);
    return id;
}

static struct timespec time_in(int64_t timeout_ns) {
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(timeout_ns / LLMP_SECONDS(1));
    at.tv_nsec += (long)(timeout_ns % LLMP_SECONDS(1));
    if (at.tv_nsec >= LLMP_SECONDS(1)) {
        at.tv_sec++;
        at.tv_nsec -= (long)LLMP_SECONDS(1);
    }
    return at;
}

bool serve_wait(int64_t timeout_ns) {
    const struct timespec at = time_in(timeout_ns);
    (void)pthread_mutex_lock(&lock);
    while (!has_ended && pthread_cond_timedwait(&changed, &lock, &at) != ETIMEDOUT) {
    }
    bool by_itself = has_ended && wish == SERVE;
    (void)pthread_mutex_unlock(&lock);
    return by_itself;
}

/* False: it had ended by itself before. */
static bool end(int how) {
    if (!has_thread) {
        return false;
    }
    (void)pthread_mutex_lock(&lock);
    bool served = !has_ended;
    if (served) {
        wish = how;
    }
    (void)pthread_mutex_unlock(&lock);
    llmp_broker_stop(plan.broker);
    (void)pthread_join(thread, NULL);
    has_thread = false;
    return served;
}

bool serve_stop(void) {
    return end(STOP);
}

void serve_drop(void) {
    (void)end(DROP);
}
