/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "suite/runner/system.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STDERR_TAIL = 4096 };

/* ---------------------------------------------------------------- network */

static void write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, text, strlen(text)); /* without the mapping the loopback works as well */
        (void)close(fd);
    }
}

static void map_user(uid_t uid, gid_t gid) {
    char line[64];
    write_file("/proc/self/setgroups", "deny");
    snprintf(line, sizeof line, "%u %u 1", (unsigned)uid, (unsigned)uid);
    write_file("/proc/self/uid_map", line);
    snprintf(line, sizeof line, "%u %u 1", (unsigned)gid, (unsigned)gid);
    write_file("/proc/self/gid_map", line);
}

static const char *loopback_up(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error = fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0 ? errno : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return error != 0 ? strerror(error) : NULL;
}

const char *lc_enter_network_namespace(void) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(CLONE_NEWNET | (uid == 0 ? 0 : CLONE_NEWUSER)) != 0) {
        return strerror(errno);
    }
    if (uid != 0) {
        map_user(uid, gid);
    }
    return loopback_up();
}

/* ---------------------------------------------------------------- processes */

static pid_t parent_of(const char *pid) {
    char path[64], line[512];
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    char *name_end = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
    if (name_end == NULL || sscanf(name_end, ") %*c %d", &parent) != 1) {
        parent = 0;
    }
    (void)fclose(file);
    return parent;
}

void lc_kill_children(void) {
    struct dirent *entry;
    DIR *all = opendir("/proc");
    while (all != NULL && (entry = readdir(all)) != NULL) {
        if (entry->d_name[strspn(entry->d_name, "0123456789")] == '\0' && parent_of(entry->d_name) == getpid()) {
            (void)kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
        }
    }
    if (all != NULL) {
        (void)closedir(all);
    }
}

char *lc_process_stderr(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/2", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    char *tail = size < 0 ? NULL : calloc(1, STDERR_TAIL + 1);
    if (tail != NULL && pread(fd, tail, STDERR_TAIL, size > STDERR_TAIL ? size - STDERR_TAIL : 0) < 0) {
        tail[0] = '\0';
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return tail;
}

/* ---------------------------------------------------------------- shared memory */

static bool contains(const pid_t *pids, size_t count, long pid) {
    for (size_t i = 0; i < count; i++) {
        if (pids[i] == pid) {
            return true;
        }
    }
    return false;
}

static void remove_segments(const pid_t *pids, size_t count) {
    char line[512];
    FILE *file = fopen("/proc/sysvipc/shm", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        int id;
        long creator;
        if (sscanf(line, "%*d %d %*o %*u %ld", &id, &creator) == 2 && contains(pids, count, creator)) {
            (void)shmctl(id, IPC_RMID, NULL);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

/* ID-3: the name of a posix map contains the id of the process that created it. */
static void remove_names(const pid_t *pids, size_t count) {
    struct dirent *entry;
    DIR *all = opendir("/dev/shm");
    while (all != NULL && (entry = readdir(all)) != NULL) {
        long creator;
        if (sscanf(entry->d_name, "libafl_%ld_", &creator) == 1 && contains(pids, count, creator)) {
            (void)shm_unlink(entry->d_name);
        }
    }
    if (all != NULL) {
        (void)closedir(all);
    }
}

void lc_remove_leftovers(const pid_t *pids, size_t count) {
    remove_segments(pids, count);
    remove_names(pids, count);
}
