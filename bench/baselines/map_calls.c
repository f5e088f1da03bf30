/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Shared memory by bare system calls. */
#include "baselines/map_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

/* All functions return 0 or -errno. */
struct map_handle {
    void *memory;
    size_t size;
    int id; /* shmid or file descriptor */
    bool owner;
    char name[40]; /* posix */
};

_Static_assert(sizeof(struct map_handle) <= MAP_HANDLE_SIZE, "callers allocate MAP_HANDLE_SIZE bytes");

static const char *error_name(int rc) {
    return strerror(-rc);
}

static int sysv_attach(struct map_handle *map) {
    map->memory = shmat(map->id, NULL, 0);
    return map->memory != (void *)-1 ? 0 : -errno;
}

static int sysv_create(const void *context, size_t size, struct map_handle *map) {
    *map = (struct map_handle){.size = size, .owner = true, .id = -1};
    (void)context;
    map->id = shmget(IPC_PRIVATE, map->size, IPC_CREAT | IPC_EXCL | 0600);
    if (map->id < 0) {
        return -errno;
    }
    int rc = sysv_attach(map);
    if (rc != 0) {
        shmctl(map->id, IPC_RMID, NULL);
    }
    return rc;
}

static int sysv_open(const void *context, const struct map_handle *original, struct map_handle *map) {
    *map = (struct map_handle){.size = original->size, .id = -1};
    (void)context;
    map->id = original->id;
    return sysv_attach(map);
}

static void sysv_close(struct map_handle *map) {
    shmdt(map->memory);
    if (map->owner) {
        shmctl(map->id, IPC_RMID, NULL);
    }
}

static int map_descriptor(struct map_handle *map) {
    map->memory = mmap(NULL, map->size, PROT_READ | PROT_WRITE, MAP_SHARED, map->id, 0);
    return map->memory != MAP_FAILED ? 0 : -errno;
}

/* Sets the size, reserves the memory and maps it. */
static int fill_descriptor(struct map_handle *map) {
    if (ftruncate(map->id, (off_t)map->size) != 0) {
        return -errno;
    }
    int rc = -posix_fallocate(map->id, 0, (off_t)map->size);
    return rc != 0 ? rc : map_descriptor(map);
}

static int posix_create(const void *context, size_t size, struct map_handle *map) {
    static unsigned count;
    *map = (struct map_handle){.size = size, .owner = true, .id = -1};
    (void)context;
    snprintf(map->name, sizeof map->name, "/llmpbench_%d_%u", (int)getpid(), count++);
    map->id = shm_open(map->name, O_CREAT | O_RDWR | O_EXCL, 0600);
    if (map->id < 0) {
        return -errno;
    }
    int rc = fill_descriptor(map);
    if (rc != 0) {
        close(map->id);
        shm_unlink(map->name);
    }
    return rc;
}

static int posix_open(const void *context, const struct map_handle *original, struct map_handle *map) {
    *map = (struct map_handle){.size = original->size, .id = -1};
    (void)context;
    map->id = shm_open(original->name, O_RDWR, 0);
    return map->id >= 0 ? map_descriptor(map) : -errno;
}

static void posix_close(struct map_handle *map) {
    munmap(map->memory, map->size);
    close(map->id);
    if (map->owner) {
        shm_unlink(map->name);
    }
}

static int memfd_create_map(const void *context, size_t size, struct map_handle *map) {
    *map = (struct map_handle){.size = size, .owner = true, .id = -1};
    (void)context;
    map->id = memfd_create("llmpbench", 0);
    if (map->id < 0) {
        return -errno;
    }
    int rc = fill_descriptor(map);
    if (rc != 0) {
        close(map->id);
    }
    return rc;
}

static int memfd_open(const void *context, const struct map_handle *original, struct map_handle *map) {
    *map = (struct map_handle){.size = original->size, .id = -1};
    (void)context;
    map->id = original->id;
    return map_descriptor(map);
}

static void memfd_close(struct map_handle *map) {
    munmap(map->memory, map->size);
    if (map->owner) {
        close(map->id);
    }
}

static const struct map_calls {
    const char *transport;
    struct map_ops ops;
} all_calls[] = {
    {"sysv", {sysv_create, sysv_open, sysv_close, error_name}},
    {"posix", {posix_create, posix_open, posix_close, error_name}},
    {"memfd", {memfd_create_map, memfd_open, memfd_close, error_name}},
};

const struct map_ops *map_calls_find(const char *transport) {
    for (size_t i = 0; i < sizeof all_calls / sizeof all_calls[0]; i++) {
        if (strcmp(all_calls[i].transport, transport) == 0) {
            return &all_calls[i].ops;
        }
    }
    return NULL;
}
