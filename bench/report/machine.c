/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reading /proc and /sys. */
#include "report/machine.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

static json_t *first_line(FILE *file) {
    char line[512];
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        return json_null();
    }
    line[strcspn(line, "\r\n")] = '\0';
    json_t *text = json_string(line);
    return text != NULL ? text : json_null(); /* not UTF-8 */
}

static json_t *read_file(const char *path) {
    FILE *file = fopen(path, "r");
    json_t *text = first_line(file);
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

json_t *machine_run(const char *command) {
    FILE *pipe = popen(command, "r");
    json_t *text = first_line(pipe);
    if (pipe != NULL) {
        pclose(pipe);
    }
    return text;
}

/* Reads a file like "always [madvise] never" and returns the word in brackets. */
static json_t *read_choice(const char *path) {
    json_t *line = read_file(path);
    const char *from = json_is_string(line) ? strchr(json_string_value(line), '[') : NULL;
    const char *to = from != NULL ? strchr(from, ']') : NULL;
    if (to == NULL) {
        return line;
    }
    json_t *choice = json_stringn(from + 1, (size_t)(to - from - 1));
    json_decref(line);
    return choice;
}

/* Returns the value of the first line "name : value" of /proc/cpuinfo or /proc/meminfo. */
static json_t *read_entry(const char *path, const char *name) {
    char line[4096];
    json_t *value = json_null();
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *colon = strchr(line, ':');
        if (colon != NULL && strncmp(line, name, strlen(name)) == 0) {
            line[strcspn(line, "\r\n")] = '\0';
            value = json_string(colon + 1 + strspn(colon + 1, " \t"));
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return value;
}

static json_t *cache_of(int index) {
    static const char *const leaves[] = {"level", "type", "size", "shared_cpu_list"};
    char path[128];
    json_t *cache = json_object();
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, leaves[i]);
        json_object_set_new(cache, leaves[i], read_file(path));
    }
    return cache;
}

static json_t *caches(void) {
    json_t *list = json_array();
    for (int index = 0; index < 8; index++) {
        json_t *cache = cache_of(index);
        if (json_is_string(json_object_get(cache, "size"))) {
            json_array_append_new(list, cache);
        } else {
            json_decref(cache);
        }
    }
    return list;
}

static int cores_allowed(void) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
}

/* On x86 the kernel lists the CPU flag "hypervisor"; other processors have no such flag. */
static json_t *virtual_machine(void) {
    json_t *flags = read_entry("/proc/cpuinfo", "flags");
    bool is_virtual = json_is_string(flags) && strstr(json_string_value(flags), " hypervisor") != NULL;
    json_decref(flags);
    return json_boolean(is_virtual);
}

json_t *machine_cpu(void) {
    struct utsname name;
    uname(&name);
    json_t *model = read_entry("/proc/cpuinfo", "model name");
    if (!json_is_string(model)) {
        model = read_entry("/proc/cpuinfo", "CPU part"); /* ARM has no model name */
    }
    return json_pack("{s:o, s:s, s:i, s:i, s:o, s:o, s:o, s:o}", "model", model, "architecture", name.machine, "cores",
                     (int)sysconf(_SC_NPROCESSORS_ONLN), "cores_allowed", cores_allowed(), "mhz",
                     read_entry("/proc/cpuinfo", "cpu MHz"), "virtual_machine", virtual_machine(), "governor",
                     read_file("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"), "caches", caches());
}

static json_t *limit_of(int resource) {
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0) {
        return json_null();
    }
    return limit.rlim_cur == RLIM_INFINITY ? json_string("unlimited") : json_integer((json_int_t)limit.rlim_cur);
}

static json_t *dev_shm(void) {
    struct statvfs fs;
    if (statvfs("/dev/shm", &fs) != 0) {
        return json_null();
    }
    return json_pack("{s:I, s:I}", "bytes", (json_int_t)fs.f_blocks * (json_int_t)fs.f_frsize, "free_bytes",
                     (json_int_t)fs.f_bavail * (json_int_t)fs.f_frsize);
}

json_t *machine_memory(void) {
    return json_pack("{s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "total",
                     read_entry("/proc/meminfo", "MemTotal"), "available", read_entry("/proc/meminfo", "MemAvailable"),
                     "page_bytes", (json_int_t)sysconf(_SC_PAGESIZE), "transparent_hugepages",
                     read_choice("/sys/kernel/mm/transparent_hugepage/enabled"), "shmem_enabled",
                     read_choice("/sys/kernel/mm/transparent_hugepage/shmem_enabled"), "nr_hugepages",
                     read_file("/proc/sys/vm/nr_hugepages"), "dev_shm", dev_shm(), "shmmax",
                     read_file("/proc/sys/kernel/shmmax"), "shmmni", read_file("/proc/sys/kernel/shmmni"),
                     "limit_memlock_bytes", limit_of(RLIMIT_MEMLOCK), "limit_open_files", limit_of(RLIMIT_NOFILE));
}

json_t *machine_kernel(void) {
    struct utsname name;
    uname(&name);
    return json_pack("{s:s, s:s, s:s, s:o}", "system", name.sysname, "release", name.release, "version", name.version,
                     "distribution", machine_run(". /etc/os-release 2>/dev/null && echo \"$PRETTY_NAME\""));
}

json_t *machine_load(void) {
    double load[3] = {0};
    if (getloadavg(load, 3) != 3) {
        return json_null();
    }
    return json_pack("[f, f, f]", load[0], load[1], load[2]);
}
