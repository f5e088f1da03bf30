/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * System V segments: LibAFL's default on Linux (ID-3).
 *
 * Linux lets a process attach a segment that is marked for removal as long as a process is attached to it. The owner
 * therefore marks it immediately after creation, and the kernel removes it with the last attachment, even if all
 * processes are killed (ID-4).
 */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include "shmem/posix/attachments.h"
#include "shmem/posix/providers.h"
#include "shmem/prepare.h"

#define NOT_ATTACHED ((void *)-1)

/* A kernel.shmall that no machine reaches: then the segments, which the kernel has to go through, need not be counted. */
#define SHMALL_NO_LIMIT (ULONG_MAX / 4096)

static int get_segment(struct llmp_shmem *map, const llmp_shmem_options *options) {
    const int mode = IPC_CREAT | IPC_EXCL | 0600;
    map->flags &= ~(unsigned)(LLMP_SHMEM_SEAL | LLMP_SHMEM_CLOEXEC);
    size_t huge = (map->flags & LLMP_SHMEM_HUGE_PAGES) != 0 ? llmp_shmem_huge_page_size() : 0;
    if (huge != 0) {
        size_t size = llmp_shmem_round_up(map->size, huge);
        int id = shmget(IPC_PRIVATE, size, mode | SHM_HUGETLB);
        if (id >= 0) {
            map->size = size;
            return id;
        }
    }
    if ((map->flags & LLMP_SHMEM_HUGE_PAGES) != 0) {
        llmp_shmem_warn(options, "sysv: no huge pages available, using ordinary pages");
        map->flags &= ~(unsigned)LLMP_SHMEM_HUGE_PAGES;
    }
    return shmget(IPC_PRIVATE, map->size, mode);
}

static int sysv_create(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_options *options) {
    (void)self;
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

static int segment_error(int number) {
    return number == EINVAL || number == EIDRM ? -LLMP_E_NO_SEGMENT : -number;
}

static int sysv_open(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_id *id) {
    (void)self;
    int number;
    int rc = llmp_shmem_id_number(id, &number);
    if (rc != 0) {
        return rc;
    }
    /* Attach before checking: the kernel cannot remove an attached segment and reuse its id. */
    map->data = shmat(number, NULL, 0);
    if (map->data == NOT_ATTACHED) {
        return segment_error(errno);
    }
    struct shmid_ds segment;
    rc = shmctl(number, IPC_STAT, &segment) != 0 ? segment_error(errno) : 0;
    if (rc == 0 && segment.shm_segsz < map->size) {
        rc = -LLMP_E_SIZE_CLAIM;
    }
    if (rc == 0) {
        rc = llmp_attachments_add(number);
    }
    if (rc != 0) {
        (void)shmdt(map->data);
    }
    return rc;
}

/*
 * `remove` needs no call: sysv_create() has marked the segment. Counted less first: another thread must not see fewer
 * attachments than this process counts.
 */
static void sysv_close(const llmp_shmem_provider *self, struct llmp_shmem *map, bool remove) {
    (void)self;
    (void)remove;
    int number;
    if (map->owner.number == 0 && llmp_shmem_id_number(&map->id, &number) == 0) {
        llmp_attachments_remove(number);
    }
    (void)shmdt(map->data);
}

/* Those that a child of this process inherited count as another holder's: the kernel does not tell them apart. */
static bool sysv_is_orphan(const llmp_shmem_provider *self, const struct llmp_shmem *map) {
    (void)self;
    struct shmid_ds segment;
    int number;
    return llmp_shmem_id_number(&map->id, &number) == 0 && shmctl(number, IPC_STAT, &segment) == 0 &&
           segment.shm_nattch <= llmp_attachments_count(number);
}

/* The kernel cannot reuse the number while this process is attached. */
static bool sysv_is_reachable(const llmp_shmem_provider *self, const struct llmp_shmem *map) {
    (void)self;
    struct shmid_ds segment;
    int number;
    return llmp_shmem_id_number(&map->id, &number) == 0 && shmctl(number, IPC_STAT, &segment) == 0;
}

static void sysv_reap(const llmp_shmem_provider *self, const struct llmp_shmem *map) {
    (void)self;
    int number;
    if (llmp_shmem_id_number(&map->id, &number) == 0) {
        (void)shmctl(number, IPC_RMID, NULL);
    }
}

/* shmget() returns ENOSPC for both limits. */
static const char *sysv_explain(const llmp_shmem_provider *self, int code) {
    (void)self;
    struct shminfo limits;
    struct shm_info used;
    if (code != -ENOSPC || shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&limits) < 0 ||
        shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&used) < 0) {
        return NULL;
    }
    return used.used_ids >= 0 && (unsigned long)used.used_ids >= limits.shmmni
               ? "System V segments are used up (kernel.shmmni)"
               : "the memory for System V segments is used up (kernel.shmall)";
}

/* The limits are kernel.shmall, and kernel.shmmni for the number of segments. */
static uint64_t sysv_room(const llmp_shmem_provider *self) {
    (void)self;
    struct shminfo limits;
    struct shm_info used;
    long page = sysconf(_SC_PAGESIZE);
    if (shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&limits) < 0 || limits.shmall >= SHMALL_NO_LIMIT ||
        shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&used) < 0 || page < 0) {
        return UINT64_MAX;
    }
    if (used.shm_tot >= limits.shmall || (unsigned long)used.used_ids >= limits.shmmni) {
        return 0;
    }
    uint64_t pages = limits.shmall - used.shm_tot;
    return pages > UINT64_MAX / (uint64_t)page ? UINT64_MAX : pages * (uint64_t)page;
}

const llmp_shmem_provider llmp_shmem_sysv = {
    .name = "sysv",
    .summary = "System V segments (shmget, shmat): LibAFL's default on Linux",
    .scope = LLMP_SCOPE_SYSTEM,
    .create = sysv_create,
    .open = sysv_open,
    .close = sysv_close,
    .is_orphan = sysv_is_orphan,
    .is_reachable = sysv_is_reachable,
    .reap = sysv_reap,
    .explain = sysv_explain,
    .room = sysv_room,
};
