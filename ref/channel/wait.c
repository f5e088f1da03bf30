/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "channel/wait.h"

#include "os/atomic.h"

/* Steps of an adaptive wait. The first ones do without the processor's pause instruction, which takes up to 50 ns. */
#define STEPS_EAGER 256u
#define STEPS_SPIN 2048u
#define STEPS_YIELD 2304u
/* Reading the clock costs as much as several checks. */
#define STEPS_PER_CLOCK 64u

#define SLEEP_FIRST 50000
#define SLEEP_MAX_ADAPTIVE 1000000
#define SLEEP_MAX 10000000

static bool spin(const struct llmp_waiter *waiter, struct llmp_deadline deadline) {
    if (waiter->steps > STEPS_EAGER) {
        llmp_cpu_relax();
    }
    return waiter->steps % STEPS_PER_CLOCK != 0 || !llmp_deadline_passed(deadline);
}

static bool yield(struct llmp_deadline deadline) {
    llmp_os_yield();
    return !llmp_deadline_passed(deadline);
}

/* Sleeps twice as long each time: after a long idle time, a little more latency does not matter. */
static bool sleep_longer(struct llmp_waiter *waiter, struct llmp_deadline deadline, int64_t max) {
    int64_t next = waiter->sleep_ns == 0 ? SLEEP_FIRST : 2 * waiter->sleep_ns;
    waiter->sleep_ns = next < max ? next : max;
    int64_t left = llmp_deadline_left(deadline, waiter->sleep_ns);
    if (left == 0) {
        return false;
    }
    llmp_os_sleep(left);
    return true;
}

bool llmp_waiter_step(struct llmp_waiter *waiter, struct llmp_deadline deadline) {
    if (deadline.at == LLMP_NOWAIT) {
        return false;
    }
    waiter->steps++;
    switch (waiter->how) {
    case LLMP_WAIT_SPIN: return spin(waiter, deadline);
    case LLMP_WAIT_YIELD: return yield(deadline);
    case LLMP_WAIT_SLEEP: return sleep_longer(waiter, deadline, SLEEP_MAX);
    case LLMP_WAIT_ADAPTIVE:
    default:
        if (waiter->steps < STEPS_SPIN) {
            return spin(waiter, deadline);
        }
        waiter->steps = waiter->steps < STEPS_YIELD ? waiter->steps : STEPS_YIELD;
        return waiter->steps < STEPS_YIELD ? yield(deadline) : sleep_longer(waiter, deadline, SLEEP_MAX_ADAPTIVE);
    }
}
