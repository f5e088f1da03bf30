/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Memory of the machine, of the process's control groups, and of file systems. */
#include "os/posix/memory.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "os/os.h"

static uint64_t min_u64(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* ---------------------------------------------------------------- control groups */

/* Without a limit, version 2 writes "max", and version 1 a number above the memory of any machine. */
static uint64_t read_limit(const char *path) {
    unsigned long long limit;
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return UINT64_MAX;
    }
    int read = fscanf(f, "%llu", &limit);
    (void)fclose(f);
    return read == 1 ? limit : UINT64_MAX;
}

/*
 * Returns the smallest limit of a group and of those above it. In a container, the paths of the groups may be those of
 * the host, which are not there; then the folder itself is the container's group.
 */
static uint64_t limit_up_from(const char *folder, const char *group, const char *file) {
    char path[PATH_MAX];
    uint64_t limit = UINT64_MAX;
    size_t length = strlen(group);
    for (;;) {
        int size = snprintf(path, sizeof path, "%s%.*s/%s", folder, (int)length, group, file);
        if (size > 0 && (size_t)size < sizeof path) {
            limit = min_u64(limit, read_limit(path));
        }
        if (length == 0) {
            return limit;
        }
        while (length > 0 && group[--length] != '/') {
        }
    }
}

/* A line is "NUMBER:CONTROLLERS:PATH". Version 2 has the number 0 and no controllers. */
static uint64_t limit_of_line(char *line, const char *mount) {
    char folder[PATH_MAX];
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (group == NULL) {
        return UINT64_MAX;
    }
    *group++ = '\0';
    if (controllers[1] != '\0') {
        (void)snprintf(folder, sizeof folder, "%s/memory", mount);
        bool memory = strcmp(controllers + 1, "memory") == 0;
        return memory ? limit_up_from(folder, group, "memory.limit_in_bytes") : UINT64_MAX;
    }
    (void)snprintf(folder, sizeof folder, "%s/unified", mount);
    return min_u64(limit_up_from(mount, group, "memory.max"), limit_up_from(folder, group, "memory.max"));
}

uint64_t llmp_os_group_limit(const char *membership, const char *mount) {
    char line[PATH_MAX];
    uint64_t limit = UINT64_MAX;
    FILE *f = fopen(membership, "re");
    if (f == NULL) {
        return UINT64_MAX;
    }
    while (fgets(line, sizeof line, f) != NULL) {
        limit = min_u64(limit, limit_of_line(line, mount));
    }
    (void)fclose(f);
    return limit;
}

/* ---------------------------------------------------------------- this process */

static uint64_t machine_memory(void) {
    long pages = sysconf(_SC_PHYS_PAGES);
    long bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && bytes > 0 ? (uint64_t)pages * (uint64_t)bytes : UINT64_MAX;
}

static uint64_t memory_size;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void measure(void) {
    memory_size = min_u64(machine_memory(), llmp_os_group_limit("/proc/self/cgroup", "/sys/fs/cgroup"));
}

uint64_t llmp_os_memory_size(void) {
    (void)pthread_once(&once, measure);
    return memory_size;
}

uint64_t llmp_os_free_space(const char *path) {
    struct statvfs system;
    int rc;
    do {
        rc = statvfs(path, &system);
    } while (rc != 0 && errno == EINTR);
    /* A tmpfs that was mounted without a limit has no blocks. */
    return rc == 0 && system.f_blocks != 0 ? (uint64_t)system.f_bavail * system.f_frsize : UINT64_MAX;
}
