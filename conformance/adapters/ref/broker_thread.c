/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "broker_thread.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

/* Sleep between two rounds without messages: PAUSE_SHORT_NS for the first SHORT_PAUSES of them, then PAUSE_LONG_NS. */
#define PAUSE_SHORT_NS 50000L
#define PAUSE_LONG_NS 1000000L
#define SHORT_PAUSES 2000u

static struct broker_thread_options options;
static pthread_t thread;
static bool has_thread;

/* The lock protects the variables below, which both threads use. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static pthread_once_t changed_once = PTHREAD_ONCE_INIT;
static bool has_ended;
static enum { CONTINUE, STOP, ABORT } requested;
static struct {
    const llmp_shmem_desc *channel; /* null: no channel to attach */
    int64_t id;
} attach;

/* Timeouts use CLOCK_MONOTONIC, which does not change when the system's time is set. */
static void init_changed(void) {
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

/* ---------------------------------------------------------------- the broker's thread */

static bool all_clients_left(void) {
    llmp_broker_stats stats;
    llmp_broker_stats_get(options.broker, &stats, sizeof stats);
    return options.exit_after != 0 && stats.clients_joined >= options.exit_after && stats.clients_now == 0;
}

/* Attaches a channel if the other thread requested it. Returns false if it requested the end. */
static bool handle_requests(void) {
    (void)pthread_mutex_lock(&lock);
    if (attach.channel != NULL) {
        llmp_shmem_desc ignored;
        attach.id = llmp_broker_add_client(options.broker, attach.channel, &ignored);
        attach.channel = NULL;
        (void)pthread_cond_broadcast(&changed);
    }
    bool go_on = requested == CONTINUE;
    (void)pthread_mutex_unlock(&lock);
    return go_on;
}

static void pause_after(unsigned idle_rounds) {
    struct timespec time = {.tv_nsec = idle_rounds < SHORT_PAUSES ? PAUSE_SHORT_NS : PAUSE_LONG_NS};
    (void)nanosleep(&time, NULL);
}

static void run_rounds(void) {
    unsigned idle = 0;
    while (handle_requests() && !all_clients_left()) {
        uint64_t messages = llmp_broker_run_once(options.broker);
        idle = messages > 0 ? 0 : idle + 1;
        if (idle > 0) {
            pause_after(idle);
        }
    }
}

static bool is_aborted(void) {
    (void)pthread_mutex_lock(&lock);
    bool aborted = requested == ABORT;
    (void)pthread_mutex_unlock(&lock);
    return aborted;
}

static void *run_thread(void *unused) {
    if (!options.run_only) {
        run_rounds();
    }
    if (!is_aborted()) {
        (void)llmp_broker_run(options.broker);
    }
    (void)pthread_mutex_lock(&lock);
    has_ended = true;
    (void)pthread_cond_broadcast(&changed);
    (void)pthread_mutex_unlock(&lock);
    return unused;
}

/* ---------------------------------------------------------------- the thread that handles requests */

int broker_thread_start(const struct broker_thread_options *chosen) {
    (void)pthread_once(&changed_once, init_changed);
    options = *chosen;
    has_ended = false;
    requested = CONTINUE;
    attach.channel = NULL;
    int rc = -pthread_create(&thread, NULL, run_thread, NULL);
    has_thread = rc == 0;
    return rc;
}

int64_t broker_thread_attach(const llmp_shmem_desc *channel) {
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

static struct timespec deadline_after(int64_t timeout_ns) {
    struct timespec deadline;
    (void)clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += (time_t)(timeout_ns / LLMP_SECONDS(1));
    deadline.tv_nsec += (long)(timeout_ns % LLMP_SECONDS(1));
    if (deadline.tv_nsec >= LLMP_SECONDS(1)) {
        deadline.tv_sec++;
        deadline.tv_nsec -= (long)LLMP_SECONDS(1);
    }
    return deadline;
}

bool broker_thread_wait(int64_t timeout_ns) {
    const struct timespec deadline = deadline_after(timeout_ns);
    (void)pthread_mutex_lock(&lock);
    while (!has_ended && pthread_cond_timedwait(&changed, &lock, &deadline) != ETIMEDOUT) {
    }
    bool by_itself = has_ended && requested == CONTINUE;
    (void)pthread_mutex_unlock(&lock);
    return by_itself;
}

/* Returns false if the broker had already ended. */
static bool end(int how) {
    if (!has_thread) {
        return false;
    }
    (void)pthread_mutex_lock(&lock);
    bool was_running = !has_ended;
    if (was_running) {
        requested = how;
    }
    (void)pthread_mutex_unlock(&lock);
    llmp_broker_stop(options.broker);
    (void)pthread_join(thread, NULL);
    has_thread = false;
    return was_running;
}

bool broker_thread_stop(void) {
    return end(STOP);
}

void broker_thread_abort(void) {
    (void)end(ABORT);
}
