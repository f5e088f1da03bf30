/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Helper processes, a thread that flips fields, and waiting for conditions. */
#include "suite/kit/case_internal.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---------------------------------------------------------------- helper processes */

struct helper {
    pid_t pid;
    bool reaped;
};

static void kill_helper(void *what) {
    struct helper *helper = what;
    if (!helper->reaped) {
        (void)kill(helper->pid, SIGKILL);
        (void)waitpid(helper->pid, NULL, 0);
    }
}

pid_t lc_fork_helper(struct lc_case *c, void (*body)(struct lc_case *c, void *argument), void *argument) {
    struct helper *helper = lc_alloc(c, sizeof *helper);
    pid_t pid = fork();
    if (pid < 0) {
        lc_error(c, "fork: %s", strerror(errno));
    }
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == c->pid) {
            body(c, argument);
        }
        _exit(0);
    }
    lc_register_pid(c->shared, pid);
    helper->pid = pid;
    lc_defer(c, kill_helper, helper);
    return pid;
}

static struct helper *find_helper(struct lc_case *c, pid_t pid) {
    for (struct lc_deferred *deferred = c->deferred; deferred != NULL; deferred = deferred->next) {
        if (deferred->undo == kill_helper && ((struct helper *)deferred->what)->pid == pid) {
            return deferred->what;
        }
    }
    lc_error(c, "process %d is not a helper of this case", (int)pid);
}

void lc_wait_helper(struct lc_case *c, pid_t helper) {
    int status;
    struct helper *known = find_helper(c, helper);
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
        lc_error(c, "a helper process failed"); /* the runner takes the helper's verdict, which was written first */
    }
}

/* ---------------------------------------------------------------- flipping fields */

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

/* A field is restored only after the next one was overwritten, so that another processor has time to read it. */
static void *flip_fields(void *argument) {
    struct lc_flip *flip = argument;
    size_t last = 0;
    for (size_t i = 0; !atomic_load_explicit(&flip->stop, memory_order_relaxed); i = (i + 1) % flip->count) {
        put(flip->fields[i], flip->bytes, flip->wrong);
        put(flip->fields[last], flip->bytes, flip->right);
        last = i;
    }
    put(flip->fields[last], flip->bytes, flip->right);
    return NULL;
}

static void stop_flip(void *flip) {
    lc_flip_stop(flip);
}

struct lc_flip *lc_flip_start(struct lc_case *c, void *const *fields, size_t count, size_t bytes, uint64_t wrong) {
    struct lc_flip *flip = lc_alloc(c, sizeof *flip);
    flip->fields = fields;
    flip->count = count;
    flip->bytes = bytes;
    flip->right = get(fields[0], bytes);
    flip->wrong = wrong;
    int error = pthread_create(&flip->thread, NULL, flip_fields, flip);
    if (error != 0) {
        lc_error(c, "creating a thread: %s", strerror(error));
    }
    lc_defer(c, stop_flip, flip);
    return flip;
}

void lc_flip_stop(struct lc_flip *flip) {
    if (!atomic_exchange(&flip->stopped, true)) {
        atomic_store(&flip->stop, true);
        (void)pthread_join(flip->thread, NULL);
    }
}

/* ---------------------------------------------------------------- waiting */

bool lc_wait_until(bool (*condition)(void *argument), void *argument, int timeout_ms) {
    int64_t deadline = lc_now_ms() + lc_scaled_ms(timeout_ms);
    for (;;) {
        if (condition(argument)) {
            return true;
        }
        if (lc_now_ms() > deadline) {
            return false;
        }
        (void)sched_yield();
    }
}

void lc_check_within(struct lc_case *c, bool (*condition)(void *argument), void *argument, int timeout_ms,
                     const char *expected, const char *seen) {
    lc_check(c, lc_wait_until(condition, argument, timeout_ms), expected, "%s", seen);
}
