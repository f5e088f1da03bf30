/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "oracle/segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

static bool sysv_exists(const struct lc_desc *desc) {
    struct shmid_ds stat;
    int shmid = lc_id_number(desc);
    return shmid >= 0 && shmctl(shmid, IPC_STAT, &stat) == 0;
}

static bool posix_exists(const struct lc_desc *desc) {
    int fd = lc_id_is_name(desc) ? shm_open((const char *)desc->id, O_RDONLY, 0) : -1;
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

static bool memfd_exists(const struct lc_desc *desc, pid_t owner) {
    char path[LC_FD_PATH];
    struct stat found;
    return lc_id_fd_path(desc, owner, path) && stat(path, &found) == 0 && S_ISREG(found.st_mode);
}

bool lc_segment_is_marked(enum lc_provider provider, const struct lc_desc *desc) {
    struct shmid_ds segment;
    int number = provider == LC_SYSV ? lc_id_number(desc) : -1;
    return number >= 0 && shmctl(number, IPC_STAT, &segment) == 0 && (segment.shm_perm.mode & SHM_DEST) != 0;
}

bool lc_segment_exists(enum lc_provider provider, const struct lc_desc *desc, pid_t owner) {
    switch (provider) {
    case LC_SYSV: return sysv_exists(desc);
    case LC_POSIX: return posix_exists(desc);
    case LC_MEMFD: return memfd_exists(desc, owner);
    default: return false;
    }
}
