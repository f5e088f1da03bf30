/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Anonymous files (ID-3). An id is a descriptor number, valid only in processes that inherited the descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shmem/posix/file.h"
#include "shmem/posix/providers.h"
#include "shmem/prepare.h"

static int create_file(unsigned flags, bool huge) {
    unsigned how = huge ? MFD_HUGETLB : 0;
    how |= (flags & LLMP_SHMEM_CLOEXEC) != 0 ? MFD_CLOEXEC : 0;
    how |= (flags & LLMP_SHMEM_SEAL) != 0 ? MFD_ALLOW_SEALING : 0;
    int fd = memfd_create("llmp", how);
    return fd < 0 ? -errno : fd;
}

/* Reserves, seals and maps. Seals are added once the size is final, before another process has the descriptor. */
static int fill_file(struct llmp_shmem *map, int fd, size_t size) {
    int rc = llmp_shmem_file_reserve(fd, size);
    if (rc == 0 && (map->flags & LLMP_SHMEM_SEAL) != 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        rc = -errno;
    }
    struct stat st;
    if (rc == 0) {
        rc = llmp_shmem_file_stat(fd, &st);
    }
    if (rc == 0) {
        map->identity = llmp_shmem_file_identity(&st);
        map->size = size;
        rc = llmp_shmem_file_map(map, fd);
    }
    return rc;
}

static int try_create(struct llmp_shmem *map, size_t size, bool huge) {
    int fd = create_file(map->flags, huge);
    if (fd < 0) {
        return fd;
    }
    int rc = fill_file(map, fd, size);
    if (rc != 0) {
        (void)close(fd);
        return rc;
    }
    map->handle = fd;
    llmp_shmem_id_from_number(&map->id, fd);
    return 0;
}

static int memfd_create_map(const llmp_shmem_provider *self, struct llmp_shmem *map,
                            const llmp_shmem_options *options) {
    (void)self;
    if ((map->flags & LLMP_SHMEM_HUGE_PAGES) != 0) {
        const size_t requested = map->size;
        size_t huge = llmp_shmem_huge_page_size();
        if (huge != 0 && try_create(map, llmp_shmem_round_up(requested, huge), true) == 0) {
            return 0;
        }
        llmp_shmem_warn(options, "memfd: no huge pages available, using ordinary pages");
        map->flags &= ~(unsigned)LLMP_SHMEM_HUGE_PAGES;
        map->size = requested;
    }
    return try_create(map, map->size, false);
}

/*
 * A number from a peer may name any descriptor of this process. A regular file on disk must not be mapped and written
 * to. Only files in memory have seals, and of those only the anonymous ones have no link.
 */
static int check_kind(int fd, struct stat *st) {
    int rc = llmp_shmem_file_stat(fd, st);
    if (rc == 0 && (st->st_nlink != 0 || fcntl(fd, F_GET_SEALS) < 0)) {
        rc = -LLMP_E_ID_KIND;
    }
    return rc;
}

/* The size must equal the description's (ID-3). The map needs no descriptor, so `fd` is neither copied nor closed. */
static int memfd_open(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_id *id) {
    (void)self;
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
    map->identity = llmp_shmem_file_identity(&st);
    return (uint64_t)st.st_size != map->size ? -LLMP_E_SIZE_CLAIM : llmp_shmem_file_map(map, fd);
}

/* In this process: a descriptor means nothing in others, unless they inherited it. */
static bool memfd_is_reachable(const llmp_shmem_provider *self, const struct llmp_shmem *map) {
    (void)self;
    struct stat st;
    int fd;
    return llmp_shmem_id_number(&map->id, &fd) == 0 && check_kind(fd, &st) == 0 &&
           llmp_shmem_file_identity(&st) == map->identity;
}

static void memfd_close(const llmp_shmem_provider *self, struct llmp_shmem *map, bool remove) {
    (void)self;
    (void)remove;
    (void)munmap(map->data, map->size);
    if (map->handle != LLMP_SHMEM_NO_HANDLE) {
        (void)close((int)map->handle);
    }
}

const llmp_shmem_provider llmp_shmem_memfd = {
    .name = "memfd",
    .summary = "anonymous memory files (memfd_create), for processes that inherit or receive the descriptor",
    .scope = LLMP_SCOPE_DESCRIPTOR,
    .create = memfd_create_map,
    .open = memfd_open,
    .close = memfd_close,
    .is_reachable = memfd_is_reachable,
};
