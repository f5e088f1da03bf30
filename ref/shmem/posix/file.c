/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "shmem/posix/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* A signal interrupts a reservation, and the kernel undoes it. With a running timer, only small steps complete. */
#define STEP ((size_t)1 << 20)

static int reserve_step(int fd, size_t offset, size_t size) {
    int rc;
    do {
        rc = posix_fallocate(fd, (off_t)offset, (off_t)size);
    } while (rc == EINTR);
    return -rc;
}

/* Checked first, because exceeding the limit raises SIGXFSZ, which ends the process by default. */
static bool is_over_limit(size_t size) {
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && size > limit.rlim_cur;
}

/*
 * Reserving replaces ftruncate(): a full file system is an error here instead of a SIGBUS at a later access. The mode
 * must be set because the umask changed that of a named file, and a memfd is created with 0777.
 */
int llmp_shmem_file_reserve(int fd, size_t size) {
    if (is_over_limit(size)) {
        return -EFBIG;
    }
    int rc = fchmod(fd, 0600) != 0 ? -errno : 0;
    for (size_t done = 0; rc == 0 && done < size; done += STEP) {
        rc = reserve_step(fd, done, size - done < STEP ? size - done : STEP);
    }
    return rc;
}

int llmp_shmem_file_stat(int fd, struct stat *st) {
    if (fstat(fd, st) != 0) {
        return errno == EBADF ? -LLMP_E_NO_SEGMENT : -errno;
    }
    return S_ISREG(st->st_mode) ? 0 : -LLMP_E_ID_KIND;
}

/* Files of different file systems can have the same number. */
uint64_t llmp_shmem_file_identity(const struct stat *st) {
    return (uint64_t)st->st_dev << 40 ^ (uint64_t)st->st_ino;
}

int llmp_shmem_file_map(struct llmp_shmem *map, int fd) {
    map->data = mmap(NULL, map->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return map->data == MAP_FAILED ? -errno : 0;
}
