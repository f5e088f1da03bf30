/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Forking side B, and ending it. */
#include "kit/pair.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit/clock.h"

struct cores pair_cores;

static volatile sig_atomic_t stopping;
static void (*stop_callback)(void);

void *pair_alloc(size_t bytes) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) {
        perror("llmp-bench: shared memory for the benchmark itself");
        exit(1);
    }
    return memory;
}

void pair_release(void *memory, size_t bytes) {
    munmap(memory, bytes);
}

void pair_die_with(pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(1); /* the parent died before prctl() */
    }
}

pid_t pair_fork(int (*side)(void *context), void *context) {
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    pair_die_with(parent);
    cores_pin(pair_cores.b);
    _exit(side(context));
}

static int exit_status(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int pair_join(pid_t peer, unsigned limit_ms) {
    int status;
    for (unsigned waited = 0; waited < limit_ms; waited++) {
        pid_t ended = waitpid(peer, &status, WNOHANG);
        if (ended == peer) {
            return exit_status(status);
        }
        if (ended < 0 && errno != EINTR) {
            return -1;
        }
        clock_sleep_ms(1);
    }
    kill(peer, SIGKILL);
    waitpid(peer, &status, 0);
    return -1;
}

bool pair_alive(pid_t peer) {
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)peer, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

bool pair_stopping(void) {
    return stopping != 0;
}

static void on_stop(int signal_number) {
    (void)signal_number;
    stopping = 1;
    if (stop_callback != NULL) {
        stop_callback();
    }
}

void pair_catch_stop(void (*callback)(void)) {
    struct sigaction action = {.sa_handler = on_stop};
    stop_callback = callback;
    sigaction(SIGTERM, &action, NULL);
}
