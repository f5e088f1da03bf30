/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading the CPU topology from /sys and the load of the cores from /proc/stat. */
#include "kit/cores.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "kit/clock.h"
#include "kit/sync.h"

bool cores_shared;

enum { OBSERVE_MS = 60 }; /* ticks are 10 ms long */

/* A core with a larger share of non-idle time counts as busy. A quiet system stays below 3 %. */
static const double LOAD_MAX = 0.25;

/* Returns a number from the folder topology/ of a core in /sys, or -1 if it is unknown. */
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

/* Returns true if both are threads of one physical core. */
static bool same_physical(int a, int b) {
    return topology(a, "core_id") >= 0 && topology(a, "core_id") == topology(b, "core_id") &&
           topology(a, "physical_package_id") == topology(b, "physical_package_id");
}

/* Returns the first allowed core from `from` on, or -1. */
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

/* Returns true if the line belongs to one of the two cores. */
static bool parse_ticks(const char *line, const struct cores *cores, struct core_ticks *ticks) {
    int core;
    uint64_t t[8]; /* user nice system idle iowait irq softirq steal */
    int fields = sscanf(
        line, "cpu%d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
        &core, &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]);
    if (fields != 9 || (core != cores->a && core != cores->b)) {
        return false;
    }
    int side = core == cores->a ? 0 : 1;
    ticks->busy[side] = t[0] + t[1] + t[2] + t[5] + t[6];
    ticks->idle[side] = t[3] + t[4];
    ticks->stolen[side] = t[7];
    return true;
}

int core_ticks_read(const struct cores *cores, struct core_ticks *ticks) {
    char line[512];
    bool found = false;
    memset(ticks, 0, sizeof *ticks);
    FILE *file = fopen("/proc/stat", "r");
    if (file == NULL) {
        return -1;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        found |= parse_ticks(line, cores, ticks);
    }
    fclose(file);
    return found ? 0 : -1;
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
    *which = load[1] > load[0] ? 1 : 0;
    return load[*which];
}

double core_ticks_stolen(const struct core_ticks *from, const struct core_ticks *to) {
    double max = 0;
    for (int side = 0; side < 2; side++) {
        uint64_t stolen = to->stolen[side] - from->stolen[side];
        uint64_t all = stolen + to->busy[side] - from->busy[side] + to->idle[side] - from->idle[side];
        double here = share(stolen, all);
        max = here > max ? here : max;
    }
    return max;
}

bool cores_busy(const struct cores *cores, char *status, size_t size) {
    struct core_ticks before, after;
    int which;
    if (core_ticks_read(cores, &before) != 0) {
        return false;
    }
    clock_sleep_ms(OBSERVE_MS);
    core_ticks_read(cores, &after);
    double load = core_ticks_load(&before, &after, &which);
    if (load <= LOAD_MAX) {
        return false;
    }
    snprintf(status, size, "busy: other programs used %.0f %% of core %d before the benchmark", load * 100,
             which == 0 ? cores->a : cores->b);
    return true;
}
