/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shmem_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

/* ---------------------------------------------------------------- counting */

int shmem_count_entries(const char *path, const char *prefix) {
    DIR *directory = opendir(path);
    if (directory == NULL) {
        return -1;
    }
    int count = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        bool special = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        count += !special && strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    }
    (void)closedir(directory);
    return count;
}

/* Without the descriptor that reads the folder. */
int shmem_count_fds(void) {
    return shmem_count_entries("/proc/self/fd", "") - 1;
}

int shmem_count_names(pid_t pid) {
    char prefix[32];
    (void)snprintf(prefix, sizeof prefix, "libafl_%d_", (int)pid);
    return shmem_count_entries("/dev/shm", prefix);
}

static int count_lines(const char *path, bool (*matches)(const char *line, long argument), long argument) {
    char line[512];
    int count = 0;
    FILE *f = fopen(path, "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        count += matches(line, argument);
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return count;
}

static bool is_created_by(const char *line, long pid) {
    long creator;
    return sscanf(line, "%*d %*d %*o %*u %ld", &creator) == 1 && creator == pid;
}

int shmem_count_segments(pid_t pid) {
    return count_lines("/proc/sysvipc/shm", is_created_by, pid);
}

static bool is_shared_memory(const char *line, long argument) {
    (void)argument;
    return strstr(line, "/SYSV") != NULL || strstr(line, "/dev/shm/") != NULL || strstr(line, "/memfd:") != NULL;
}

int shmem_count_maps(void) {
    return count_lines("/proc/self/maps", is_shared_memory, 0);
}

/* ---------------------------------------------------------------- segments */

bool shmem_name_exists(const llmp_shmem_desc *desc) {
    int fd = shm_open(desc->id.bytes, O_RDONLY, 0);
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

bool shmem_segment_exists(const llmp_shmem_desc *desc) {
    struct shmid_ds segment;
    return shmctl((int)strtol(desc->id.bytes, NULL, 10), IPC_STAT, &segment) == 0;
}

/* ---------------------------------------------------------------- memory */

long shmem_pages_present(const void *address, size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    long count = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < size && count >= 0; i += page) {
        uint64_t entry;
        off_t at = (off_t)(((uintptr_t)address + i) / page * sizeof entry);
        bool known = pread(fd, &entry, sizeof entry, at) == (ssize_t)sizeof entry;
        count = known ? count + (long)(entry >> 63) : -1;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return count;
}

long shmem_smaps_kib(const void *address, const char *field) {
    char line[512];
    bool here = false;
    long kib = -1;
    FILE *f = fopen("/proc/self/smaps", "re");
    while (f != NULL && kib < 0 && fgets(line, sizeof line, f) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
            here = (unsigned long)(uintptr_t)address >= from && (unsigned long)(uintptr_t)address < to;
        } else if (here && strncmp(line, field, strlen(field)) == 0 && line[strlen(field)] == ':') {
            kib = strtol(line + strlen(field) + 1, NULL, 10);
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return kib;
}

long shmem_proc_field(const char *path, const char *field) {
    char line[256];
    long value = -1;
    FILE *f = fopen(path, "re");
    while (f != NULL && value < 0 && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, field, strlen(field)) == 0) {
            value = strtol(line + strlen(field), NULL, 10);
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return value;
}
