/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Shared memory by bare system calls. */
#include "baselines/map_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

struct raw_provider {
    const char *name;
    int (*create)(struct raw_map *map);
    int (*open)(const struct raw_map *original, struct raw_map *map);
    void (*close)(struct raw_map *map);
};

static int sysv_attach(struct raw_map *map) {
    map->memory = shmat(map->handle, NULL, 0);
    return map->memory != (void *)-1 ? 0 : -1;
}

static int sysv_create(struct raw_map *map) {
    map->handle = shmget(IPC_PRIVATE, map->size, IPC_CREAT | IPC_EXCL | 0600);
    if (map->handle < 0) {
        return -1;
    }
    if (sysv_attach(map) != 0) {
        shmctl(map->handle, IPC_RMID, NULL);
        return -1;
    }
    return 0;
}

static int sysv_open(const struct raw_map *original, struct raw_map *map) {
    map->handle = original->handle;
    return sysv_attach(map);
}

static void sysv_close(struct raw_map *map) {
    shmdt(map->memory);
    if (map->owner) {
        shmctl(map->handle, IPC_RMID, NULL);
    }
}

static int map_descriptor(struct raw_map *map) {
    map->memory = mmap(NULL, map->size, PROT_READ | PROT_WRITE, MAP_SHARED, map->handle, 0);
    return map->memory != MAP_FAILED ? 0 : -1;
}

/* Size and space; the descriptor is closed when there is none. */
static int fill_descriptor(struct raw_map *map) {
    int rc = map->handle < 0 ? errno : 0;
    if (rc == 0 && ftruncate(map->handle, (off_t)map->size) != 0) {
        rc = errno;
    }
    if (rc == 0) {
        rc = posix_fallocate(map->handle, 0, (off_t)map->size);
    }
    if (rc == 0 && map_descriptor(map) != 0) {
        rc = errno;
    }
    if (rc != 0 && map->handle >= 0) {
        close(map->handle);
    }
    errno = rc;
    return rc == 0 ? 0 : -1;
}

static void close_descriptor(struct raw_map *map) {
    munmap(map->memory, map->size);
    close(map->handle);
}

static int posix_create(struct raw_map *map) {
    static unsigned count;
    snprintf(map->name, sizeof map->name, "/llmpbench_%d_%u", (int)getpid(), count++);
    map->handle = shm_open(map->name, O_CREAT | O_RDWR | O_EXCL, 0600);
    int rc = fill_descriptor(map);
    if (rc != 0 && map->handle >= 0) {
        shm_unlink(map->name);
    }
    return rc;
}

static int posix_open(const struct raw_map *original, struct raw_map *map) {
    map->handle = shm_open(original->name, O_RDWR, 0);
    if (map->handle < 0) {
        return -1;
    }
    return map_descriptor(map);
}

static void posix_close(struct raw_map *map) {
    close_descriptor(map);
    if (map->owner) {
        shm_unlink(map->name);
    }
}

static int memfd_make(struct raw_map *map) {
    map->handle = memfd_create("llmpbench", 0);
    return fill_descriptor(map);
}

static int memfd_open(const struct raw_map *original, struct raw_map *map) {
    map->handle = original->handle;
    return map_descriptor(map);
}

static void memfd_close(struct raw_map *map) {
    munmap(map->memory, map->size);
    if (map->owner) {
        close(map->handle);
    }
}

static const struct raw_provider providers[] = {
    {"sysv", sysv_create, sysv_open, sysv_close},
    {"posix", posix_create, posix_open, posix_close},
    {"memfd", memfd_make, memfd_open, memfd_close},
};

const struct raw_provider *raw_provider_find(const char *name) {
    for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++) {
        if (strcmp(providers[i].name, name) == 0) {
            return &providers[i];
        }
    }
    return NULL;
}

int raw_map_create(const struct raw_provider *provider, size_t size, struct raw_map *map) {
    *map = (struct raw_map){.provider = provider, .size = size, .owner = true, .handle = -1};
    return provider->create(map);
}

int raw_map_open(const struct raw_map *original, struct raw_map *map) {
    *map = (struct raw_map){.provider = original->provider, .size = original->size, .handle = -1};
    return map->provider->open(original, map);
}

void raw_map_close(struct raw_map *map) {
    map->provider->close(map);
}
