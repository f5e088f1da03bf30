/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Anonymous files (ID-3). An id is a descriptor number: it means something only to those who inherited it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shmem/prepare.h"
#include "shmem/provider.h"

static int make_file(unsigned flags, bool huge) {
    unsigned how = (flags & LLMP_SHMEM_CLOEXEC ? MFD_CLOEXEC : 0) | (flags & LLMP_SHMEM_SEAL ? MFD_ALLOW_SEALING : 0);
    int fd = memfd_create("llmp", how | (huge ? MFD_HUGETLB : 0));
    return fd < 0 ? -errno : fd;
}

/* Reserves, seals and maps; the seals come after the size is settled, and before anyone else has the descriptor. */
static int fill_file(struct llmp_shmem *map, int fd, size_t size) {
    int rc = llmp_shmem_file_reserve(fd, size);
    if (rc == 0 && (map->flags & LLMP_SHMEM_SEAL) &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        rc = -errno;
    }
    struct stat st;
    if (rc == 0) {
        rc = llmp_shmem_file_stat(fd, &st);
    }
    if (rc == 0) {
        map->inode = st.st_ino;
        map->size = size;
        rc = llmp_shmem_file_map(map, fd);
    }
    return rc;
}

static int try_create(struct llmp_shmem *map, size_t size, bool huge) {
    int fd = make_file(map->flags, huge);
    if (fd < 0) {
        return fd;
    }
    int rc = fill_file(map, fd, size);
    if (rc != 0) {
        (void)close(fd);
        return rc;
    }
    map->fd = fd;
    llmp_shmem_id_from_number(&map->id, fd);
    return 0;
}

static int memfd_create_map(struct llmp_shmem *map, const llmp_shmem_options *options) {
    if (map->flags & LLMP_SHMEM_HUGE_PAGES) {
        const size_t asked = map->size;
        size_t huge = llmp_shmem_huge_page_size();
        if (huge != 0 && try_create(map, llmp_shmem_round_up(asked, huge), true) == 0) {
            return 0;
        }
        llmp_shmem_warn(options, "memfd: no huge pages to be had, using ordinary ones");
        map->flags &= ~(unsigned)LLMP_SHMEM_HUGE_PAGES;
        map->size = asked;
    }
    return try_create(map, map->size, false);
}

/*
 * A number from a peer may name anything this process has open, and an ordinary file must not be mapped and written to.
 * Only files in memory know seals, and of those only the anonymous ones have no name.
 */
static int check_kind(int fd, struct stat *st) {
    int rc = llmp_shmem_file_stat(fd, st);
    if (rc == 0 && (st->st_nlink != 0 || fcntl(fd, F_GET_SEALS) < 0)) {
        rc = -LLMP_E_ID_KIND;
    }
    return rc;
}

/* The size has to be exactly the one described (ID-3). The number stays the peer's; the mapping needs none of its own. */
static int memfd_open(struct llmp_shmem *map, const llmp_shmem_id *id) {
    int fd;
    int rc = llmp_shmem_id_number(id, &fd);
    if (rc != 0) {
        return rc;
    }
    struct stat st;
    rc = check_kind(fd, &st);
    if (rc != 0) {
        return rc;
    }
    map->inode = st.st_ino;
    return (uint64_t)st.st_size != map->size ? -LLMP_E_SIZE_CLAIM : llmp_shmem_file_map(map, fd);
}

static void memfd_close(struct llmp_shmem *map, bool remove) {
    (void)remove;
    (void)munmap(map->data, map->size);
    if (map->fd >= 0) {
        (void)close(map->fd);
    }
}

const llmp_shmem_provider llmp_shmem_memfd = {
    .name = "memfd",
    .summary = "anonymous memory files (memfd_create): for processes that inherit or are passed the descriptor",
    .scope = LLMP_SCOPE_DESCRIPTOR,
    .create = memfd_create_map,
    .open = memfd_open,
    .close = memfd_close,
};
