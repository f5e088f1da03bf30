/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading /proc/self/schedstat and getrusage(). */
#include "kit/usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "kit/clock.h"
#include "kit/sync.h"

/* A quiet system stays below 3 %. The kernel counts this time exactly. */
static const double DELAY_MAX = 0.03;

static uint64_t read_run_delay(void) {
    uint64_t delay = 0;
    FILE *file = fopen("/proc/self/schedstat", "r");
    if (file != NULL) {
        if (fscanf(file, "%*u %" SCNu64, &delay) != 1) {
            delay = 0;
        }
        fclose(file);
    }
    return delay;
}

void usage_read(struct usage *usage) {
    struct rusage self;
    getrusage(RUSAGE_SELF, &self);
    usage->run_delay_ns = read_run_delay();
    usage->preempted = (uint64_t)self.ru_nivcsw;
    usage->slept = (uint64_t)self.ru_nvcsw;
    usage->faults = (uint64_t)self.ru_minflt;
    usage->wall_ns = clock_now();
}

void usage_since(struct usage *usage) {
    struct usage now;
    uint64_t end = clock_now(); /* first, because the reading takes tens of microseconds */
    usage_read(&now);
    usage->wall_ns = end - usage->wall_ns;
    usage->run_delay_ns = now.run_delay_ns - usage->run_delay_ns;
    usage->preempted = now.preempted - usage->preempted;
    usage->slept = now.slept - usage->slept;
    usage->faults = now.faults - usage->faults;
}

bool usage_disturbed(const struct usage usage[2], char *status, size_t size) {
    for (int side = 0; side < 2 && !cores_shared; side++) {
        uint64_t wall_ns = usage[side].wall_ns;
        double delayed = wall_ns > 0 ? (double)usage[side].run_delay_ns / (double)wall_ns : 0;
        if (delayed > DELAY_MAX) {
            snprintf(status, size, "busy: side %c waited for its core for %.0f %% of the time", "AB"[side],
                     delayed * 100);
            return true;
        }
    }
    return false;
}
