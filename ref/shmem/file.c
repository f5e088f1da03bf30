/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What posix and memfd share: both are files that live in memory. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "shmem/provider.h"

/* Reserving takes the place of ftruncate and makes a full file system an error now instead of a SIGBUS later. */
int llmp_shmem_file_reserve(int fd, size_t size) {
    int rc;
    do {
        rc = posix_fallocate(fd, 0, (off_t)size);
    } while (rc == EINTR);
    return -rc;
}

/*
 * A descriptor number from a peer may name anything this process has open. Only shared-memory files know seals, so
 * asking for them keeps ordinary files and devices from being mapped and written to.
 */
int llmp_shmem_file_size(int fd, size_t *size) {
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return errno == EBADF ? -LLMP_E_NO_SEGMENT : -errno;
    }
    if (!S_ISREG(st.st_mode) || fcntl(fd, F_GET_SEALS) < 0) {
        return -LLMP_E_ID_KIND;
    }
    *size = (size_t)st.st_size;
    return 0;
}

int llmp_shmem_file_map(struct llmp_shmem *map, int fd) {
    map->data = mmap(NULL, map->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return map->data == MAP_FAILED ? -errno : 0;
}
