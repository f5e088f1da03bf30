/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Named shared-memory files, "mmap" in LibAFL (ID-3). A name outlives its process: see owner.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "os/os.h"
#include "shmem/posix/file.h"
#include "shmem/posix/lock.h"
#include "shmem/posix/owner.h"
#include "shmem/posix/providers.h"

/* Random names collide seldom, unless a process has thousands: then it needs another token. */
static int create_named(const struct llmp_owner *owner, llmp_shmem_id *id) {
    for (int attempt = 0; attempt < 100; attempt++) {
        llmp_name_make(owner, id);
        int fd = shm_open(id->bytes, O_CREAT | O_EXCL | O_RDWR, 0600);
        if (fd >= 0 || errno != EEXIST) {
            return fd >= 0 ? fd : -errno;
        }
    }
    return -EEXIST;
}

/* Creates a file, and holds the lock of its name. */
static int create_file(llmp_shmem_id *id) {
    struct llmp_owner owner;
    int fd = -EEXIST;
    for (int attempt = 0; attempt < 10 && fd == -EEXIST; attempt++) {
        int rc = llmp_owner_hold(attempt > 0, &owner);
        if (rc != 0) {
            return rc;
        }
        fd = create_named(&owner, id);
        if (fd < 0) {
            (void)llmp_owner_release(&owner);
        }
    }
    return fd;
}

/* Returns true if this process must remove the name of a map that it or a parent created. */
static bool release(const struct llmp_shmem *map) {
    struct llmp_owner owner;
    return llmp_name_parse(map->id.bytes, &owner) && llmp_owner_release(&owner);
}

static int posix_create(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_options *options) {
    (void)self;
    if ((map->flags & LLMP_SHMEM_HUGE_PAGES) != 0) {
        llmp_shmem_warn(options, "posix: named files have no huge pages, using ordinary pages");
    }
    map->flags &= LLMP_SHMEM_PREFAULT | LLMP_SHMEM_LOCK;
    int fd = create_file(&map->id);
    if (fd < 0) {
        return fd;
    }
    struct stat st;
    int rc = llmp_shmem_file_reserve(fd, map->size);
    if (rc == 0) {
        rc = llmp_shmem_file_stat(fd, &st);
    }
    if (rc == 0) {
        map->identity = llmp_shmem_file_identity(&st);
        rc = llmp_shmem_file_map(map, fd);
    }
    if (rc != 0) {
        (void)shm_unlink(map->id.bytes);
        (void)release(map);
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
    map->identity = llmp_shmem_file_identity(&st);
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

static int open_file(struct llmp_shmem *map, const char *name) {
    int fd = shm_open(name, O_RDWR, 0);
    if (fd < 0) {
        return open_error(errno);
    }
    int rc = map_existing(map, fd);
    (void)close(fd);
    return rc;
}

/* The reader's lock comes first: from then on, the names that this segment leads to are not swept. */
static int posix_open(const llmp_shmem_provider *self, struct llmp_shmem *map, const llmp_shmem_id *id) {
    (void)self;
    if (!is_valid_name(id->bytes)) {
        return -LLMP_E_ID_NAME;
    }
    struct llmp_owner owner;
    bool known = llmp_name_parse(id->bytes, &owner);
    int rc = known ? llmp_reader_hold(&owner) : 0;
    if (rc != 0) {
        return rc;
    }
    rc = open_file(map, id->bytes);
    if (rc != 0 && known) {
        (void)llmp_reader_release(&owner); /* without a sweep: after a shortage, the next attempt may succeed */
    }
    return rc;
}

static bool posix_is_orphan(const llmp_shmem_provider *self, const struct llmp_shmem *map) {
    (void)self;
    struct llmp_owner owner;
    return llmp_name_parse(map->id.bytes, &owner) && !llmp_owner_alive(&owner);
}

/* A shortage of the kernel says nothing about the name. */
static bool posix_is_reachable(const llmp_shmem_provider *self, const struct llmp_shmem *map) {
    (void)self;
    char path[sizeof LLMP_LOCK_DIRECTORY + LLMP_SHMEM_ID_SIZE];
    struct stat st;
    (void)snprintf(path, sizeof path, LLMP_LOCK_DIRECTORY "%s", map->id.bytes);
    if (lstat(path, &st) != 0) {
        return errno == ENOMEM;
    }
    return llmp_shmem_file_identity(&st) == map->identity;
}

static bool was_created(const struct llmp_shmem *map) {
    return map->owner.number != 0;
}

static void posix_close(const llmp_shmem_provider *self, struct llmp_shmem *map, bool remove) {
    (void)self;
    (void)munmap(map->data, map->size);
    struct llmp_owner owner;
    if (was_created(map)) {
        if (release(map) || remove) {
            (void)shm_unlink(map->id.bytes);
        }
    } else if (llmp_name_parse(map->id.bytes, &owner) && llmp_reader_release(&owner) && !llmp_owner_alive(&owner)) {
        llmp_owner_sweep(&owner);
    }
}

static const char *posix_explain(const llmp_shmem_provider *self, int code) {
    (void)self;
    struct statvfs fs;
    if (code == -ENOENT) {
        return "there is no " LLMP_LOCK_DIRECTORY;
    }
    if (code != -ENOSPC || statvfs(LLMP_LOCK_DIRECTORY, &fs) != 0) {
        return NULL;
    }
    return fs.f_files != 0 && fs.f_favail == 0 ? "the files of " LLMP_LOCK_DIRECTORY " are used up (nr_inodes)"
                                               : LLMP_LOCK_DIRECTORY " has no room for a map of that size";
}

static uint64_t posix_room(const llmp_shmem_provider *self) {
    (void)self;
    return llmp_os_free_space("/dev/shm");
}

const llmp_shmem_provider llmp_shmem_posix = {
    .name = "posix",
    .summary = "named memory files (shm_open, mmap): \"mmap\" in LibAFL",
    .scope = LLMP_SCOPE_SYSTEM,
    .create = posix_create,
    .open = posix_open,
    .close = posix_close,
    .is_orphan = posix_is_orphan,
    .is_reachable = posix_is_reachable,
    .explain = posix_explain,
    .room = posix_room,
};
