/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Named shared-memory files, "mmap" in LibAFL (ID-3). A name outlives its process: see owner.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "os/os.h"
#include "shmem/posix/file.h"
#include "shmem/posix/owner.h"
#include "shmem/posix/providers.h"

/* LibAFL truncates its names to 19 characters. These names fit, so that id and name are equal. */
static void make_name(char *name, size_t size) {
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    unsigned char random[LLMP_OWNER_RANDOM];
    llmp_os_random(random, sizeof random);
    int used = snprintf(name, size, "/libafl_%d_%c", (int)getpid(), 'a' + random[0] % 26);
    for (size_t i = 1; i < sizeof random && (size_t)used + 1 < size; i++) {
        name[used++] = digits[random[i] % (sizeof digits - 1)];
        name[used] = '\0';
    }
}

static int create_file(llmp_shmem_id *id) {
    for (int attempt = 0; attempt < 1000; attempt++) {
        memset(id->bytes, 0, sizeof id->bytes);
        make_name(id->bytes, sizeof id->bytes);
        int fd = shm_open(id->bytes, O_CREAT | O_EXCL | O_RDWR, 0600);
        if (fd >= 0 || errno != EEXIST) {
            return fd >= 0 ? fd : -errno;
        }
    }
    return -EEXIST;
}

static int posix_create(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_options *options) {
    (void)self;
    if ((map->flags & LLMP_SHMEM_HUGE_PAGES) != 0) {
        llmp_shmem_warn(options, "posix: named files have no huge pages, using ordinary pages");
    }
    map->flags &= LLMP_SHMEM_PREFAULT | LLMP_SHMEM_LOCK;
    int rc = llmp_owner_register();
    if (rc != 0) {
        return rc;
    }
    int fd = create_file(&map->id);
    if (fd < 0) {
        return fd;
    }
    struct stat st;
    rc = llmp_shmem_file_reserve(fd, map->size);
    if (rc == 0) {
        rc = llmp_shmem_file_stat(fd, &st);
    }
    if (rc == 0) {
        map->identity = st.st_ino;
        rc = llmp_shmem_file_map(map, fd);
    }
    if (rc != 0) {
        (void)shm_unlink(map->id.bytes);
    }
    (void)close(fd);
    return rc;
}

static bool is_valid_name(const char *name) {
    return name[0] == '/' && name[1] != '\0' && strchr(name + 1, '/') == NULL && strcmp(name, "/.") != 0 &&
           strcmp(name, "/..") != 0;
}

static int map_existing(struct llmp_shmem *map, int fd) {
    struct stat st;
    int rc = llmp_shmem_file_stat(fd, &st);
    if (rc != 0) {
        return rc;
    }
    map->identity = st.st_ino;
    return (uint64_t)st.st_size < map->size ? -LLMP_E_SIZE_CLAIM : llmp_shmem_file_map(map, fd);
}

/* shm_open() fails with these codes for a link, a socket and a directory (EISDIR or EINVAL). */
static int open_error(int number) {
    switch (number) {
    case ENOENT: return -LLMP_E_NO_SEGMENT;
    case ELOOP:
    case ENXIO:
    case EISDIR:
    case EINVAL: return -LLMP_E_ID_KIND;
    default: return -number;
    }
}

static int posix_open(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_id *id) {
    (void)self;
    if (!is_valid_name(id->bytes)) {
        return -LLMP_E_ID_NAME;
    }
    int fd = shm_open(id->bytes, O_RDWR, 0);
    if (fd < 0) {
        return open_error(errno);
    }
    int rc = map_existing(map, fd);
    (void)close(fd);
    return rc;
}

static bool has_dead_owner(const struct llmp_shmem *map, pid_t *owner) {
    return llmp_owner_parse(map->id.bytes, owner) && !llmp_owner_alive(*owner);
}

static bool posix_is_orphan(const llmp_shmem_provider *self, const struct llmp_shmem *map) {
    (void)self;
    pid_t owner;
    return has_dead_owner(map, &owner);
}

static void posix_close(const llmp_shmem_provider *self, struct llmp_shmem *map, bool remove) {
    (void)self;
    (void)munmap(map->data, map->size);
    pid_t owner;
    if (remove) {
        (void)shm_unlink(map->id.bytes);
    } else if (has_dead_owner(map, &owner)) {
        llmp_owner_sweep(owner);
    }
}

const llmp_shmem_provider llmp_shmem_posix = {
    .name = "posix",
    .summary = "named memory files (shm_open, mmap): \"mmap\" in LibAFL",
    .scope = LLMP_SCOPE_SYSTEM,
    .create = posix_create,
    .open = posix_open,
    .close = posix_close,
    .is_orphan = posix_is_orphan,
};
