/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Ending on SIGINT and SIGTERM. A signal handler reaches nothing but static memory: the only such in the whole project.
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
    if (wake_fn) {
        wake_fn(wake_context);
    }
}

/* Without SA_RESTART, so that a read ends; with SA_RESETHAND, so that who is in a hurry asks twice. */
void llmp_cmd_catch_stop(void (*wake)(void *context), void *context) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    wake_fn = wake;
    wake_context = context;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool llmp_cmd_stopped(void) {
    return stopped != 0;
}

/* A signal that comes between the look at the flag and the wait is noticed after that. */
int64_t llmp_cmd_slice(int64_t ns) {
    const int64_t max = LLMP_MILLISECONDS(100);
    return ns == LLMP_FOREVER || ns > max ? max : ns;
}
