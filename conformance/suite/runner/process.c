/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One case in a process of its own: its verdict comes through a pipe, and whatever happens to it, it is cleaned up. */
#include "suite/runner/process.h"
#include "suite/kit/case_internal.h"
#include "suite/runner/interrupt.h"
#include "suite/runner/system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CASE_SECONDS = 20, VERDICT_LIMIT = 4 << 20 };

struct running {
    const struct lc_case_def *def;
    struct lc_shared *shared;
    pid_t pid;
    int pipe;
    char *said; /* the verdict's line */
    size_t length;
    bool in_time;
};

void lc_process_init(void) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGPIPE, SIG_IGN); /* adapters hang up; that is a result and no end of the suite */
}

/* ---------------------------------------------------------------- the case's process */

/* cmocka catches crashes of its process and would go on here, in the copy, with the next test. */
static void crash_plainly(void) {
    static const int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGABRT};
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) {
        signal(caught[i], SIG_DFL);
    }
}

static _Noreturn void be_case(struct lc_case *c, pid_t runner) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != runner) {
        _exit(1);
    }
    crash_plainly();
    lc_interrupt_reset();
    c->pid = getpid();
    lc_register_pid(c->shared, c->pid);
    const char *missing = c->def->own_network ? lc_enter_network_namespace() : NULL;
    if (missing) {
        lc_skip(c, "a network namespace of its own: %s", missing);
    }
    lc_case_run(c);
}

static bool start(struct running *running, struct lc_case *c) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) {
        return false;
    }
    pid_t runner = getpid();
    running->pid = fork();
    if (running->pid == 0) {
        close(ends[0]);
        c->verdict_fd = ends[1];
        be_case(c, runner);
    }
    running->pipe = ends[0];
    close(ends[1]);
    if (running->pid < 0) {
        close(ends[0]);
    }
    return running->pid > 0;
}

/* ---------------------------------------------------------------- waiting for it */

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* True as long as there may be more. */
static bool read_some(struct running *running) {
    char bytes[4096];
    ssize_t got = read(running->pipe, bytes, sizeof bytes);
    if (got < 0) {
        return errno == EINTR;
    }
    char *grown = running->length < VERDICT_LIMIT ? realloc(running->said, running->length + (size_t)got + 1) : NULL;
    if (grown) {
        memcpy(grown + running->length, bytes, (size_t)got);
        running->said = grown;
        running->length += (size_t)got;
        grown[running->length] = '\0';
    }
    return got > 0;
}

static void wait_for(struct running *running) {
    double deadline = seconds_now() + (running->def->seconds ? running->def->seconds : CASE_SECONDS) * lc_time_factor;
    bool more = true;
    running->in_time = true;
    while (more) {
        double left = deadline - seconds_now();
        if (left <= 0 || lc_interrupted()) {
            running->in_time = false;
            return;
        }
        if (poll(&(struct pollfd){running->pipe, POLLIN, 0}, 1, left < 0.2 ? (int)(left * 1000) + 1 : 200) > 0) {
            more = read_some(running);
        }
    }
}

/* ---------------------------------------------------------------- what is left of it */

/* Its parties die with it, and whoever they leave without a parent becomes ours: nobody else is. */
static int reap_all(struct running *running) {
    int status, own = 0;
    pid_t pid;
    kill(running->pid, SIGKILL);
    while ((pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR) {
        if (pid == running->pid) {
            own = status;
        } else if (pid > 0) {
            lc_register_pid(running->shared, pid);
        }
        lc_kill_children();
    }
    return own;
}

static void remove_leftovers(const struct lc_shared *shared) {
    unsigned used = atomic_load(&shared->pids_used);
    lc_remove_leftovers(shared->pids, used < LC_PIDS ? used : LC_PIDS);
}

/* The tail of what the parties of a case that hangs have said: only they still know. */
static json_t *voices(const struct lc_shared *shared) {
    json_t *list = json_array();
    unsigned used = atomic_load(&shared->pids_used);
    for (unsigned i = 1; i < used && i < LC_PIDS; i++) {
        char *said = lc_process_stderr(shared->pids[i]);
        if (said && *said) {
            json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", "process", "role", "?", "said", said));
        }
        free(said);
    }
    return list;
}

static json_t *notes_of(const struct lc_shared *shared) {
    json_t *list = json_array();
    unsigned used = atomic_load(&shared->notes_used);
    for (unsigned i = used > LC_NOTES ? used - LC_NOTES : 0; i < used; i++) {
        json_array_append_new(list, json_string(shared->notes[i % LC_NOTES]));
    }
    return list;
}

/* ---------------------------------------------------------------- the result */

static json_t *without_verdict(const struct running *running, int status, json_t *said) {
    char seen[128];
    json_t *result = json_object();
    if (!running->in_time) {
        snprintf(seen, sizeof seen, "it still ran after %d seconds",
                 (int)((running->def->seconds ? running->def->seconds : CASE_SECONDS) * lc_time_factor));
        json_object_update_new(result, json_pack("{s:s, s:s, s:s, s:s}", "verdict", "fail", "kind", "hang", "expected",
                                                 "that the case ends in time", "seen", seen));
    } else {
        snprintf(seen, sizeof seen, "the suite itself crashed: its case %s %d",
                 WIFSIGNALED(status) ? "ended by signal" : "exited with",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        json_object_update_new(result,
                               json_pack("{s:s, s:s, s:s}", "verdict", "trouble", "kind", "trouble", "seen", seen));
    }
    json_object_set_new(result, "notes", notes_of(running->shared));
    json_object_set(result, "stderr", said);
    return result;
}

/* The first line counts: a helper process that found something spoke before the case did. */
static json_t *verdict_of(const struct running *running) {
    char *end = running->said ? strchr(running->said, '\n') : NULL;
    return end ? json_loadb(running->said, (size_t)(end - running->said), 0, NULL) : NULL;
}

static json_t *trouble(const char *what) {
    return json_pack("{s:s, s:s, s:s+}", "verdict", "trouble", "kind", "trouble", "seen", what, strerror(errno));
}

static json_t *run_once(struct lc_case *c) {
    struct running running = {.def = c->def, .shared = c->shared};
    memset(c->shared, 0, sizeof *c->shared);
    lc_interrupt_defer();
    if (!start(&running, c)) {
        lc_interrupt_deliver();
        return trouble("starting the case's process: ");
    }
    wait_for(&running);
    close(running.pipe);
    json_t *said = running.in_time ? json_array() : voices(running.shared);
    int status = reap_all(&running);
    remove_leftovers(running.shared);
    lc_interrupt_deliver();
    json_t *result = verdict_of(&running);
    bool crashed = running.in_time && (WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
    if (!result || crashed) {
        json_decref(result);
        result = without_verdict(&running, status, said);
    }
    json_decref(said);
    free(running.said);
    return result;
}

static bool passed(const json_t *result) {
    return strcmp(json_string_value(json_object_get(result, "verdict")), "pass") == 0;
}

json_t *lc_run_case(const struct lc_run_options *setting, const struct lc_case_def *def, enum lc_provider provider,
                    const char *id) {
    struct lc_case c = {.def = def, .provider = provider, .impl = setting->impl, .peer = setting->peer};
    c.shared = mmap(NULL, sizeof *c.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (c.shared == MAP_FAILED) {
        return trouble("memory to share with the case: ");
    }
    snprintf(c.id, sizeof c.id, "%s", id);
    double began = seconds_now();
    json_t *result = run_once(&c);
    int runs = 1;
    for (; runs < setting->repeat && passed(result); runs++) {
        json_decref(result);
        result = run_once(&c);
    }
    json_object_set_new(result, "seconds", json_real(seconds_now() - began));
    if (setting->repeat > 1) {
        json_object_set_new(result, "runs", json_integer(runs));
    }
    munmap(c.shared, sizeof *c.shared);
    return result;
}
