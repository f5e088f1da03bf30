/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Things that go on beside a case: helper processes, a thread that flips a field, and waiting for a condition. */
#include "suite/kit/case_internal.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---------------------------------------------------------------- helper processes */

struct helper {
    pid_t pid;
    bool reaped;
};

static void end_helper(void *what) {
    struct helper *helper = what;
    if (!helper->reaped) {
        kill(helper->pid, SIGKILL);
        waitpid(helper->pid, NULL, 0);
    }
}

pid_t lc_fork_helper(struct lc_case *c, void (*body)(struct lc_case *c, void *argument), void *argument) {
    struct helper *helper = lc_alloc(c, sizeof *helper);
    pid_t pid = fork();
    if (pid < 0) {
        lc_error(c, "fork: %s", strerror(errno));
    }
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == c->pid) {
            body(c, argument);
        }
        _exit(0);
    }
    lc_register_pid(c->shared, pid);
    helper->pid = pid;
    lc_defer(c, end_helper, helper);
    return pid;
}

static struct helper *helper_of(struct lc_case *c, pid_t pid) {
    for (struct lc_deferred *deferred = c->deferred; deferred; deferred = deferred->next) {
        if (deferred->undo == end_helper && ((struct helper *)deferred->what)->pid == pid) {
            return deferred->what;
        }
    }
    lc_error(c, "process %d is no helper of this case", (int)pid);
}

void lc_wait_helper(struct lc_case *c, pid_t helper) {
    int status;
    struct helper *known = helper_of(c, helper);
    while (waitpid(helper, &status, 0) < 0) {
        if (errno != EINTR) {
            lc_error(c, "waitpid: %s", strerror(errno));
        }
    }
    known->reaped = true;
    if (WIFSIGNALED(status)) {
        lc_error(c, "a helper process ended by signal %d", WTERMSIG(status));
    }
    if (WEXITSTATUS(status) != 0) {
        lc_error(c, "a helper process failed"); /* it gave its own verdict first, and the first one counts */
    }
}

/* ---------------------------------------------------------------- a field that changes all the time */

struct lc_flip {
    pthread_t thread;
    void *const *fields;
    size_t count, bytes;
    uint64_t right, wrong;
    atomic_bool stop, stopped;
};

static uint64_t get(const void *field, size_t bytes) {
    return bytes == 8 ? lc_get64(field, 0) : bytes == 4 ? lc_get32(field, 0) : lc_get16(field, 0);
}

static void put(void *field, size_t bytes, uint64_t value) {
    switch (bytes) {
    case 2: lc_put16(field, 0, (uint16_t)value); break;
    case 4: lc_put32(field, 0, (uint32_t)value); break;
    default: lc_put64(field, 0, value);
    }
}

/* One is mended when the next is wrong already: so each stays wrong long enough for another processor to see it. */
static void *flip(void *what) {
    struct lc_flip *flipped = what;
    size_t last = 0;
    for (size_t i = 0; !atomic_load_explicit(&flipped->stop, memory_order_relaxed); i = (i + 1) % flipped->count) {
        put(flipped->fields[i], flipped->bytes, flipped->wrong);
        put(flipped->fields[last], flipped->bytes, flipped->right);
        last = i;
    }
    put(flipped->fields[last], flipped->bytes, flipped->right);
    return NULL;
}

static void end_flip(void *what) {
    lc_flip_stop(what);
}

struct lc_flip *lc_flip_start(struct lc_case *c, void *const *fields, size_t count, size_t bytes, uint64_t wrong) {
    struct lc_flip *flipped = lc_alloc(c, sizeof *flipped);
    flipped->fields = fields;
    flipped->count = count;
    flipped->bytes = bytes;
    flipped->right = get(fields[0], bytes);
    flipped->wrong = wrong;
    int error = pthread_create(&flipped->thread, NULL, flip, flipped);
    if (error) {
        lc_error(c, "a thread: %s", strerror(error));
    }
    lc_defer(c, end_flip, flipped);
    return flipped;
}

void lc_flip_stop(struct lc_flip *flipped) {
    if (!atomic_exchange(&flipped->stopped, true)) {
        atomic_store(&flipped->stop, true);
        pthread_join(flipped->thread, NULL);
    }
}

/* ---------------------------------------------------------------- waiting */

bool lc_wait_until(bool (*condition)(void *argument), void *argument, int timeout_ms) {
    struct timespec began, now;
    clock_gettime(CLOCK_MONOTONIC, &began);
    for (;;) {
        if (condition(argument)) {
            return true;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        double waited = (double)(now.tv_sec - began.tv_sec) * 1e3 + (double)(now.tv_nsec - began.tv_nsec) / 1e6;
        if (waited > timeout_ms * lc_time_factor) {
            return false;
        }
        sched_yield();
    }
}
