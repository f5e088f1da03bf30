/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t recorded;

static void record(int number) {
    recorded = number;
}

static void set_both(void (*handler)(int number)) {
    struct sigaction action = {.sa_handler = handler};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

void lc_interrupt_defer(void) {
    set_both(record);
}

int lc_interrupted(void) {
    return recorded;
}

void lc_interrupt_reset(void) {
    set_both(SIG_DFL);
    recorded = 0;
}

void lc_interrupt_deliver(void) {
    int number = recorded;
    lc_interrupt_reset();
    if (number != 0) {
        (void)raise(number);
    }
}
