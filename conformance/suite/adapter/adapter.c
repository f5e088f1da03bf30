/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The adapter's process: start, state and end. */
#include "suite/adapter/adapter_internal.h"
#include "suite/adapter/clock.h"

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

enum { ALL_SIGNALS = 64, EXIT_WITHIN_MS = 2000, STDERR_MAX = 64 * 1024 };

/* ---------------------------------------------------------------- start */

/* An inherited signal mask, or an ignored signal, would change how a crash of the implementation looks. */
static void reset_signals(void) {
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    for (int i = 1; i < ALL_SIGNALS; i++) {
        (void)signal(i, SIG_DFL);
    }
}

static _Noreturn void exec_adapter(const struct lc_impl *impl, const int fds[3], pid_t parent) {
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(1); /* the parent ended before prctl() */
    }
    reset_signals();
    for (int i = 0; i < 3; i++) {
        (void)dup2(fds[i], i);
    }
    if (impl->folder != NULL) {
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
            (void)close(fds[i]);
        }
    }
}

/* fds: both ends of its standard input, both ends of its standard output, and the file of its standard error. */
static bool open_all(int fds[5]) {
    memset(fds, -1, 5 * sizeof fds[0]);
    fds[4] = memfd_create("stderr of an adapter", MFD_CLOEXEC);
    if (fds[4] < 0 || pipe2(fds, O_CLOEXEC) != 0 || pipe2(fds + 2, O_CLOEXEC) != 0) {
        int error = errno;
        close_all(fds, 5);
        errno = error;
        return false;
    }
    (void)fcntl(fds[4], F_SETFL, O_APPEND); /* the adapter's children write to the file too */
    (void)fcntl(fds[1], F_SETFL, O_NONBLOCK);
    return true;
}

struct lc_adapter *lc_adapter_start(const struct lc_impl *impl, const char *test) {
    int fds[5];
    if (!open_all(fds)) {
        return NULL;
    }
    struct lc_adapter *adapter = calloc(1, sizeof *adapter);
    pid_t self = getpid();
    pid_t pid = adapter != NULL ? fork() : -1;
    if (pid < 0) {
        close_all(fds, 5);
        free(adapter);
        return NULL;
    }
    if (pid == 0) {
        exec_adapter(impl, (int[]){fds[0], fds[3], fds[4]}, self);
    }
    (void)setpgid(pid, pid); /* in both processes, because either may run first */
    (void)close(fds[0]);
    (void)close(fds[3]);
    *adapter = (struct lc_adapter){.pid = pid, .in = fds[1], .out = fds[2], .err = fds[4], .next_id = 1};
    adapter->test = strdup(test);
    return adapter;
}

/* ---------------------------------------------------------------- state */

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
    static char text[96];
    if (lc_adapter_alive(adapter)) {
        return "still running";
    }
    if (WIFSIGNALED(adapter->status)) {
        const char *name = sigabbrev_np(WTERMSIG(adapter->status));
        snprintf(text, sizeof text, "ended by signal %d (SIG%s)%s", WTERMSIG(adapter->status),
                 name != NULL ? name : "?", adapter->killed ? ", sent by the suite" : "");
    } else {
        snprintf(text, sizeof text, "exited with %d", WEXITSTATUS(adapter->status));
    }
    return text;
}

const char *lc_adapter_stderr(struct lc_adapter *adapter) {
    off_t size = lseek(adapter->err, 0, SEEK_END);
    off_t from = size > STDERR_MAX ? size - STDERR_MAX : 0;
    free(adapter->stderr_text);
    adapter->stderr_text = calloc(1, STDERR_MAX + 1);
    if (adapter->stderr_text == NULL || pread(adapter->err, adapter->stderr_text, STDERR_MAX, from) < 0) {
        return "";
    }
    return adapter->stderr_text;
}

const char *lc_adapter_error(const struct lc_adapter *adapter) {
    return adapter->error;
}

/* ---------------------------------------------------------------- end */

void lc_adapter_kill(struct lc_adapter *adapter) {
    if (lc_adapter_alive(adapter)) {
        adapter->killed = true;
        (void)kill(adapter->pid, SIGKILL);
        (void)waitpid(adapter->pid, &adapter->status, 0);
        adapter->reaped = true;
    }
}

static bool exits_within(struct lc_adapter *adapter, int milliseconds) {
    const struct timespec pause = {0, 1000000};
    for (int waited = 0; lc_adapter_alive(adapter); waited++) {
        if (waited > milliseconds) {
            return false;
        }
        (void)nanosleep(&pause, NULL);
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
    bool exited = exits_within(adapter, lc_scaled_ms(EXIT_WITHIN_MS));
    if (!exited) {
        lc_adapter_kill(adapter);
    }
    close_pipes(adapter);
    return exited && !WIFSIGNALED(adapter->status);
}

void lc_adapter_free(struct lc_adapter *adapter) {
    (void)kill(-adapter->pid, SIGKILL);
    if (!adapter->reaped) {
        (void)waitpid(adapter->pid, &adapter->status, 0);
    }
    close_pipes(adapter);
    (void)close(adapter->err);
    json_decref(adapter->reply);
    free(adapter->test);
    free(adapter->input);
    free(adapter->stderr_text);
    free(adapter->request_verb);
    free(adapter);
}
