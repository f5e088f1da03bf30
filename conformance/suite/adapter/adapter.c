/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The adapter's process: how it is started, watched and ended. */
#include "suite/adapter/adapter_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double lc_time_factor = 1;

enum { ALL_SIGNALS = 64, LEAVES_WITHIN_MS = 2000, STDERR_KEPT = 64 * 1024 };

/* ---------------------------------------------------------------- starting */

/* A signal that somebody above ignored or blocked would change what a crash of the implementation looks like. */
static void usual_signals(void) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (int i = 1; i < ALL_SIGNALS; i++) {
        signal(i, SIG_DFL);
    }
}

static _Noreturn void become_adapter(const struct lc_impl *impl, const int fds[3], pid_t parent) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(1); /* it went before we asked to hear of that */
    }
    usual_signals();
    for (int i = 0; i < 3; i++) {
        dup2(fds[i], i);
    }
    if (impl->folder) {
        execl(impl->command, impl->command, (char *)NULL);
    } else {
        execl("/bin/sh", "sh", "-c", impl->command, (char *)NULL);
    }
    dprintf(2, "%s: %s\n", impl->command, strerror(errno));
    _exit(127);
}

static void close_all(const int *fds, int count) {
    for (int i = 0; i < count; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
}

/* fds: read end and write end of its input, of its output, and the file for its standard error. */
static bool open_all(int fds[5]) {
    memset(fds, -1, 5 * sizeof fds[0]);
    fds[4] = memfd_create("stderr of an adapter", MFD_CLOEXEC);
    if (fds[4] < 0 || pipe2(fds, O_CLOEXEC) || pipe2(fds + 2, O_CLOEXEC)) {
        int error = errno;
        close_all(fds, 5);
        errno = error;
        return false;
    }
    fcntl(fds[4], F_SETFL, O_APPEND); /* the adapter's children write to it as well */
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    return true;
}

struct lc_adapter *lc_adapter_start(const struct lc_impl *impl, const char *test) {
    int fds[5];
    if (!open_all(fds)) {
        return NULL;
    }
    struct lc_adapter *adapter = calloc(1, sizeof *adapter);
    pid_t self = getpid();
    pid_t pid = adapter ? fork() : -1;
    if (pid < 0) {
        close_all(fds, 5);
        free(adapter);
        return NULL;
    }
    if (pid == 0) {
        become_adapter(impl, (int[]){fds[0], fds[3], fds[4]}, self);
    }
    setpgid(pid, pid); /* here too, as either of the two may run first */
    close(fds[0]);
    close(fds[3]);
    *adapter = (struct lc_adapter){.pid = pid, .in = fds[1], .out = fds[2], .err = fds[4], .next_id = 1};
    adapter->test = strdup(test);
    return adapter;
}

/* ---------------------------------------------------------------- watching */

pid_t lc_adapter_pid(const struct lc_adapter *adapter) {
    return adapter->pid;
}

bool lc_adapter_alive(struct lc_adapter *adapter) {
    if (!adapter->reaped && waitpid(adapter->pid, &adapter->status, WNOHANG) == adapter->pid) {
        adapter->reaped = true;
    }
    return !adapter->reaped;
}

const char *lc_adapter_exit_text(struct lc_adapter *adapter) {
    static char words[96];
    if (lc_adapter_alive(adapter)) {
        return "still running";
    }
    if (WIFSIGNALED(adapter->status)) {
        const char *name = sigabbrev_np(WTERMSIG(adapter->status));
        snprintf(words, sizeof words, "ended by signal %d (SIG%s)%s", WTERMSIG(adapter->status), name ? name : "?",
                 adapter->killed ? ", sent by the suite" : "");
    } else {
        snprintf(words, sizeof words, "exited with %d", WEXITSTATUS(adapter->status));
    }
    return words;
}

const char *lc_adapter_stderr(struct lc_adapter *adapter) {
    off_t size = lseek(adapter->err, 0, SEEK_END);
    off_t from = size > STDERR_KEPT ? size - STDERR_KEPT : 0;
    free(adapter->said);
    adapter->said = calloc(1, STDERR_KEPT + 1);
    if (!adapter->said || pread(adapter->err, adapter->said, STDERR_KEPT, from) < 0) {
        return "";
    }
    return adapter->said;
}

const char *lc_adapter_error(const struct lc_adapter *adapter) {
    return adapter->complaint;
}

/* ---------------------------------------------------------------- ending */

void lc_adapter_kill(struct lc_adapter *adapter) {
    if (lc_adapter_alive(adapter)) {
        adapter->killed = true;
        kill(adapter->pid, SIGKILL);
        waitpid(adapter->pid, &adapter->status, 0);
        adapter->reaped = true;
    }
}

static bool left_within(struct lc_adapter *adapter, int64_t milliseconds) {
    const struct timespec nap = {0, 1000000};
    for (int64_t waited = 0; lc_adapter_alive(adapter); waited++) {
        if (waited > milliseconds) {
            return false;
        }
        nanosleep(&nap, NULL);
    }
    return true;
}

static void close_pipes(struct lc_adapter *adapter) {
    close_all((int[]){adapter->in, adapter->out}, 2);
    adapter->in = adapter->out = -1;
}

bool lc_adapter_stop(struct lc_adapter *adapter) {
    close_all(&adapter->in, 1);
    adapter->in = -1;
    bool left = left_within(adapter, (int64_t)(LEAVES_WITHIN_MS * lc_time_factor));
    if (!left) {
        lc_adapter_kill(adapter);
    }
    close_pipes(adapter);
    return left && !WIFSIGNALED(adapter->status);
}

void lc_adapter_free(struct lc_adapter *adapter) {
    kill(-adapter->pid, SIGKILL);
    if (!adapter->reaped) {
        waitpid(adapter->pid, &adapter->status, 0);
    }
    close_pipes(adapter);
    close(adapter->err);
    json_decref(adapter->reply);
    free(adapter->test);
    free(adapter->line);
    free(adapter->said);
    free(adapter->asked_verb);
    free(adapter);
}
