/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Worker processes, and the signals that end them. */
#include "runner/job.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit/clock.h"
#include "kit/pair.h"
#include "subjects/subjects.h"

static sigset_t awaited;     /* blocked in the runner, which takes them with sigtimedwait() */
static sigset_t before_jobs; /* the signal mask of workers */
static bool interrupted;
static void (*on_tick)(void);
static struct outcome *shared; /* with the worker */

static void ignore(int signal_number) {
    (void)signal_number;
}

void jobs_init(void) {
    static const int wanted[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = ignore};
    sigemptyset(&awaited);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        sigaddset(&awaited, wanted[i]);
        sigaction(wanted[i], &action, NULL); /* a shell starts background jobs with SIGINT ignored */
    }
    sigprocmask(SIG_BLOCK, &awaited, &before_jobs);
    shared = pair_alloc(sizeof *shared);
}

void jobs_on_tick(void (*tick)(void)) {
    on_tick = tick;
}

/* Takes one signal, and waits up to `wait_ns` for it. */
static void take_signal(long wait_ns) {
    struct timespec wait = {.tv_nsec = wait_ns};
    int signal_number = sigtimedwait(&awaited, NULL, &wait);
    if (signal_number > 0 && signal_number != SIGCHLD) {
        interrupted = true;
    }
}

bool jobs_interrupted(void) {
    take_signal(0);
    return interrupted;
}

/* The worker. It ignores SIGINT, which ^C sends to the whole foreground group, because the runner ends it. */
static void work(job_fn fn, const void *context, pid_t runner) {
    pair_die_with(runner);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    pair_catch_stop(NULL);
    sigprocmask(SIG_SETMASK, &before_jobs, NULL);
    cores_pin(pair_cores.a);
    fn(context, shared);
    _exit(0);
}

/* Waits until the worker has ended, and returns true then. Returns false at time `end`, or on an interrupt. */
static bool await_worker(pid_t worker, uint64_t end, bool until_interrupt, int *status) {
    while (waitpid(worker, status, WNOHANG) == 0) {
        if (clock_now() >= end || (until_interrupt && interrupted)) {
            return false;
        }
        take_signal(200000000);
        if (on_tick != NULL) {
            on_tick();
        }
    }
    return true;
}

/* Sends SIGTERM to the worker, and SIGKILL after two seconds. The kernel kills its peers with it. */
static void end_worker(pid_t worker) {
    int status;
    kill(worker, SIGTERM);
    if (!await_worker(worker, clock_now() + 2000000000u, false, &status)) {
        kill(worker, SIGKILL);
        waitpid(worker, &status, 0);
    }
}

/* Removes shared memory that killed processes have left; see subject.check. */
static void sweep(void) {
    unsigned count;
    const struct subject *all = subjects_all(&count);
    for (unsigned i = 0; i < count; i++) {
        (void)all[i].check(&all[i]);
    }
}

static void note_death(int status, struct outcome *out) {
    if (WIFSIGNALED(status)) {
        outcome_fail(out, "failed: killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
        sweep();
    } else if (WEXITSTATUS(status) != 0) {
        outcome_fail(out, "failed: the worker ended with status %d", WEXITSTATUS(status));
    }
}

bool job_run(job_fn fn, const void *context, double limit_s, struct outcome *out) {
    int status;
    pid_t runner = getpid();
    memset(shared, 0, sizeof *shared);
    fflush(NULL); /* the worker would write buffered output again */
    pid_t worker = fork();
    if (worker == 0) {
        work(fn, context, runner);
    }
    memset(out, 0, sizeof *out);
    if (worker < 0) {
        outcome_fail(out, "failed: fork: %s", strerror(errno));
        return !interrupted;
    }
    bool ended = await_worker(worker, clock_now() + (uint64_t)(limit_s * 1e9), true, &status);
    if (!ended) {
        end_worker(worker);
        sweep();
    }
    *out = *shared;
    if (ended) {
        note_death(status, out);
    } else {
        outcome_fail(out, interrupted ? "failed: interrupted" : "failed: no end within %.0f s", limit_s);
    }
    return !interrupted;
}
