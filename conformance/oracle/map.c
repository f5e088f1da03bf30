/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The size of a segment always comes from the system, never from a description. */
#include "oracle/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const lc_provider_names[LC_PROVIDERS] = {
    [LC_SYSV] = "sysv",
    [LC_POSIX] = "posix",
    [LC_MEMFD] = "memfd",
};

int lc_provider_by_name(const char *name) {
    for (int i = 0; i < LC_PROVIDERS; i++) {
        if (strcmp(name, lc_provider_names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

/* ---------------------------------------------------------------- mapping a segment */

static int attach(struct lc_map *map, int shmid) {
    struct shmid_ds stat;
    if (shmctl(shmid, IPC_STAT, &stat) != 0) {
        return -errno;
    }
    void *base = shmat(shmid, NULL, 0);
    if (base == (void *)-1) {
        return -errno;
    }
    map->base = base;
    map->size = stat.shm_segsz;
    return 0;
}

static int map_fd(struct lc_map *map, int fd) {
    struct stat stat;
    if (fstat(fd, &stat) != 0) {
        return -errno;
    }
    if (!S_ISREG(stat.st_mode) || stat.st_size <= 0) {
        return -EINVAL;
    }
    void *base = mmap(NULL, (size_t)stat.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) {
        return -errno;
    }
    map->base = base;
    map->size = (size_t)stat.st_size;
    map->fd = fd;
    return 0;
}

/* Takes ownership of the descriptor; closes it on an error. */
static int map_opened(struct lc_map *map, int fd) {
    if (fd < 0) {
        return -errno;
    }
    int rc = map_fd(map, fd);
    if (rc != 0) {
        (void)close(fd);
    }
    return rc;
}

static void reset(struct lc_map *map, enum lc_provider provider) {
    memset(map, 0, sizeof *map);
    map->provider = provider;
    map->fd = -1;
}

/* ---------------------------------------------------------------- creating */

static int create_sysv(struct lc_map *map, size_t size, char id[LC_ID_BYTES]) {
    int shmid = shmget(IPC_PRIVATE, size, IPC_CREAT | IPC_EXCL | 0600);
    if (shmid < 0) {
        return -errno;
    }
    int rc = attach(map, shmid);
    if (rc != 0) {
        (void)shmctl(shmid, IPC_RMID, NULL);
        return rc;
    }
    snprintf(id, LC_ID_BYTES, "%d", shmid);
    return 0;
}

static int map_sized(struct lc_map *map, int fd, size_t size) {
    if (ftruncate(fd, (off_t)size) != 0) {
        int rc = -errno;
        (void)close(fd);
        return rc;
    }
    return map_opened(map, fd);
}

/* The name contains this process's id, by which the runner finds and removes leftovers. */
static int open_new_name(char id[LC_ID_BYTES]) {
    static atomic_uint made;
    for (int tries = 0; tries < 0x1000; tries++) {
        snprintf(id, LC_ID_BYTES, "/libafl_%d_%u", (int)getpid(), atomic_fetch_add(&made, 1) % 100000);
        int fd = shm_open(id, O_CREAT | O_EXCL | O_RDWR, 0600);
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

static int create_posix(struct lc_map *map, size_t size, char id[LC_ID_BYTES]) {
    int fd = open_new_name(id);
    if (fd < 0) {
        return -errno;
    }
    int rc = map_sized(map, fd, size);
    if (rc != 0) {
        (void)shm_unlink(id);
    }
    return rc;
}

static int create_memfd(struct lc_map *map, size_t size, char id[LC_ID_BYTES]) {
    int fd = memfd_create("llmp-conformance", 0);
    if (fd < 0) {
        return -errno;
    }
    int rc = map_sized(map, fd, size);
    snprintf(id, LC_ID_BYTES, "%d", fd);
    return rc;
}

int lc_map_create(enum lc_provider provider, size_t size, struct lc_map *map) {
    static int (*const creators[LC_PROVIDERS])(struct lc_map *, size_t, char[LC_ID_BYTES]) = {
        [LC_SYSV] = create_sysv,
        [LC_POSIX] = create_posix,
        [LC_MEMFD] = create_memfd,
    };
    char id[LC_ID_BYTES] = "";
    reset(map, provider);
    if (size == 0) {
        return -EINVAL;
    }
    int rc = creators[provider](map, size, id);
    if (rc == 0) {
        map->desc = lc_desc_of(size, id);
        map->owned = true;
    }
    return rc;
}

/* ---------------------------------------------------------------- opening */

static int open_sysv(struct lc_map *map, const struct lc_desc *desc) {
    int shmid = lc_id_number(desc);
    return shmid < 0 ? -EINVAL : attach(map, shmid);
}

static int open_posix(struct lc_map *map, const struct lc_desc *desc) {
    if (!lc_id_is_name(desc)) {
        return -EINVAL;
    }
    return map_opened(map, shm_open((const char *)desc->id, O_RDWR, 0));
}

/* Only a regular file is opened, because opening a device or a pipe may have side effects. */
static int open_memfd(struct lc_map *map, const struct lc_desc *desc, pid_t owner) {
    char path[LC_FD_PATH];
    struct stat stat_;
    if (!lc_id_fd_path(desc, owner, path)) {
        return -EINVAL;
    }
    if (stat(path, &stat_) != 0) {
        return -errno;
    }
    if (!S_ISREG(stat_.st_mode)) {
        return -EINVAL;
    }
    return map_opened(map, open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK));
}

int lc_map_open(enum lc_provider provider, const struct lc_desc *desc, pid_t owner, struct lc_map *map) {
    reset(map, provider);
    map->desc = *desc;
    switch (provider) {
    case LC_SYSV: return open_sysv(map, desc);
    case LC_POSIX: return open_posix(map, desc);
    case LC_MEMFD: return open_memfd(map, desc, owner);
    default: return -EINVAL;
    }
}

/* ---------------------------------------------------------------- truncating, removing, closing */

size_t lc_map_backed(const struct lc_map *map) {
    struct stat stat;
    if (map->base == NULL || map->fd < 0) {
        return map->base == NULL ? 0 : map->size;
    }
    if (fstat(map->fd, &stat) != 0 || stat.st_size < 0) {
        return 0;
    }
    return (size_t)stat.st_size < map->size ? (size_t)stat.st_size : map->size;
}

int lc_map_truncate(struct lc_map *map, size_t size) {
    if (map->provider == LC_SYSV) {
        return -ENOTSUP;
    }
    return ftruncate(map->fd, (off_t)size) == 0 ? 0 : -errno;
}

int lc_map_unlink(struct lc_map *map) {
    int rc = 0;
    map->owned = false;
    switch (map->provider) {
    case LC_SYSV: rc = shmctl(lc_id_number(&map->desc), IPC_RMID, NULL); break;
    case LC_POSIX: rc = shm_unlink((const char *)map->desc.id); break;
    default: break; /* a memfd has no name; it is freed with its last descriptor and map */
    }
    return rc == 0 ? 0 : -errno;
}

void lc_map_close(struct lc_map *map) {
    if (map->owned) {
        (void)lc_map_unlink(map);
    }
    if (map->base != NULL && map->provider == LC_SYSV) {
        (void)shmdt(map->base);
    } else if (map->base != NULL) {
        (void)munmap(map->base, map->size);
    }
    if (map->fd >= 0) {
        (void)close(map->fd);
    }
    map->base = NULL;
    map->size = 0;
    map->fd = -1;
}
