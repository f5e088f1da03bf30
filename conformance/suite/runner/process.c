/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/process.h"
#include "suite/adapter/clock.h"
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
#include <unistd.h>

enum { CASE_SECONDS = 20, POLL_MS = 200, VERDICT_MAX_BYTES = 4 << 20 };

struct running {
    const struct lc_case_def *def;
    struct lc_shared *shared;
    pid_t pid;
    int pipe;
    char *output; /* what the case wrote to the pipe */
    size_t length;
    bool in_time;
};

void lc_process_init(void) {
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    (void)signal(SIGPIPE, SIG_IGN); /* a write to an adapter that has ended must not end the suite */
}

/* ---------------------------------------------------------------- the case's process */

/* cmocka handles crash signals and would continue with the next test, in this copy of the process. */
static void reset_crash_signals(void) {
    static const int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGABRT};
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) {
        (void)signal(caught[i], SIG_DFL);
    }
}

static _Noreturn void run_in_child(struct lc_case *c, pid_t runner) {
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != runner) {
        _exit(1);
    }
    reset_crash_signals();
    lc_interrupt_reset();
    c->pid = getpid();
    lc_register_pid(c->shared, c->pid);
    const char *problem = c->def->own_network ? lc_enter_network_namespace() : NULL;
    if (problem != NULL) {
        lc_skip(c, "a network namespace of its own: %s", problem);
    }
    lc_case_run(c);
}

static bool start(struct running *running, struct lc_case *c) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    pid_t runner = getpid();
    running->pid = fork();
    if (running->pid == 0) {
        (void)close(ends[0]);
        c->verdict_fd = ends[1];
        run_in_child(c, runner);
    }
    running->pipe = ends[0];
    (void)close(ends[1]);
    if (running->pid < 0) {
        (void)close(ends[0]);
    }
    return running->pid > 0;
}

/* ---------------------------------------------------------------- waiting for it */

static int time_limit_ms(const struct lc_case_def *def) {
    return lc_scaled_ms(1000 * (def->seconds > 0 ? def->seconds : CASE_SECONDS));
}

/* Returns false at the end of the output. */
static bool read_some(struct running *running) {
    char bytes[4096];
    ssize_t got = read(running->pipe, bytes, sizeof bytes);
    if (got < 0) {
        return errno == EINTR;
    }
    char *grown =
        running->length < VERDICT_MAX_BYTES ? realloc(running->output, running->length + (size_t)got + 1) : NULL;
    if (grown != NULL) {
        memcpy(grown + running->length, bytes, (size_t)got);
        running->output = grown;
        running->length += (size_t)got;
        grown[running->length] = '\0';
    }
    return got > 0;
}

static void wait_for(struct running *running) {
    int64_t deadline = lc_now_ms() + time_limit_ms(running->def);
    bool more = true;
    running->in_time = true;
    while (more) {
        int64_t left = deadline - lc_now_ms();
        if (left <= 0 || lc_interrupted() != 0) {
            running->in_time = false;
            return;
        }
        if (poll(&(struct pollfd){running->pipe, POLLIN, 0}, 1, left < POLL_MS ? (int)left : POLL_MS) > 0) {
            more = read_some(running);
        }
    }
}

/* ---------------------------------------------------------------- leftovers */

/*
 * Adapters are killed when the case's process ends. This process inherits their orphans and has no other children, so
 * all children are killed and reaped.
 */
static int reap_all(struct running *running) {
    int status, own = 0;
    pid_t pid;
    (void)kill(running->pid, SIGKILL);
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

/* The end of each process's standard error. A case that hangs cannot report it; its processes must still run. */
static json_t *stderr_of_processes(const struct lc_shared *shared) {
    json_t *list = json_array();
    unsigned used = atomic_load(&shared->pids_used);
    for (unsigned i = 1; i < used && i < LC_PIDS; i++) {
        char *text = lc_process_stderr(shared->pids[i]);
        if (text != NULL && *text != '\0') {
            json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", "process", "role", "?", "text", text));
        }
        free(text);
    }
    return list;
}

/* ---------------------------------------------------------------- the result */

static json_t *error_result(const char *what) {
    return json_pack("{s:s, s:s, s:s}", "verdict", "error", "kind", "error", "seen", what);
}

static json_t *system_error(const char *what) {
    char text[200];
    snprintf(text, sizeof text, "%s: %s", what, strerror(errno));
    return error_result(text);
}

static json_t *hang_result(const struct running *running) {
    char seen[64];
    snprintf(seen, sizeof seen, "it still ran after %d seconds", time_limit_ms(running->def) / 1000);
    return json_pack("{s:s, s:s, s:s, s:s}", "verdict", "fail", "kind", "hang", "expected",
                     "the case ends within its time limit", "seen", seen);
}

static json_t *crash_result(int status) {
    char seen[128];
    snprintf(seen, sizeof seen, "the suite itself crashed: the case's process %s %d",
             WIFSIGNALED(status) ? "ended by signal" : "exited with",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return error_result(seen);
}

/* The reference to `stderr_list` is stolen. */
static json_t *result_without_verdict(const struct running *running, int status, json_t *stderr_list) {
    json_t *result = running->in_time ? crash_result(status) : hang_result(running);
    json_object_set_new(result, "notes", lc_notes(running->shared));
    json_object_set_new(result, "stderr", stderr_list);
    return result;
}

/* Takes the first line: the verdict of a helper process comes before that of the case. */
static json_t *verdict_of(const struct running *running) {
    char *end = running->output != NULL ? strchr(running->output, '\n') : NULL;
    return end != NULL ? json_loadb(running->output, (size_t)(end - running->output), 0, NULL) : NULL;
}

static json_t *run_once(struct lc_case *c) {
    struct running running = {.def = c->def, .shared = c->shared};
    memset(c->shared, 0, sizeof *c->shared);
    lc_interrupt_defer();
    if (!start(&running, c)) {
        lc_interrupt_deliver();
        return system_error("starting the case's process");
    }
    wait_for(&running);
    (void)close(running.pipe);
    json_t *stderr_list = running.in_time ? json_array() : stderr_of_processes(running.shared);
    int status = reap_all(&running);
    remove_leftovers(running.shared);
    lc_interrupt_deliver();
    json_t *result = verdict_of(&running);
    bool crashed = running.in_time && (WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
    if (result == NULL || crashed) {
        json_decref(result);
        result = result_without_verdict(&running, status, stderr_list);
    } else {
        json_decref(stderr_list);
    }
    free(running.output);
    return result;
}

static bool passed(const json_t *result) {
    return strcmp(json_string_value(json_object_get(result, "verdict")), "pass") == 0;
}

json_t *lc_run_case(const struct lc_run_options *options, const struct lc_case_def *def, enum lc_provider provider,
                    const char *id) {
    struct lc_case c = {.def = def, .provider = provider, .impl = options->impl, .peer = options->peer};
    c.shared = mmap(NULL, sizeof *c.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (c.shared == MAP_FAILED) {
        return system_error("memory to share with the case");
    }
    snprintf(c.id, sizeof c.id, "%s", id);
    int64_t start_ms = lc_now_ms();
    json_t *result = run_once(&c);
    int runs = 1;
    for (; runs < options->repeat && passed(result); runs++) {
        json_decref(result);
        result = run_once(&c);
    }
    json_object_set_new(result, "seconds", json_real((double)(lc_now_ms() - start_ms) / 1e3));
    if (options->repeat > 1) {
        json_object_set_new(result, "runs", json_integer(runs));
    }
    (void)munmap(c.shared, sizeof *c.shared);
    return result;
}
