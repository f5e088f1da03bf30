/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Stopping on SIGINT and SIGTERM. These are the only mutable static variables of the command: a signal handler can
 * reach nothing else.
 */
#include <signal.h>
#include <stddef.h>

#include "cmd/cmd.h"

static volatile sig_atomic_t stopped;
static void (*wake_fn)(void *);
static void *wake_context;

static void on_signal(int number) {
    (void)number;
    stopped = 1;
    if (wake_fn != NULL) {
        wake_fn(wake_context);
    }
}

/*
 * Without SA_RESTART, so that a signal ends a read; with SA_RESETHAND, so that a second signal terminates the process.
 */
void llmp_cmd_catch_stop(void (*wake)(void *context), void *context) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    wake_fn = wake;
    wake_context = context;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool llmp_cmd_stop_requested(void) {
    return stopped != 0;
}

/* A signal that arrives after the caller's check and before its wait is noticed when this timeout has elapsed. */
int64_t llmp_cmd_limit_timeout(int64_t timeout_ns) {
    const int64_t max = LLMP_MILLISECONDS(100);
    return timeout_ns == LLMP_FOREVER || timeout_ns > max ? max : timeout_ns;
}
