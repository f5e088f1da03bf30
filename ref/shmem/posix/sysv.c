/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * System V segments: LibAFL's default on Linux (ID-3).
 *
 * Linux still attaches a segment that is marked for removal while anyone is attached to it. So the owner marks it at
 * once, and the kernel removes it with its last holder, however they die (ID-4).
 */
#include <errno.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include "shmem/prepare.h"
#include "shmem/provider.h"

#define NOT_ATTACHED ((void *)-1)

static int get_segment(struct llmp_shmem *map, const llmp_shmem_options *options) {
    const int mode = IPC_CREAT | IPC_EXCL | 0600;
    map->flags &= ~(unsigned)(LLMP_SHMEM_SEAL | LLMP_SHMEM_CLOEXEC);
    size_t huge = map->flags & LLMP_SHMEM_HUGE_PAGES ? llmp_shmem_huge_page_size() : 0;
    if (huge != 0) {
        size_t size = llmp_shmem_round_up(map->size, huge);
        int id = shmget(IPC_PRIVATE, size, mode | SHM_HUGETLB);
        if (id >= 0) {
            map->size = size;
            return id;
        }
    }
    if (map->flags & LLMP_SHMEM_HUGE_PAGES) {
        llmp_shmem_warn(options, "sysv: no huge pages to be had, using ordinary ones");
        map->flags &= ~(unsigned)LLMP_SHMEM_HUGE_PAGES;
    }
    return shmget(IPC_PRIVATE, map->size, mode);
}

static int sysv_create(struct llmp_shmem *map, const llmp_shmem_options *options) {
    int id = get_segment(map, options);
    if (id < 0) {
        return -errno;
    }
    map->data = shmat(id, NULL, 0);
    int rc = map->data == NOT_ATTACHED ? -errno : 0;
    (void)shmctl(id, IPC_RMID, NULL);
    llmp_shmem_id_from_number(&map->id, id);
    return rc;
}

static int no_segment_or(int number) {
    return number == EINVAL || number == EIDRM ? -LLMP_E_NO_SEGMENT : -number;
}

static int sysv_open(struct llmp_shmem *map, const llmp_shmem_id *id) {
    int number;
    int rc = llmp_shmem_id_number(id, &number);
    if (rc != 0) {
        return rc;
    }
    /* Attach first: a segment that is attached keeps its size and cannot be another one at the next call. */
    map->data = shmat(number, NULL, 0);
    if (map->data == NOT_ATTACHED) {
        return no_segment_or(errno);
    }
    struct shmid_ds segment;
    rc = shmctl(number, IPC_STAT, &segment) != 0 ? no_segment_or(errno) : 0;
    if (rc == 0 && segment.shm_segsz < map->size) {
        rc = -LLMP_E_SIZE_CLAIM;
    }
    if (rc != 0) {
        (void)shmdt(map->data);
    }
    return rc;
}

/* Removal was settled at creation. */
static void sysv_close(struct llmp_shmem *map, bool remove) {
    (void)remove;
    (void)shmdt(map->data);
}

static bool sysv_is_orphan(const struct llmp_shmem *map) {
    struct shmid_ds segment;
    int number;
    return llmp_shmem_id_number(&map->id, &number) == 0 && shmctl(number, IPC_STAT, &segment) == 0 &&
           segment.shm_nattch <= 1;
}

static void sysv_reap(const struct llmp_shmem *map) {
    int number;
    if (llmp_shmem_id_number(&map->id, &number) == 0) {
        (void)shmctl(number, IPC_RMID, NULL);
    }
}

const llmp_shmem_provider llmp_shmem_sysv = {
    .name = "sysv",
    .summary = "System V segments (shmget, shmat): LibAFL's default on Linux",
    .scope = LLMP_SCOPE_SYSTEM,
    .create = sysv_create,
    .open = sysv_open,
    .close = sysv_close,
    .is_orphan = sysv_is_orphan,
    .reap = sysv_reap,
};
