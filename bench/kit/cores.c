/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which cores, and who else uses them. */
#include "kit/cores.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "kit/clock.h"
#include "kit/sync.h"

bool cores_shared;

/* Shares above which a core counts as busy. A quiet system stays below 3 %. */
static const double LOAD_LIMIT = 0.25;  /* before a row, of 60 ms in ticks of 10 ms */
static const double DELAY_LIMIT = 0.03; /* during a row, exact */

static long topology(int core, const char *leaf) {
    char path[96];
    long value = -1;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/%s", core, leaf);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%ld", &value) != 1) {
            value = -1;
        }
        fclose(file);
    }
    return value;
}

static bool same_physical(int a, int b) {
    return topology(a, "core_id") >= 0 && topology(a, "core_id") == topology(b, "core_id") &&
           topology(a, "physical_package_id") == topology(b, "physical_package_id");
}

static int next_core(const cpu_set_t *allowed, int from) {
    while (from < CPU_SETSIZE && !CPU_ISSET(from, allowed)) {
        from++;
    }
    return from < CPU_SETSIZE ? from : -1;
}

void cores_pick(struct cores *cores) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof allowed, &allowed);
    int first = next_core(&allowed, 0);
    int second = next_core(&allowed, first + 1);
    for (int other = second; other >= 0; other = next_core(&allowed, other + 1)) {
        if (!same_physical(first, other)) {
            second = other;
            break;
        }
    }
    cores_shared = second < 0;
    cores->a = first;
    cores->b = cores_shared ? first : second;
}

int cores_set(struct cores *cores, int a, int b) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof allowed, &allowed);
    if (a < 0 || b < 0 || a >= CPU_SETSIZE || b >= CPU_SETSIZE || !CPU_ISSET(a, &allowed) || !CPU_ISSET(b, &allowed)) {
        return -1;
    }
    cores->a = a;
    cores->b = b;
    cores_shared = a == b;
    return 0;
}

void cores_pin(int core) {
    if (!cores_shared) {
        cpu_set_t only;
        CPU_ZERO(&only);
        CPU_SET(core, &only);
        sched_setaffinity(0, sizeof only, &only);
    }
}

static int parse_ticks(const char *line, const struct cores *cores, struct core_ticks *ticks) {
    int core;
    uint64_t t[8]; /* user nice system idle iowait irq softirq steal */
    int n = sscanf(line,
                   "cpu%d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
                   &core, &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]);
    if (n != 9 || (core != cores->a && core != cores->b)) {
        return 0;
    }
    int side = core == cores->a ? 0 : 1;
    ticks->busy[side] = t[0] + t[1] + t[2] + t[5] + t[6];
    ticks->idle[side] = t[3] + t[4];
    ticks->stolen[side] = t[7];
    return 1;
}

int core_ticks_read(const struct cores *cores, struct core_ticks *ticks) {
    char line[512];
    int found = 0;
    memset(ticks, 0, sizeof *ticks);
    FILE *file = fopen("/proc/stat", "r");
    if (file == NULL) {
        return -1;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        found += parse_ticks(line, cores, ticks);
    }
    fclose(file);
    return found > 0 ? 0 : -1;
}

static double share(uint64_t part, uint64_t whole) {
    return whole > 0 ? (double)part / (double)whole : 0;
}

double core_ticks_load(const struct core_ticks *from, const struct core_ticks *to, int *which) {
    double load[2];
    for (int side = 0; side < 2; side++) {
        uint64_t busy = to->busy[side] - from->busy[side] + to->stolen[side] - from->stolen[side];
        load[side] = share(busy, busy + to->idle[side] - from->idle[side]);
    }
    *which = load[1] > load[0];
    return load[*which];
}

double core_ticks_stolen(const struct core_ticks *from, const struct core_ticks *to) {
    double worst = 0;
    for (int side = 0; side < 2; side++) {
        uint64_t stolen = to->stolen[side] - from->stolen[side];
        uint64_t all = stolen + to->busy[side] - from->busy[side] + to->idle[side] - from->idle[side];
        double here = share(stolen, all);
        worst = here > worst ? here : worst;
    }
    return worst;
}

bool cores_busy(const struct cores *cores, char *why, size_t size) {
    struct core_ticks before, after;
    int which;
    if (core_ticks_read(cores, &before) != 0) {
        return false;
    }
    clock_sleep_ms(60);
    core_ticks_read(cores, &after);
    double load = core_ticks_load(&before, &after, &which);
    if (load <= LOAD_LIMIT) {
        return false;
    }
    snprintf(why, size, "busy: something else used %.0f %% of core %d before the row", load * 100,
             which ? cores->b : cores->a);
    return true;
}

static uint64_t run_delay(void) {
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
    usage->run_delay_ns = run_delay();
    usage->preempted = (uint64_t)self.ru_nivcsw;
    usage->slept = (uint64_t)self.ru_nvcsw;
    usage->faults = (uint64_t)self.ru_minflt;
    usage->wall_ns = clock_now();
}

void usage_since(struct usage *usage) {
    struct usage now;
    uint64_t end = clock_now(); /* before the reading, which itself takes tens of microseconds */
    usage_read(&now);
    usage->wall_ns = end - usage->wall_ns;
    usage->run_delay_ns = now.run_delay_ns - usage->run_delay_ns;
    usage->preempted = now.preempted - usage->preempted;
    usage->slept = now.slept - usage->slept;
    usage->faults = now.faults - usage->faults;
}

bool usage_disturbed(const struct usage usage[2], char *why, size_t size) {
    for (int side = 0; side < 2 && !cores_shared; side++) {
        double lost = share(usage[side].run_delay_ns, usage[side].wall_ns);
        if (lost > DELAY_LIMIT) {
            snprintf(why, size, "busy: side %c waited %.0f %% of the row for its core", "AB"[side], lost * 100);
            return true;
        }
    }
    return false;
}
