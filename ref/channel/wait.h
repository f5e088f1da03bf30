/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Waiting between two checks of something that another process changes. */
#ifndef LLMP_CHANNEL_WAIT_H
#define LLMP_CHANNEL_WAIT_H

#include "llmp/llmp.h"
#include "os/os.h"

struct llmp_waiter {
    llmp_wait how;
    uint32_t steps;
    int64_t sleep_ns;
};

static inline void llmp_waiter_init(struct llmp_waiter *waiter, llmp_wait how) {
    *waiter = (struct llmp_waiter){.how = how};
}

/* Starts again with short steps, after a check that found something. */
static inline void llmp_waiter_reset(struct llmp_waiter *waiter) {
    waiter->steps = 0;
    waiter->sleep_ns = 0;
}

/* Waits one step. Returns false if the deadline has passed; the caller should then check once more and stop. */
bool llmp_waiter_step(struct llmp_waiter *waiter, struct llmp_deadline deadline);

#endif
